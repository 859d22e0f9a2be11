package format

// maxPoints is how many code points a U-label can have: an A-label has at least
// an octet for each, after its prefix.
const maxPoints = maxLabel - 4

// uLabel is a label in code points. It is small enough for TinyGo to keep on the
// stack.
type uLabel struct {
	r [maxPoints]rune
	n int
}

func (u *uLabel) append(r rune) bool {
	if u.n == len(u.r) {
		return false
	}
	u.r[u.n] = r
	u.n++
	return true
}

// Parameters of RFC 3492, section 5.
const (
	punyBase    = 36
	punyTMin    = 1
	punyTMax    = 26
	punySkew    = 38
	punyDamp    = 700
	punyInitial = 128
	punyBias    = 72
)

func punyAdapt(delta, points int32, first bool) int32 {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := int32(0)
	for ; delta > (punyBase-punyTMin)*punyTMax/2; k += punyBase {
		delta /= punyBase - punyTMin
	}
	return k + (punyBase-punyTMin+1)*delta/(delta+punySkew)
}

func punyThreshold(k, bias int32) int32 {
	return min(max(k-bias, punyTMin), punyTMax)
}

// decode sets u to what s, which is ASCII, encodes (RFC 3492, section 6.2).
// Basic code points are lower-cased.
func (u *uLabel) decode(s []byte) bool {
	u.n = 0
	for i := len(s) - 1; i > 0; i-- {
		if s[i] == '-' {
			for _, c := range s[:i] {
				if !u.append(rune(lower(c))) {
					return false
				}
			}
			s = s[i+1:]
			break
		}
	}
	n, i, bias := int32(punyInitial), int32(0), int32(punyBias)
	for len(s) > 0 {
		old, weight := i, int32(1)
		for k := int32(punyBase); ; k += punyBase {
			if len(s) == 0 {
				return false
			}
			digit, ok := punyDigit(s[0])
			s = s[1:]
			if !ok || digit > (1<<31-1-i)/weight {
				return false
			}
			i += digit * weight
			t := punyThreshold(k, bias)
			if digit < t {
				break
			}
			if weight > (1<<31-1)/(punyBase-t) {
				return false
			}
			weight *= punyBase - t
		}
		points := int32(u.n) + 1
		bias = punyAdapt(i-old, points, old == 0)
		n += i / points
		i %= points
		if n > 0x10FFFF || n < 0 || !u.append(0) {
			return false
		}
		copy(u.r[i+1:u.n], u.r[i:u.n-1])
		u.r[i] = n
		i++
	}
	return u.n > 0
}

func punyDigit(c byte) (int32, bool) {
	switch {
	case c >= 'a' && c <= 'z':
		return int32(c - 'a'), true
	case c >= 'A' && c <= 'Z':
		return int32(c - 'A'), true
	case c >= '0' && c <= '9':
		return int32(c-'0') + 26, true
	}
	return 0, false
}

// encode writes the Punycode of u to buf (RFC 3492, section 6.3) and returns its
// length, or 0 if it does not fit or u is all ASCII.
func (u *uLabel) encode(buf *[maxPoints]byte) int {
	at := 0
	for _, r := range u.r[:u.n] {
		if r < 0x80 {
			buf[at] = byte(r)
			at++
		}
	}
	basic := int32(at)
	if at == u.n {
		return 0
	}
	if at > 0 {
		buf[at] = '-'
		at++
	}
	n, delta, bias := int32(punyInitial), int32(0), int32(punyBias)
	for done := basic; done < int32(u.n); {
		next := int32(0x7FFFFFFF)
		for _, r := range u.r[:u.n] {
			if r >= n && r < next {
				next = r
			}
		}
		// At most 0x10FFFF times 63: no overflow.
		delta += (next - n) * (done + 1)
		n = next
		for _, r := range u.r[:u.n] {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			for q, k := delta, int32(punyBase); ; k += punyBase {
				if at == len(buf) {
					return 0
				}
				t := punyThreshold(k, bias)
				if q < t {
					buf[at] = punyLetter(q)
					at++
					break
				}
				buf[at] = punyLetter(t + (q-t)%(punyBase-t))
				at++
				q = (q - t) / (punyBase - t)
			}
			bias = punyAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return at
}

func punyLetter(digit int32) byte {
	if digit < 26 {
		return 'a' + byte(digit)
	}
	return '0' + byte(digit-26)
}
