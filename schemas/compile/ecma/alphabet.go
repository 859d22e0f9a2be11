package ecma

import "slices"

// alphabet divides all code points into symbols.
type alphabet struct {
	intervals []interval // sorted, covering 0 to maxRune
	symbols   [][]uint64 // by symbol, the classes that hold it, as a bit set
}

type interval struct {
	lo, hi rune
	symbol int
}

func newAlphabet(classes []set) alphabet {
	cuts := []rune{0}
	for _, c := range classes {
		for _, sp := range c {
			cuts = append(cuts, sp.lo, sp.hi+1)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var a alphabet
	ids := map[string]int{}
	at := make([]int, len(classes)) // the span of each class that is next or holds the cut
	for i, lo := range cuts {
		if lo > maxRune {
			break
		}
		hi := rune(maxRune)
		if i+1 < len(cuts) {
			hi = cuts[i+1] - 1
		}
		holds := make([]uint64, (len(classes)+63)/64)
		key := make([]byte, len(classes))
		for c, s := range classes {
			for at[c] < len(s) && s[at[c]].hi < lo {
				at[c]++
			}
			if at[c] < len(s) && s[at[c]].lo <= lo {
				holds[c/64] |= 1 << (c % 64)
				key[c] = 1
			}
		}
		id, ok := ids[string(key)]
		if !ok {
			id = len(a.symbols)
			ids[string(key)] = id
			a.symbols = append(a.symbols, holds)
		}
		if n := len(a.intervals); n > 0 && a.intervals[n-1].symbol == id {
			a.intervals[n-1].hi = hi
			continue
		}
		a.intervals = append(a.intervals, interval{lo, hi, id})
	}
	return a
}

func (a *alphabet) inClass(symbol, class int) bool {
	return a.symbols[symbol][class/64]>>(class%64)&1 != 0
}

// find returns the index of the interval that holds r.
func (a *alphabet) find(r rune) int {
	i, _ := slices.BinarySearchFunc(a.intervals, r, func(v interval, r rune) int { return int(v.hi - r) })
	return i
}
