package protocol

import "strings"

// Header is one HTTP header field, its name spelled as received or as it is to
// be sent. Runtimes make those of a request with [AppendHeader].
type Header struct{ Name, Value string }

// AppendHeader appends a field of a request. The values of a field that was
// sent more than once are joined as RFC 9110 section 5.3 says, which some
// platforms have done already.
func AppendHeader(dst []Header, name string, values []string) []Header {
	return append(dst, Header{name, strings.Join(values, ", ")})
}

// Single returns what a field that holds a single value was meant to hold when
// it was sent more than once: the value, if it is always the same. A list of
// values that differ comes back whole, and is no valid value.
func Single(value string) string {
	first, rest, more := strings.Cut(value, ",")
	for more {
		var next string
		next, rest, more = strings.Cut(rest, ",")
		if strings.TrimSpace(next) != first {
			return value
		}
	}
	return first
}
