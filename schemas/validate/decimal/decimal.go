// Package decimal compares and divides JSON numbers exactly, whatever their
// length: 0.1 and 0.01 are what they say, 1e400 is finite, and two integers of
// forty digits differ if one digit does. Nothing is converted to binary floating
// point.
package decimal

import (
	_ "unsafe" // for go:nobounds, see package validate

	"weir/schemas/scan"
)

// Number is a JSON number: a sign, the significant digits, and a power of ten.
// It refers to the bytes it was parsed from, which must not change while it is
// in use. The zero Number is the number zero.
type Number struct {
	// digits begins and ends with a digit other than '0', so that equal numbers
	// have equal digits. A decimal point may lie between them, at index dot.
	digits []byte
	dot    int32 // len(digits) or beyond: none
	count  int32 // of digits; 0 for the number zero

	// The value is 0.digits times ten to the power of magnitude.
	magnitude int64

	small    int64 // the value, if isSmall
	isSmall  bool  // a whole number of at most 18 digits
	negative bool
}

// maxExponent bounds the power of ten. Exponents beyond it, in either direction,
// count as the bound: two such numbers of one sign compare by their digits alone.
const maxExponent = 1 << 56

// smallDigits is the number of digits that always fit an int64.
const smallDigits = 18

// Parse reads a number token of JSON (RFC 8259, section 6). It reports false if
// the token is not one, or is longer than 2 GB.
//
//go:nobounds
func Parse(token []byte) (n Number, ok bool) {
	end, flags, code := scan.NumberEnd(token, 0)
	if code != scan.OK || end != len(token) || end > 1<<31-1 {
		return Number{}, false
	}
	start := 0
	if token[0] == '-' {
		n.negative = true
		start = 1
	}
	exponent := int64(0)
	if flags&scan.Exponent != 0 {
		for end--; token[end]|0x20 != 'e'; end-- {
		}
		exponent = parseExponent(token[end+1:])
	}
	point := end // where the decimal point is, or would be
	if flags&scan.Fraction != 0 {
		for point = start; token[point] != '.'; point++ {
		}
	}
	n.set(token, start, point, end, exponent)
	return n, true
}

//go:nobounds
func parseExponent(s []byte) (e int64) {
	sign := s[0]
	if sign == '+' || sign == '-' {
		s = s[1:]
	}
	for _, c := range s {
		e = min(e*10+int64(c-'0'), maxExponent)
	}
	if sign == '-' {
		return -e
	}
	return e
}

// set trims zeros off token[start:end], whose decimal point is at point.
//
//go:nobounds
func (n *Number) set(token []byte, start, point, end int, exponent int64) {
	for start < end && (token[start] == '0' || token[start] == '.') {
		start++
	}
	for end > start && (token[end-1] == '0' || token[end-1] == '.') {
		end--
	}
	if start == end {
		*n = Number{isSmall: true}
		return
	}
	n.digits = token[start:end]
	n.count = int32(end - start)
	switch {
	case point < start: // 0.00ddd
		n.magnitude = int64(point-start) + 1 + exponent
		n.dot = n.count
	case point < end: // d.ddd
		n.magnitude = int64(point-start) + exponent
		n.dot = int32(point - start)
		n.count--
	default: // ddd or ddd000
		n.magnitude = int64(point-start) + exponent
		n.dot = n.count
	}
	if n.magnitude >= int64(n.count) && n.magnitude <= smallDigits {
		n.isSmall = true
		for i := int32(0); i < n.count; i++ {
			n.small = n.small*10 + int64(n.digit(i)-'0')
		}
		for i := int64(n.count); i < n.magnitude; i++ {
			n.small *= 10
		}
		if n.negative {
			n.small = -n.small
		}
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// digit returns the significant digit i, as ASCII.
//
//go:nobounds
func (n *Number) digit(i int32) byte {
	if i >= n.dot {
		i++
	}
	return n.digits[i]
}

func (n *Number) isZero() bool { return n.count == 0 }

// exponent is that of the last significant digit.
func (n *Number) exponent() int64 { return n.magnitude - int64(n.count) }

// IsInteger reports whether the number is whole. 1.0 and 1e2 are; this is what
// "integer" means from draft 6 on.
func (n Number) IsInteger() bool { return n.isZero() || n.exponent() >= 0 }

// IsIntegerToken reports whether a number token has neither fraction nor
// exponent. That is what "integer" means in draft 4: 1.0 is not one.
func IsIntegerToken(token []byte) bool {
	for _, c := range token {
		if c == '.' || c|0x20 == 'e' {
			return false
		}
	}
	return len(token) > 0
}

// Int64 returns the value if it is a whole number of at most 18 digits.
func (n Number) Int64() (v int64, ok bool) { return n.small, n.isSmall || n.isZero() }

// Compare returns -1 if a is less than b, +1 if it is greater, 0 if they are equal.
func Compare(a, b Number) int {
	if a.isSmall && b.isSmall {
		switch {
		case a.small < b.small:
			return -1
		case a.small > b.small:
			return 1
		}
		return 0
	}
	if sa, sb := a.sign(), b.sign(); sa != sb {
		if sa < sb {
			return -1
		}
		return 1
	} else if sa < 0 {
		return compareMagnitudes(&b, &a)
	}
	return compareMagnitudes(&a, &b)
}

func (n *Number) sign() int {
	switch {
	case n.isZero():
		return 0
	case n.negative:
		return -1
	}
	return 1
}

// compareMagnitudes compares without regard to sign.
func compareMagnitudes(a, b *Number) int {
	switch {
	case a.isZero() || b.isZero():
		return int(min(a.count, 1) - min(b.count, 1))
	case a.magnitude < b.magnitude:
		return -1
	case a.magnitude > b.magnitude:
		return 1
	}
	for i := int32(0); i < a.count && i < b.count; i++ {
		if x, y := a.digit(i), b.digit(i); x != y {
			if x < y {
				return -1
			}
			return 1
		}
	}
	switch {
	case a.count < b.count:
		return -1
	case a.count > b.count:
		return 1
	}
	return 0
}

// Hash is equal for equal numbers, however they were written: 1, 1.0, 10e-1.
// It does not depend on the process.
func (n Number) Hash() uint64 {
	h := uint64(0x9E3779B97F4A7C15)
	if n.isZero() {
		return h
	}
	if n.negative {
		h = mix(h)
	}
	h = mix(h ^ uint64(n.magnitude))
	word := uint64(0)
	for i := int32(0); i < n.count; i++ {
		word = word<<8 | uint64(n.digit(i))
		if i&7 == 7 {
			h = mix(h ^ word)
			word = 0
		}
	}
	return mix(h ^ word)
}

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
