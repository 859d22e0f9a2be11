package document

import (
	"strings"
	"unicode/utf8"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// maxFields bounds the pairs of a query string or a form.
const maxFields = 256

// Fields makes an object of strings of the pairs of a query string or form
// body, without those that pass says are no data. Of a name that occurs twice
// the last value counts. It fails the request, and returns false, if there are
// more than 256 pairs or one is no UTF-8.
func (d *Reader) Fields(query string, pass func(name string) bool) ([]byte, bool) {
	var keyword, message string
	if d.fields, keyword, message = d.Pairs(d.fields[:0], query, pass); message != "" {
		d.Fail("", keyword, message)
		return nil, false
	}
	size := 2
	for _, f := range d.fields {
		size += 6*(len(f.Name)+len(f.Value)) + len(`"":"",`) // each byte \u00xx at worst
	}
	b := append(d.Arena.Bytes(size), '{')
	for i, f := range d.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(envelope.AppendString(b, f.Name), ':')
		b = envelope.AppendString(b, f.Value)
	}
	return d.Arena.Keep(append(b, '}')), true
}

// Pairs appends the pairs of a query string or form, decoded, as Fields reads
// them. What is wrong with them is the message, which is empty if nothing is.
func (d *Reader) Pairs(dst []envelope.Parameter, query string, pass func(name string) bool) (pairs []envelope.Parameter, keyword, message string) {
	q := protocol.NewQuery(query)
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		if name = protocol.Unescape(&d.Arena, name, true); pass(name) {
			continue
		}
		value = protocol.Unescape(&d.Arena, value, true)
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return dst, "syntax", "parameters must be UTF-8, percent-encoded"
		}
		if len(dst) == maxFields {
			return dst, "maxProperties", "must have no more than 256 parameters"
		}
		dst = put(dst, name, value)
	}
	return dst, "", ""
}

func put(pairs []envelope.Parameter, name, value string) []envelope.Parameter {
	for i := range pairs {
		if pairs[i].Name == name {
			pairs[i].Value = value
			return pairs
		}
	}
	return append(pairs, envelope.Parameter{Name: name, Value: value})
}

// Parameter returns the last value of a parameter of the query string, decoded.
func (d *Reader) Parameter(name string) (value string, ok bool) {
	q := protocol.NewQuery(d.request.Query)
	for n, v, more := q.Next(); more; n, v, more = q.Next() {
		if protocol.Unescape(&d.Arena, n, true) == name {
			value, ok = protocol.Unescape(&d.Arena, v, true), true
		}
	}
	return value, ok
}

// IsForm reports whether the request's body is a form, application/x-www-form-urlencoded.
func IsForm(r *protocol.Request) bool { return hasMedia(r, "application/x-www-form-urlencoded") }

// IsJSON reports whether the request says that its body is JSON, application/json.
func IsJSON(r *protocol.Request) bool { return hasMedia(r, "application/json") }

func hasMedia(r *protocol.Request, media string) bool {
	t := protocol.Single(r.Header("Content-Type"))
	return len(t) >= len(media) && strings.EqualFold(t[:len(media)], media) && (len(t) == len(media) || t[len(media)] == ';' || t[len(media)] == ' ')
}

// PathKey returns the schema key that stands in the request's path behind a prefix.
func (d *Reader) PathKey(prefix string) string {
	path := strings.TrimSuffix(d.request.Path[len(prefix):], "/")
	b := append(d.Arena.Bytes(len("iglu:")+len(path)), "iglu:"...)
	return d.Arena.KeepString(append(b, path...))
}
