package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/decimal"
)

// numeral evaluates the node on the number at doc[i], and returns as value does.
// It decides while it reads on what most numbers are: integers, and fractions
// whose bounds do not fall between the integers beside them.
//
//go:noinline
//go:nobounds
func (r *Run) numeral(id uint32, i int) int {
	doc := r.doc
	start := i
	if doc[i] == '-' {
		start++
	}
	end := start
	v := int64(0)
	for end < len(doc) && doc[end]-'0' < 10 {
		v = v*10 + int64(doc[end]-'0')
		end++
	}
	if uint(end-start-1) >= 18 || doc[start] == '0' && end-start > 1 {
		return r.number(id, i) // no digits, more than fit, or a zero before others
	}
	if start > i {
		v = -v
	}
	n := &r.t.Nodes[id]
	b := &r.t.Numbers[n.Number]
	if end == len(doc) || doc[end] != '.' && doc[end]|0x20 != 'e' {
		if n.Types&bundle.TypeInteger == 0 || b.Step == 0 && b.Multiple != 0 {
			return r.number(id, i)
		}
		if n.Number != 0 && !r.integer(id, b, v, i) {
			return r.stop(end)
		}
		return end
	}
	point := end
	for end++; end < len(doc) && doc[end]-'0' < 10; end++ {
	}
	if doc[point] != '.' || end == point+1 || end < len(doc) && doc[end]|0x20 == 'e' || n.Types&bundle.TypeNumber != bundle.TypeNumber {
		return r.number(id, i)
	}
	if n.Number != 0 {
		lo, hi := v, v+1
		if start > i {
			lo, hi = v-1, v
		}
		if b.Multiple != 0 || lo < b.Lo || hi > b.Hi {
			return r.number(id, i)
		}
	}
	return end
}

// integer checks an integer against bounds that decide on integers.
func (r *Run) integer(id uint32, b *bundle.Number, v int64, i int) bool {
	if v < b.Lo && !r.violate(id, minKeyword(b), 0, i) {
		return false
	}
	if v > b.Hi && !r.violate(id, maxKeyword(b), 0, i) {
		return false
	}
	return b.Step <= 1 || v%b.Step == 0 || r.violate(id, kwMultipleOf, 0, i)
}

// number is numeral for any number, by its decimal digits.
//
//go:noinline
//go:nobounds
func (r *Run) number(id uint32, i int) int {
	end, flags, code := scan.NumberEnd(r.doc, i)
	if code != scan.OK {
		return r.syntax(code, end)
	}
	n := &r.t.Nodes[id]
	token := r.doc[i:end]
	if n.Types&bundle.TypeNumber != bundle.TypeNumber && !numberTypeFits(n.Types, flags, token) {
		if !r.wrongType(id, i) {
			return r.stop(end)
		}
	} else if n.Number != 0 && !r.bounds(id, &r.t.Numbers[n.Number], token, i) {
		return r.stop(end)
	}
	return end
}

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

// bounds checks the number token at doc[i] against its bounds.
func (r *Run) bounds(id uint32, b *bundle.Number, token []byte, i int) bool {
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

// decimal reads a decimal that the bundle's verifier has accepted.
//
//go:nobounds
func (r *Run) decimal(i uint32) decimal.Number {
	d, _ := decimal.Read(r.t.String(i))
	return d
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
