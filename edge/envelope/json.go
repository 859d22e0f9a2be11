package envelope

import (
	"math/bits"
	"slices"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	n := len(dst)
	if cap(dst)-n < len(s)+2 {
		dst = slices.Grow(dst, len(s)+2)
	}
	to := dst[n : n+len(s)+2]
	to[0] = '"'
	if copyPlain(to[1:], s) {
		to[len(to)-1] = '"'
		return dst[:n+len(to)]
	}
	b := ViewBytes(s)
	i := special(b, 0)
	return append(appendEscaped(append(dst[:n+1], b[:i]...), b[i:]), '"')
}

// copyPlain copies s to the front of dst, which has room for it. It stops, and
// returns false, where a byte cannot stand in a JSON string as it is, or is not ASCII.
func copyPlain(dst []byte, s string) bool {
	from := ViewBytes(s)
	dst = dst[:len(from)]
	if len(from) < 8 {
		for i, c := range from {
			if !plain[c] {
				return false
			}
			dst[i] = c
		}
		return true
	}
	for i := 0; i+8 < len(from); i += 8 {
		x := load64(from[i:])
		if specials(x) != 0 {
			return false
		}
		store64(dst[i:], x)
	}
	// The last eight bytes, some of them a second time.
	x := load64(from[len(from)-8:])
	store64(dst[len(from)-8:], x)
	return specials(x) == 0
}

// Fit returns as much of the front of s as takes no more than n bytes within a JSON string.
func Fit(s string, n int) string {
	const longest = 6 // of a byte, escaped
	if len(s) <= n/longest {
		return s
	}
	for i := 0; i < len(s); {
		c, size := s[i], 1
		switch {
		case plain[c]:
			n--
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError {
				n -= len("\ufffd")
			} else {
				n -= size
			}
		case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t':
			n -= 2
		default:
			n -= longest
		}
		if n < 0 {
			return s[:i]
		}
		i += size
	}
	return s
}

// AppendShort appends text that is short as a rule. A copy of a length that the
// compiler does not know is a call out of a module in WebAssembly engines, and
// takes longer than the few words of most strings of an event.
func AppendShort(dst []byte, s string) []byte {
	n := len(dst)
	if len(s) > 64 || cap(dst)-n < len(s) {
		return append(dst, s...)
	}
	dst = dst[:n+len(s)]
	to, from := dst[n:], ViewBytes(s)
	if len(from) < 8 {
		for i := 0; i < len(from) && i < len(to); i++ {
			to[i] = from[i]
		}
		return dst
	}
	// The last eight bytes first: the words before them may run into these.
	store64(to[len(to)-8:], load64(from[len(from)-8:]))
	for len(from) > 8 && len(to) > 8 {
		store64(to, load64(from))
		to, from = to[8:], from[8:]
	}
	return dst
}

func appendEscaped(dst, b []byte) []byte {
	start := 0
	for i := 0; i < len(b); i = special(b, i) {
		if b[i] < utf8.RuneSelf {
			dst = appendEscape(append(dst, b[start:i]...), b[i])
			i++
			start = i
			continue
		}
		for i < len(b) && b[i] >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, b[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
		}
	}
	return append(dst, b[start:]...)
}

// special returns the index of the first byte at or after i that cannot stand
// in a JSON string as it is, or is not ASCII; len(b) if there is none.
func special(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := load64(b[i:])
		if stop := specials(x); stop != 0 {
			return i + bits.TrailingZeros64(stop)>>3
		}
	}
	for i < len(b) && plain[b[i]] {
		i++
	}
	return i
}

// specials flags those bytes of eight. The lowest flag is right; others may
// come of its borrow, or of a byte that is not ASCII.
func specials(x uint64) uint64 {
	quote, slash := x^ones*'"', x^ones*'\\'
	return ((x - ones*' ') | (quote - ones) | (slash - ones) | x) & highs
}

// plain tells the bytes that stand in a JSON string as they are.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendSpliced appends JSON as it is, except that line breaks, which valid
// JSON has only between its tokens, become spaces: an envelope is one line.
func appendSpliced(dst, raw []byte) []byte {
	n := len(dst)
	dst = append(dst, raw...)
	b := dst[n:]
	for i := 0; i < len(b); {
		if i+8 <= len(b) {
			x := load64(b[i:])
			nl, cr := x^ones*'\n', x^ones*'\r'
			stop := ((nl-ones)&^nl | (cr-ones)&^cr) & highs
			if stop == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(stop) >> 3
		}
		if b[i] == '\n' || b[i] == '\r' {
			b[i] = ' '
		}
		i++
	}
	return dst
}
