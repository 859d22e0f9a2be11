package ecma

import (
	"encoding/binary"

	"weir/schemas/validate/pattern"
)

// table writes the automaton as a pattern.DFA8 or pattern.DFA16.
func (d *dfa) table() ([]byte, error) {
	b, err := d.lower()
	if err != nil {
		return nil, err
	}
	order, accept := b.order()
	class, first := b.classes()
	size := len(order) * len(first)
	kind, width := pattern.DFA8, 1
	if size > 256 {
		kind, width = pattern.DFA16, 2
	}
	if size > pattern.MaxTransitions {
		return nil, errStates
	}
	name := make([]int, len(b.next)) // of each state
	for i, s := range order {
		if s >= 0 {
			name[s] = i * len(first)
		}
	}
	sink := 0
	for s := range b.next {
		if b.accept[s] && b.absorbs(s) {
			sink = name[s]
		}
	}
	t := []byte{byte(kind), byte(len(first) - 1)}
	t = binary.LittleEndian.AppendUint16(t, uint16(name[b.start]))
	t = binary.LittleEndian.AppendUint16(t, uint16(accept*len(first)))
	t = binary.LittleEndian.AppendUint16(t, uint16(sink))
	t = append(t, class[:]...)
	for _, s := range order {
		for _, c := range first {
			to := 0
			if s >= 0 {
				to = name[b.next[s][c]]
			}
			if width == 1 {
				t = append(t, byte(to))
			} else {
				t = binary.LittleEndian.AppendUint16(t, uint16(to))
			}
		}
	}
	return t, nil
}

// order lists the states: first the refusing one, -1 if the automaton has none,
// then those that do not accept, then those that do, from index accept on.
func (d *byteDFA) order() (order []int, accept int) {
	refusing := -1
	for s := range d.next {
		if !d.accept[s] && d.absorbs(s) {
			refusing = s
		}
	}
	order = append(order, refusing)
	for s := range d.next {
		if !d.accept[s] && s != refusing {
			order = append(order, s)
		}
	}
	accept = len(order)
	for s := range d.next {
		if d.accept[s] {
			order = append(order, s)
		}
	}
	return order, accept
}

// absorbs reports whether s is never left.
func (d *byteDFA) absorbs(s int) bool {
	for _, t := range d.next[s] {
		if int(t) != s {
			return false
		}
	}
	return true
}
