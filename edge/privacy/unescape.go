package privacy

import "strings"

// symbol decodes the character at text[i] and returns its size in the text. It
// looks through one layer of the escapes of URLs ("%2E") and of JSON and
// JavaScript ("\n", "\u002e", "\x2e"). Characters beyond ASCII that are
// escaped become one that is in no address.
func symbol(text string, i int) (c byte, size int) {
	switch c = text[i]; c {
	case '%':
		if v := hexNumber(text, i+1, 2); v >= 0 {
			return byte(v), 3
		}
	case '\\':
		return backslash(text, i)
	}
	return c, 1
}

func backslash(text string, i int) (c byte, size int) {
	if i+1 == len(text) {
		return '\\', 1
	}
	switch c = text[i+1]; c {
	case '"', '/', '\\':
		return c, 2
	case 'b', 'f', 'n', 'r', 't':
		return ' ', 2
	case 'x':
		if v := hexNumber(text, i+2, 2); v >= 0 {
			return byte(v), 4
		}
	case 'u':
		if v := hexNumber(text, i+2, 4); v >= 0 {
			return byte(min(v, 0xff)), 6
		}
	}
	return '\\', 1
}

// hexNumber returns the number that n hexadecimal digits at text[i] are, or -1.
func hexNumber(text string, i, n int) int {
	if len(text)-i < n {
		return -1
	}
	v := 0
	for _, c := range []byte(text[i : i+n]) {
		d := hexValue(c)
		if d < 0 {
			return -1
		}
		v = v<<4 | d
	}
	return v
}

// escaped reports whether the text may hold an escape.
func escaped(text string) bool {
	return strings.IndexByte(text, '%') >= 0 || strings.IndexByte(text, '\\') >= 0
}

// eaten stands in unescaped text for a character whose escape ended in a
// digit: that may as well have been the first number of an address after a "%".
const eaten = 0x01

// unescape takes one layer of escapes off text and returns how many bytes of
// dst that fills. dst must be as long as text, and may be the same memory.
func unescape(dst []byte, text string) int {
	n := 0
	for i := 0; i < len(text); n++ {
		c, size := symbol(text, i)
		i += size
		if size > 2 && isDigit(text[i-1]) && mayEat(c, text, i) {
			c = eaten
		}
		dst[n] = c
	}
	return n
}

// mayEat reports whether c, decoded from before text[i], may be [eaten]: it
// has no part in an address, and none in escapes and Base64 of further layers.
func mayEat(c byte, text string, i int) bool {
	if inAddress(c) || c == '%' || c == '\\' {
		return false
	}
	if sextet(c) < 0 {
		return true
	}
	if i == len(text) {
		return false
	}
	after, _ := symbol(text, i)
	return after == '.' || (after == '%' || after == '\\') && c != 'u' && c != 'x'
}
