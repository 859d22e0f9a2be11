package ecma

import (
	"slices"
	"unicode"
)

const maxRune = unicode.MaxRune

// A set of code points is a sorted list of ranges that neither meet nor overlap.
type set []span

type span struct{ lo, hi rune }

func one(r rune) set { return set{{r, r}} }

func newSet(spans ...span) set {
	s := slices.Clone(spans)
	slices.SortFunc(s, func(a, b span) int { return int(a.lo - b.lo) })
	out := s[:0]
	for _, sp := range s {
		if n := len(out); n > 0 && sp.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, sp.hi)
			continue
		}
		out = append(out, sp)
	}
	return out
}

func fromTable(tables ...*unicode.RangeTable) set {
	var spans []span
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			spans = append(spans, span{lo, hi})
			return
		}
		for r := lo; r <= hi; r += stride {
			spans = append(spans, span{r, r})
		}
	}
	for _, t := range tables {
		for _, r := range t.R16 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return newSet(spans...)
}

func (s set) union(o set) set { return newSet(slices.Concat(s, o)...) }

func (s set) negate() set {
	var out set
	next := rune(0)
	for _, sp := range s {
		if sp.lo > next {
			out = append(out, span{next, sp.lo - 1})
		}
		next = sp.hi + 1
	}
	if next <= maxRune {
		out = append(out, span{next, maxRune})
	}
	return out
}

func (s set) minus(o set) set { return s.negate().union(o).negate() }

func (s set) disjoint(o set) bool {
	i, j := 0, 0
	for i < len(s) && j < len(o) {
		switch {
		case s[i].hi < o[j].lo:
			i++
		case o[j].hi < s[i].lo:
			j++
		default:
			return false
		}
	}
	return true
}

func (s set) within(o set) bool { return s.disjoint(o.negate()) }

func (s set) equal(o set) bool { return slices.Equal(s, o) }

func (s set) contains(r rune) bool {
	for _, sp := range s {
		if r <= sp.hi {
			return r >= sp.lo
		}
	}
	return false
}

// single returns the only member of s.
func (s set) single() (rune, bool) {
	if len(s) == 1 && s[0].lo == s[0].hi {
		return s[0].lo, true
	}
	return 0, false
}

// The classes of ECMA-262 section 22.2.2.9.
var (
	digits = set{{'0', '9'}}
	word   = set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	space  = fromTable(unicode.Zs).union(newSet(span{'\t', '\r'}, span{0xFEFF, 0xFEFF}, span{0x2028, 0x2029}))
	lines  = newSet(span{'\n', '\n'}, span{'\r', '\r'}, span{0x2028, 0x2029})
	dot    = lines.negate()
	every  = set{{0, maxRune}}
)
