package protocol

import (
	"strings"

	"weir/edge/envelope"
)

// Query reads the name=value pairs of a query string or form body, in order.
type Query struct{ rest string }

// NewQuery returns a reader over s, which has no leading '?'.
func NewQuery(s string) Query { return Query{s} }

// Next returns the next pair, still encoded. A name without '=' has an empty value; empty pairs are passed over.
func (q *Query) Next() (name, value string, ok bool) {
	for q.rest != "" {
		var pair string
		pair, q.rest, _ = strings.Cut(q.rest, "&")
		if pair != "" {
			name, value, _ = strings.Cut(pair, "=")
			return name, value, true
		}
	}
	return "", "", false
}

// Unescape decodes %XX and, if plus is set, '+' as a space (the WHATWG form
// encoding). A '%' that no two hexadecimal digits follow stays as it is. The
// result is s itself where nothing is encoded, else memory of the arena.
func Unescape(a *envelope.Arena, s string, plus bool) string {
	i := 0
	for i < len(s) && s[i] != '%' && (s[i] != '+' || !plus) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := append(a.Bytes(len(s)), s[:i]...)
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+' && plus:
			c = ' '
		case c == '%' && i+2 < len(s):
			high, low := unhex[s[i+1]], unhex[s[i+2]]
			if high|low < 16 {
				c = high<<4 | low
				i += 2
			}
		}
		b = append(b, c)
	}
	return a.KeepString(b)
}

// EqualUnescaped reports whether s is plain once it is unescaped. It needs no memory.
func EqualUnescaped(s, plain string) bool {
	i := 0
	for j := range len(plain) {
		if i == len(s) {
			return false
		}
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if high, low := unhex[s[i+1]], unhex[s[i+2]]; high|low < 16 {
				c = high<<4 | low
				i += 2
			}
		}
		if i++; c != plain[j] {
			return false
		}
	}
	return i == len(s)
}

// unhex maps hexadecimal digits to their values and everything else to 255.
var unhex = func() (t [256]byte) {
	for c := range t {
		switch c := byte(c); {
		case c-'0' <= 9:
			t[c] = c - '0'
		case c|0x20-'a' <= 5:
			t[c] = c | 0x20 - 'a' + 10
		default:
			t[c] = 255
		}
	}
	return t
}()
