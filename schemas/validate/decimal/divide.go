package decimal

import "math"

// MultipleOf reports whether a is a whole multiple of b. Every number divides
// zero; zero divides nothing else.
//
// The work is bounded by the digits of a times the digits of b. Nothing is
// allocated unless b has more than 558 significant digits.
func MultipleOf(a, b Number) bool {
	if a.isZero() || b.isZero() {
		return a.isZero()
	}
	if a.isSmall && b.isSmall {
		return a.small%b.small == 0
	}
	// With whole A and B that do not end in zero, the question is whether B
	// divides A times ten to the power of shift. If shift is negative it asks
	// whether ten divides A, among others.
	shift := a.exponent() - b.exponent()
	if shift < 0 {
		return false
	}
	// Ten to a power brings in factors two and five. B, of b.count digits, has
	// fewer than four twos or fives for each digit; more of them change nothing.
	shift = min(shift, 4*int64(b.count))
	if b.count <= smallDigits {
		return divides(b.coefficient(), &a, shift)
	}
	return dividesLong(&b, &a, shift)
}

// coefficient returns the significant digits as a number; there are at most 18.
func (n *Number) coefficient() uint64 {
	v := uint64(0)
	for i := int32(0); i < n.count; i++ {
		v = v*10 + uint64(n.digit(i)-'0')
	}
	return v
}

// divides reports whether d, of at most 18 digits, divides the digits of a
// followed by shift zeros.
func divides(d uint64, a *Number, shift int64) bool {
	// As many digits at a time as keep rem·power + chunk, which is below d·power,
	// in 64 bits.
	most := math.MaxUint64 / d / 10
	rem, chunk, power := uint64(0), uint64(0), uint64(1)
	for i := int64(0); i < int64(a.count)+shift; i++ {
		chunk *= 10
		if i < int64(a.count) {
			chunk += uint64(a.digit(int32(i)) - '0')
		}
		if power *= 10; power > most {
			rem = (rem*power + chunk) % d
			chunk, power = 0, 1
		}
	}
	return (rem*power+chunk)%d == 0
}

const (
	limbBase   = 1_000_000_000
	limbDigits = 9
	stackLimbs = 63 // one of them to grow into; TinyGo keeps no more than 256 bytes on the stack
)

// dividesLong is divides for a divisor of any length: schoolbook division with
// limbs of nine digits, lowest first, one digit of the dividend at a time.
func dividesLong(b, a *Number, shift int64) bool {
	n := (int(b.count)+limbDigits-1)/limbDigits + 1
	if n > stackLimbs {
		return dividesIn(make([]uint32, n), make([]uint32, n), b, a, shift)
	}
	var divisor, remainder [stackLimbs]uint32
	return dividesIn(divisor[:n], remainder[:n], b, a, shift)
}

func dividesIn(d, rem []uint32, b, a *Number, shift int64) bool {
	for i := int32(0); i < b.count; i++ {
		timesTenPlus(d, uint32(b.digit(i)-'0'))
	}
	for i := int32(0); i < a.count; i++ {
		timesTenPlus(rem, uint32(a.digit(i)-'0'))
		reduce(rem, d)
	}
	for ; shift > 0 && !allZero(rem); shift-- {
		timesTenPlus(rem, 0)
		reduce(rem, d)
	}
	return allZero(rem)
}

func timesTenPlus(x []uint32, digit uint32) {
	carry := uint64(digit)
	for i, v := range x {
		carry += uint64(v) * 10
		x[i] = uint32(carry % limbBase)
		carry /= limbBase
	}
}

// reduce takes d from x while it can, which is at most nine times.
func reduce(x, d []uint32) {
	for !less(x, d) {
		borrow := int64(0)
		for i := range x {
			v := int64(x[i]) - int64(d[i]) + borrow
			borrow = v >> 63
			x[i] = uint32(v + limbBase&borrow)
		}
	}
}

func less(x, y []uint32) bool {
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

func allZero(x []uint32) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}
