package format

// What IDNA 2008 needs to know of a code point, in the bits of a property:
// whether a U-label may hold it (RFC 5892), and what the contextual rules and the
// Bidi rule (RFC 5893) ask for. The zero property is that of a code point that no
// label holds.
type property uint16

const (
	bidiMask property = 0xF // one of the values below, or 0 for a disallowed code point
	markBit  property = 1 << 4
	virama   property = 1 << 5
	joinL    property = 1 << 6 // joins what follows: left- or dual-joining
	joinR    property = 1 << 7 // joins what precedes: right- or dual-joining
	joinT    property = 1 << 8 // transparent
	greek    property = 1 << 9
	hebrew   property = 1 << 10
	kanaHan  property = 1 << 11 // Hiragana, Katakana, Han

	stripe property = 1 << 12 // in the table alone, see below
)

// Bidi classes, from 1 on.
const (
	bidiL property = 1 + iota
	bidiR
	bidiAL
	bidiAN
	bidiEN
	bidiES
	bidiCS
	bidiET
	bidiON
	bidiBN
	bidiNSM
)

// The table divides the code points into blocks. A block has an offset into the
// ranges, in half bytes, of which the lower one of a byte comes first. A range is
// the index of its property, and its length less one, three bits in each half byte
// that goes on if its upper bit is set. The properties stand in the order of how
// many ranges have them: from 15 on an index takes three, the first of them 15. In
// a stripe only every other code point has the property, as where capitals and
// small letters take turns; the others have none.
const idnaBlockBits = 10

func propertyOf(r rune) property {
	if r < 0x80 {
		switch {
		case r >= 'a' && r <= 'z':
			return bidiL
		case r >= '0' && r <= '9':
			return bidiEN
		case r == '-':
			return bidiES
		}
		return 0
	}
	block := int(r >> idnaBlockBits)
	if block >= len(idnaBlocks)/2 {
		return 0
	}
	at := int(idnaBlocks[2*block]) | int(idnaBlocks[2*block+1])<<8
	rest := int(r & (1<<idnaBlockBits - 1))
	for {
		kind := idnaHalf(at)
		at++
		if kind == 15 {
			kind = idnaHalf(at)<<4 | idnaHalf(at+1)
			at += 2
		}
		length := 1
		for shift := 0; ; shift += 3 {
			part := idnaHalf(at)
			at++
			length += part & 7 << shift
			if part < 8 {
				break
			}
		}
		if rest < length {
			p := idnaProperties[kind]
			if p&stripe != 0 && rest&1 != 0 {
				return 0
			}
			return p &^ stripe
		}
		rest -= length
	}
}

func idnaHalf(at int) int { return int(idnaRanges[at/2]>>(at%2*4)) & 15 }

// domain gathers what its labels say about each other: if one of them runs from
// right to left, all must obey the Bidi rule.
type domain struct {
	rightToLeft bool
	notBidi     bool // a label breaks the Bidi rule
}

func (d *domain) ok() bool { return !d.rightToLeft || !d.notBidi }

// valid checks the rules of RFC 5891, section 4.2.3.
func (u *uLabel) valid(d *domain) bool {
	r := u.r[:u.n]
	if r[0] == '-' || r[u.n-1] == '-' || u.n >= 4 && r[2] == '-' && r[3] == '-' {
		return false
	}
	var properties [maxPoints]property
	p := properties[:u.n]
	for i := range r {
		p[i] = propertyOf(r[i])
		if p[i] == 0 {
			return false
		}
	}
	if p[0]&markBit != 0 {
		return false
	}
	for i := range r {
		if !inContext(r, p, i) {
			return false
		}
	}
	d.bidi(p)
	return true
}

// inContext applies the contextual rules of RFC 5892, appendix A.
func inContext(label []rune, p []property, i int) bool {
	before, after := property(0), property(0)
	if i > 0 {
		before = p[i-1]
	}
	if i+1 < len(p) {
		after = p[i+1]
	}
	switch r := label[i]; {
	case r < 0x80:
		return true
	case r == 0x00B7: // middle dot
		return i > 0 && label[i-1] == 'l' && i+1 < len(p) && label[i+1] == 'l'
	case r == 0x0375: // Greek keraia
		return after&greek != 0
	case r == 0x05F3, r == 0x05F4: // Hebrew geresh, gershayim
		return before&hebrew != 0
	case r == 0x30FB: // katakana middle dot
		for _, q := range p {
			if q&kanaHan != 0 {
				return true
			}
		}
		return false
	case r >= 0x0660 && r <= 0x0669: // Arabic-Indic digits
		return !hasBetween(label, 0x06F0, 0x06F9)
	case r >= 0x06F0 && r <= 0x06F9:
		return !hasBetween(label, 0x0660, 0x0669)
	case r == 0x200D: // zero width joiner
		return before&virama != 0
	case r == 0x200C: // zero width non-joiner
		return before&virama != 0 || breaksJoin(p, i)
	}
	return true
}

func hasBetween(label []rune, lo, hi rune) bool {
	for _, r := range label {
		if r >= lo && r <= hi {
			return true
		}
	}
	return false
}

// breaksJoin reports whether the non-joiner at i stands between two letters that
// would join.
func breaksJoin(p []property, i int) bool {
	left := i - 1
	for left >= 0 && p[left]&joinT != 0 {
		left--
	}
	right := i + 1
	for right < len(p) && p[right]&joinT != 0 {
		right++
	}
	return left >= 0 && p[left]&joinL != 0 && right < len(p) && p[right]&joinR != 0
}

// bidi applies the Bidi rule of RFC 5893, section 2.
func (d *domain) bidi(label []property) {
	seen := 0 // by class
	last := property(0)
	for _, p := range label {
		class := p & bidiMask
		seen |= 1 << class
		if class != bidiNSM {
			last = class
		}
	}
	const (
		neutral = 1<<bidiES | 1<<bidiCS | 1<<bidiET | 1<<bidiON | 1<<bidiBN | 1<<bidiNSM | 1<<bidiEN
		right   = 1<<bidiR | 1<<bidiAL | 1<<bidiAN
	)
	if seen&right != 0 {
		d.rightToLeft = true
	}
	switch first := label[0] & bidiMask; first {
	case bidiR, bidiAL:
		if seen&^(neutral|right) != 0 || seen&(1<<bidiEN) != 0 && seen&(1<<bidiAN) != 0 ||
			last != bidiR && last != bidiAL && last != bidiEN && last != bidiAN {
			d.notBidi = true
		}
	case bidiL:
		if seen&^(neutral|1<<bidiL) != 0 || last != bidiL && last != bidiEN {
			d.notBidi = true
		}
	default:
		d.notBidi = true
	}
}
