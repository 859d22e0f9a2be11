package pattern

import (
	"math/bits"

	"weir/schemas/scan"
)

const lengthSize = 10

func matchLength(t, s []byte) bool {
	lo := uint64(scan.Uint32(t, 2))
	hi := uint64(scan.Uint32(t, 6))
	n := uint64(len(s))
	if n < lo {
		return false // a code point is at least one byte
	}
	if t[1] != 0 && hasLineTerminator(s) {
		return false
	}
	if hi == Unlimited {
		if n >= 4*lo {
			return true // and at most four
		}
	} else if n <= hi && n >= 4*lo {
		return true
	}
	c := uint64(codePoints(s))
	return c >= lo && (c <= hi || hi == Unlimited)
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// codePoints counts the bytes that do not continue a code point, eight at a time.
func codePoints(s []byte) int {
	n := len(s)
	for len(s) >= 8 {
		x := scan.Uint64(s, 0)
		n -= bits.OnesCount64(x & (^x << 1) & highs) // 10xxxxxx
		s = s[8:]
	}
	for _, b := range s {
		if b&0xC0 == 0x80 {
			n--
		}
	}
	return n
}

// hasLineTerminator looks for the four code points that "." does not match.
func hasLineTerminator(s []byte) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := scan.Uint64(s, i)
		if zeroByte(x^'\n'*ones)|zeroByte(x^'\r'*ones)|zeroByte(x^0xE2*ones) == 0 {
			continue
		}
		for j := i; j < i+8; j++ {
			if lineTerminatorAt(s, j) {
				return true
			}
		}
	}
	for ; i < len(s); i++ {
		if lineTerminatorAt(s, i) {
			return true
		}
	}
	return false
}

// zeroByte is not zero when a byte of x is.
func zeroByte(x uint64) uint64 { return (x - ones) & ^x & highs }

func lineTerminatorAt(s []byte, i int) bool {
	switch s[i] {
	case '\n', '\r':
		return true
	case 0xE2:
		return i+2 < len(s) && s[i+1] == 0x80 && s[i+2]&^1 == 0xA8
	}
	return false
}
