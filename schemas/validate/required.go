package validate

import (
	"math/bits"

	"weir/schemas/bundle"
)

// whole checks the object doc[start:end] for what can be told once all of its
// members are known: which are missing, how many there are, and what they
// depend on. The slots met are the bits of seen, and from the 65th on those of
// r.words from words on.
//
//go:noinline
//go:nobounds
func (r *Run) whole(id uint32, o *bundle.Object, seen uint64, words, members, start, end int) bool {
	t := r.t
	names := &t.Names[o.Names]
	if o.Required != bundle.None {
		mask := t.Masks[o.Required : int(o.Required)+(int(names.Count)+63)/64]
		if missing := mask[0] &^ seen; missing != 0 && !r.missing(id, names.Slots, missing, start) {
			return false
		}
		for w := 1; w < len(mask); w++ {
			missing := mask[w] &^ r.words[words+w-1]
			if missing != 0 && !r.missing(id, names.Slots+uint32(w)*64, missing, start) {
				return false
			}
		}
	}
	if o.Extra == 0 {
		return true
	}
	e := &t.Extras[o.Extra]
	if uint32(members) < e.MinProperties && !r.violate(id, kwMinProperties, 0, start) {
		return false
	}
	if uint32(members) > e.MaxProperties && !r.violate(id, kwMaxProperties, 0, start) {
		return false
	}
	return e.DepCount == 0 || r.dependencies(id, e, names, seen, words, start, end)
}

// missing records the required members whose bits are set.
//
//go:nobounds
func (r *Run) missing(id, firstSlot uint32, missing uint64, start int) bool {
	for ; missing != 0; missing &= missing - 1 {
		if !r.violate(id, kwRequired, firstSlot+uint32(bits.TrailingZeros64(missing)), start) {
			return false
		}
	}
	return true
}

// dependencies checks what the presence of one member asks of others.
//
//go:nobounds
func (r *Run) dependencies(id uint32, e *bundle.Extra, names *bundle.Names, seen uint64, words, start, end int) bool {
	for _, rule := range r.t.Rules[e.Deps : e.Deps+e.DepCount] {
		if !r.has(seen, words, rule.A) {
			continue
		}
		k, s := kwDependentRequired, stepDependentSchemas
		switch rule.Kind {
		case bundle.DepLegacySlot, bundle.DepLegacyNode:
			k, s = kwDependencies, stepDependencies
		}
		switch rule.Kind {
		case bundle.DepSlot, bundle.DepLegacySlot:
			if !r.has(seen, words, rule.B) && !r.violate(id, k, names.Slots+rule.B, start) {
				return false
			}
		default:
			if !r.inPlace(s, names.Slots+rule.A, rule.B, start, end) {
				return false
			}
		}
	}
	return true
}

// has reports whether the slot's bit is set.
//
//go:nobounds
func (r *Run) has(seen uint64, words int, ord uint32) bool {
	if ord >= 64 {
		seen = r.words[words+int(ord)/64-1]
	}
	return seen>>(ord&63)&1 != 0
}
