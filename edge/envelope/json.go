package envelope

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	b := ViewBytes(s)
	if i := special(b, 0); i < len(b) {
		dst = appendEscaped(append(dst, b[:i]...), b[i:])
	} else {
		dst = append(dst, b...)
	}
	return append(dst, '"')
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
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^ones*'"', x^ones*'\\'
		// The lowest flag is right; those above it may come of a borrow.
		if stop := ((x-ones*0x20)&^x | (quote-ones)&^quote | (slash-ones)&^slash | x) & highs; stop != 0 {
			return i + bits.TrailingZeros64(stop)>>3
		}
	}
	for i < len(b) && plain[b[i]] {
		i++
	}
	return i
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
			x := binary.LittleEndian.Uint64(b[i:])
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
