package decimal

import (
	"encoding/binary"

	"weir/schemas/scan"
)

// The bundle form of a number is
//
//	[0]      1 if negative, else 0
//	[1:5]    count of significant digits, little-endian
//	[5:13]   magnitude, little-endian
//	[13:]    the digits, ASCII
const headerSize = 13

// Append appends the bundle form of n to dst. Equal numbers have equal forms.
func Append(dst []byte, n Number) []byte {
	sign := byte(0)
	if n.negative && !n.isZero() {
		sign = 1
	}
	dst = append(dst, sign)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n.count))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(n.magnitude))
	for i := int32(0); i < n.count; i++ {
		dst = append(dst, n.digit(i))
	}
	return dst
}

// Read reads the number at the beginning of b, which may be longer. The number
// refers to b. It reports false if b holds no number that Append could have
// written.
func Read(b []byte) (n Number, ok bool) {
	if len(b) < headerSize {
		return Number{}, false
	}
	if b[0] > 1 {
		return Number{}, false
	}
	count := scan.Uint32(b, 1)
	magnitude := int64(scan.Uint64(b, 5))
	if uint64(count) > uint64(len(b)-headerSize) || count > 1<<31-1 {
		return Number{}, false
	}
	if count == 0 {
		if magnitude != 0 || b[0] != 0 {
			return Number{}, false
		}
		return Number{isSmall: true}, true
	}
	if bound := int64(maxExponent + 1<<32); magnitude > bound || magnitude < -bound {
		return Number{}, false
	}
	digits := b[headerSize : headerSize+int(count)]
	if digits[0] == '0' || digits[count-1] == '0' {
		return Number{}, false
	}
	v := int64(0)
	for _, c := range digits {
		if !isDigit(c) {
			return Number{}, false
		}
		v = v*10 + int64(c-'0') // wraps on long numbers, which do not use it
	}
	n = Number{digits: digits, dot: int32(count), count: int32(count), magnitude: magnitude, negative: b[0] == 1}
	if magnitude >= int64(count) && magnitude <= smallDigits {
		n.isSmall = true
		for i := int64(count); i < magnitude; i++ {
			v *= 10
		}
		n.small = v
		if n.negative {
			n.small = -v
		}
	}
	return n, true
}

// Size returns how many bytes Append writes for n.
func (n Number) Size() int { return headerSize + int(n.count) }
