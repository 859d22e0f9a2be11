package decimal

import (
	"encoding/binary"
	"errors"
)

// The bundle form of a number is
//
//	[0]      1 if negative, else 0
//	[1:5]    count of significant digits, little-endian
//	[5:13]   magnitude, little-endian
//	[13:]    the digits, ASCII
const headerSize = 13

var (
	errShort     = errors.New("decimal: number runs past the end")
	errSign      = errors.New("decimal: sign is neither 0 nor 1")
	errDigits    = errors.New("decimal: digits are not the canonical ones")
	errMagnitude = errors.New("decimal: magnitude is out of range")
)

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
// refers to b. An error means that b holds no number that Append could have
// written.
func Read(b []byte) (Number, error) {
	if len(b) < headerSize {
		return Number{}, errShort
	}
	if b[0] > 1 {
		return Number{}, errSign
	}
	count := binary.LittleEndian.Uint32(b[1:5])
	magnitude := int64(binary.LittleEndian.Uint64(b[5:13]))
	if uint64(count) > uint64(len(b)-headerSize) || count > 1<<31-1 {
		return Number{}, errShort
	}
	if count == 0 {
		if magnitude != 0 || b[0] != 0 {
			return Number{}, errMagnitude
		}
		return Number{isSmall: true}, nil
	}
	if bound := int64(maxExponent + 1<<32); magnitude > bound || magnitude < -bound {
		return Number{}, errMagnitude
	}
	digits := b[headerSize : headerSize+int(count)]
	if digits[0] == '0' || digits[count-1] == '0' {
		return Number{}, errDigits
	}
	v := int64(0)
	for _, c := range digits {
		if !isDigit(c) {
			return Number{}, errDigits
		}
		v = v*10 + int64(c-'0') // wraps on long numbers, which do not use it
	}
	n := Number{digits: digits, dot: int32(count), count: int32(count), magnitude: magnitude, negative: b[0] == 1}
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
	return n, nil
}

// Size returns how many bytes Append writes for n.
func (n Number) Size() int { return headerSize + int(n.count) }
