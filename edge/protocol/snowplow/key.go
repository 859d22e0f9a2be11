package snowplow

import "strings"

// Key is a schema key taken apart: iglu:vendor/name/format/version.
type Key struct{ Vendor, Name, Format, Version string }

// ParseKey takes a schema key apart if it obeys Iglu's grammar.
func ParseKey(s string) (k Key, ok bool) {
	rest, ok := strings.CutPrefix(s, "iglu:")
	if !ok {
		return k, false
	}
	k.Vendor, rest, _ = strings.Cut(rest, "/")
	k.Name, rest, _ = strings.Cut(rest, "/")
	k.Format, k.Version, ok = strings.Cut(rest, "/")
	return k, ok && isName(k.Vendor, true) && isName(k.Name, false) && isName(k.Format, false) && isSchemaVer(k.Version)
}

func isName(s string, dots bool) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20-'a' < 26, c-'0' < 10, c == '-', c == '_', c == '.' && dots:
		default:
			return false
		}
	}
	return s != ""
}

// isSchemaVer reports whether s is MODEL-REVISION-ADDITION: int32 each, no leading zeros, MODEL above 0.
func isSchemaVer(s string) bool {
	model, rest, ok := strings.Cut(s, "-")
	revision, addition, ok2 := strings.Cut(rest, "-")
	return ok && ok2 && model != "0" && isVersionPart(model) && isVersionPart(revision) && isVersionPart(addition)
}

func isVersionPart(s string) bool {
	_, ok := parseDigits(s)
	return ok && (s[0] != '0' || s == "0")
}
