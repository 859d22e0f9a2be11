package scan

import "math/bits"

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// plainEnd is [PlainEnd] without vector instructions, eight bytes at a time.
//
//go:nobounds
func plainEnd(doc []byte, i int) int {
	for ; i+8 <= len(doc); i += 8 {
		// The lowest set high bit of m marks the byte that is looked for. Bits
		// above it may be wrong, as borrows run upwards.
		x := Uint64(doc, i)
		m := (((x ^ '"'*ones) - ones) | ((x ^ '\\'*ones) - ones) | (x - ' '*ones) | x) & highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	return plainRest(doc, i)
}

// plainRest is plainEnd one by one.
//
//go:noinline
//go:nobounds
func plainRest(doc []byte, i int) int {
	for i < len(doc) && isPlain(doc[i]) {
		i++
	}
	return i
}

// quoteAt returns i if a quote stands there, else its inverse.
//
//go:nobounds
func quoteAt(doc []byte, i int) int {
	if i < len(doc) && doc[i] == '"' {
		return i
	}
	return ^i
}

func isPlain(c byte) bool { return c >= ' ' && c < 0x80 && c != '"' && c != '\\' }
