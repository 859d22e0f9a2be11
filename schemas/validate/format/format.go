// Package format checks strings against the formats that JSON Schema defines
// (draft 2020-12 validation, section 7.3), without allocating and in time linear
// in the string.
package format

// ID names a format in a compiled schema. The numbers are part of the bundle
// format: they are never reused or reordered. Zero is no format.
type ID uint8

// The formats.
const (
	DateTime ID = 1 + iota
	Date
	Time
	Duration
	Email
	IDNEmail
	Hostname
	IDNHostname
	IPv4
	IPv6
	URI
	URIReference
	IRI
	IRIReference
	URITemplate
	UUID
	JSONPointer
	RelativeJSONPointer
	Regex
	end
)

var names = [end]string{
	DateTime:            "date-time",
	Date:                "date",
	Time:                "time",
	Duration:            "duration",
	Email:               "email",
	IDNEmail:            "idn-email",
	Hostname:            "hostname",
	IDNHostname:         "idn-hostname",
	IPv4:                "ipv4",
	IPv6:                "ipv6",
	URI:                 "uri",
	URIReference:        "uri-reference",
	IRI:                 "iri",
	IRIReference:        "iri-reference",
	URITemplate:         "uri-template",
	UUID:                "uuid",
	JSONPointer:         "json-pointer",
	RelativeJSONPointer: "relative-json-pointer",
	Regex:               "regex",
}

// Lookup returns the format of a name, as it stands in a schema. Names that are
// not known here assert nothing.
func Lookup(name string) (ID, bool) {
	for id, n := range names {
		if n == name && id > 0 {
			return ID(id), true
		}
	}
	return 0, false
}

// Name returns the name of the format, or "" if there is no such format.
func (id ID) Name() string {
	if id < end {
		return names[id]
	}
	return ""
}

// Check reports whether s has the format. s is text after JSON unescaping, in
// UTF-8. Every string has a format that does not exist.
//
//go:noinline
func Check(id ID, s []byte) bool {
	switch id {
	case DateTime:
		return isDateTime(s)
	case Date:
		return isDate(s)
	case Time:
		return isTime(s)
	case Duration:
		return isDuration(s)
	case Email:
		return isEmail(s, false)
	case IDNEmail:
		return isEmail(s, true)
	case Hostname:
		return isHostname(s)
	case IDNHostname:
		return isIDNHostname(s)
	case IPv4:
		return isIPv4(s)
	case IPv6:
		return isIPv6(s)
	case URI:
		return isURI(s, absolute)
	case URIReference:
		return isURI(s, 0)
	case IRI:
		return isURI(s, absolute|international)
	case IRIReference:
		return isURI(s, international)
	case URITemplate:
		return isURITemplate(s)
	case UUID:
		return isUUID(s)
	case JSONPointer:
		return isJSONPointer(s)
	case RelativeJSONPointer:
		return isRelativeJSONPointer(s)
	case Regex:
		return isRegex(s)
	}
	return true
}
