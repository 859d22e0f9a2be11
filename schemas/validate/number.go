package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/decimal"
)

// numberTypeFits reports whether the number token is of an allowed type.
func numberTypeFits(types uint8, flags scan.Flags, token []byte) bool {
	if flags == 0 {
		return types&bundle.TypeInteger != 0
	}
	fits := types & (bundle.TypeWhole | bundle.TypeFractional)
	if fits == 0 || fits == bundle.TypeWhole|bundle.TypeFractional {
		return fits != 0
	}
	n, ok := decimal.Parse(token)
	return ok && n.IsInteger() == (fits == bundle.TypeWhole)
}

// number checks the number doc[i:end] against its bounds.
func (r *Run) number(id uint32, n *bundle.Node, i, end int, flags scan.Flags) bool {
	b := &r.t.Numbers[n.Number]
	token := r.doc[i:end]
	if flags == 0 && len(token) <= 18 && (b.Step != 0 || b.Multiple == 0) {
		v := integer(token)
		if v < b.Lo && !r.violate(id, minKeyword(b), 0, i) {
			return false
		}
		if v > b.Hi && !r.violate(id, maxKeyword(b), 0, i) {
			return false
		}
		return b.Step <= 1 || v%b.Step == 0 || r.violate(id, kwMultipleOf, 0, i)
	}
	if flags == scan.Fraction && b.Multiple == 0 && fractionWithin(token, b.Lo, b.Hi) {
		return true
	}
	v, ok := decimal.Parse(token)
	if !ok {
		return r.fault(kwFuel, 0, i) >= 0
	}
	if b.Min != 0 {
		c := decimal.Compare(v, r.decimal(b.Min))
		if (c < 0 || c == 0 && b.Flags&bundle.ExclusiveMin != 0) && !r.violate(id, minKeyword(b), 0, i) {
			return false
		}
	}
	if b.Max != 0 {
		c := decimal.Compare(v, r.decimal(b.Max))
		if (c > 0 || c == 0 && b.Flags&bundle.ExclusiveMax != 0) && !r.violate(id, maxKeyword(b), 0, i) {
			return false
		}
	}
	return b.Multiple == 0 || decimal.MultipleOf(v, r.decimal(b.Multiple)) || r.violate(id, kwMultipleOf, 0, i)
}

// fractionWithin reports whether the integers on both sides of the number, which
// has a fraction, are known to be within the bounds.
func fractionWithin(token []byte, lo, hi int64) bool {
	n := 0
	for token[n] != '.' {
		n++
	}
	if n > 18 {
		return false
	}
	v := integer(token[:n])
	if token[0] == '-' {
		return v-1 >= lo && v <= hi
	}
	return v >= lo && v+1 <= hi
}

// decimal reads a decimal that the bundle's verifier has accepted.
func (r *Run) decimal(i uint32) decimal.Number {
	d, _ := decimal.Read(r.t.String(i))
	return d
}

// integer reads an integer token of at most 18 bytes.
func integer(token []byte) int64 {
	negative := token[0] == '-'
	if negative {
		token = token[1:]
	}
	var v int64
	for _, c := range token {
		v = v*10 + int64(c-'0')
	}
	if negative {
		return -v
	}
	return v
}

func minKeyword(b *bundle.Number) keyword {
	if b.Flags&bundle.ExclusiveMin != 0 && b.Flags&bundle.LegacyExclusive == 0 {
		return kwExclusiveMinimum
	}
	return kwMinimum
}

func maxKeyword(b *bundle.Number) keyword {
	if b.Flags&bundle.ExclusiveMax != 0 && b.Flags&bundle.LegacyExclusive == 0 {
		return kwExclusiveMaximum
	}
	return kwMaximum
}
