package ecma

import "slices"

// maxWrittenOut is how many times a repeated group is written out as segments.
const maxWrittenOut = 16

// A run is a class and how often it occurs.
type run struct {
	set      set
	min, max int
}

// segments compiles a pattern that is anchored at the beginning into literals,
// runs and, where it stops being a row of those, an automaton for the rest.
// It returns nil for a pattern that has no such form.
//
// A run of variable length is matched greedily and never shortened. It is
// therefore only written if no match could go on with a member of its class.
func segments(tree *node) []byte {
	if tree.op != opConcat || tree.subs[0].op != opBegin {
		return nil
	}
	row, rest := rowOf(tree.subs[1:])
	end := len(rest) == 1 && rest[0].op == opEnd
	if end {
		rest = nil
	}
	row = tidy(row, len(rest) == 0 && !end)
	for cut := unambiguous(row); cut > 0; cut-- {
		if cut == len(row) && len(rest) == 0 {
			return encodeRow(row, end, nil)
		}
		// Everything from the cut on goes to the automaton.
		var tail []*node
		for _, r := range row[cut:] {
			tail = append(tail, &node{op: opRepeat, subs: []*node{{op: opClass, set: r.set}}, min: r.min, max: r.max})
		}
		tail = append(tail, rest...)
		if end {
			tail = append(tail, &node{op: opEnd})
		}
		if t := automatonAfter(row[:cut], concat(tail)); t != nil {
			return t
		}
	}
	if len(row) == 0 && len(rest) == 0 {
		return encodeRow(nil, end, nil)
	}
	return nil
}

// rowOf takes leading nodes that are runs; rest is what follows them.
func rowOf(nodes []*node) (row []run, rest []*node) {
	for i, n := range nodes {
		r, ok := runsOf(n)
		if !ok {
			return row, nodes[i:]
		}
		row = append(row, r...)
	}
	return row, nil
}

func runsOf(n *node) ([]run, bool) {
	switch n.op {
	case opEmpty:
		return nil, true
	case opClass:
		return []run{{n.set, 1, 1}}, len(n.set) > 0
	case opConcat:
		row, rest := rowOf(n.subs)
		return row, len(rest) == 0
	case opRepeat:
		sub := n.subs[0]
		if sub.op == opClass {
			return []run{{sub.set, n.min, n.max}}, len(sub.set) > 0
		}
		if n.min != n.max || n.min > maxWrittenOut {
			return nil, false
		}
		once, ok := runsOf(sub)
		if !ok || len(once)*n.min > 256 {
			return nil, false
		}
		return slices.Repeat(once, n.min), true
	}
	return nil, false
}

// tidy merges runs. When the row is open, so that anything may follow a match, a
// last run need not go on beyond its minimum.
func tidy(row []run, open bool) []run {
	for changed := true; changed; {
		changed = false
		for i := 0; i+1 < len(row); i++ {
			a, b := row[i], row[i+1]
			switch {
			case a.set.equal(b.set):
				m := run{a.set, a.min + b.min, a.max + b.max}
				if a.max == inf || b.max == inf {
					m.max = inf
				}
				row = slices.Replace(row, i, i+2, m)
				changed = true
			case b.max == inf && a.max != a.min && a.set.within(b.set):
				// What a takes beyond its minimum, b can take.
				row[i].max = a.min
				changed = true
			case a.max == inf && b.max != b.min && b.set.within(a.set):
				row[i+1].max = b.min
				changed = true
			case a.max == 0:
				row = slices.Delete(row, i, i+1)
				changed = true
			}
		}
		if n := len(row); open && n > 0 && row[n-1].max != row[n-1].min {
			row[n-1].max = row[n-1].min
			changed = true
		}
		if n := len(row); n > 0 && row[n-1].max == 0 {
			row = row[:n-1]
			changed = true
		}
	}
	return row
}

// unambiguous returns how many leading runs can be matched greedily, as far as
// the row itself can tell.
func unambiguous(row []run) int {
	for i, r := range row {
		if r.min == r.max {
			continue
		}
		for _, after := range row[i+1:] {
			if !r.set.disjoint(after.set) {
				return i
			}
			if after.min > 0 {
				break
			}
		}
	}
	return len(row)
}

// automatonAfter writes the row and an automaton for tail, or returns nil if a
// run of the row could be mistaken for the beginning of the tail.
func automatonAfter(row []run, tail *node) []byte {
	if looksBack(tail) {
		return nil
	}
	d, err := determinise(tail, true)
	if err != nil {
		return nil
	}
	for i := len(row) - 1; i >= 0; i-- {
		if r := row[i]; r.min != r.max && !d.refuses(r.set) {
			return nil
		}
		if row[i].min > 0 {
			break
		}
	}
	t, err := d.table()
	if err != nil {
		return nil
	}
	return encodeRow(row, false, t)
}

// looksBack reports whether an assertion in n depends on what is before n.
func looksBack(n *node) bool {
	switch n.op {
	case opBegin, opWord, opNotWord:
		return true
	}
	return slices.ContainsFunc(n.subs, looksBack)
}

// refuses reports whether no match from the start begins with a member of s.
func (d *dfa) refuses(s set) bool {
	for _, v := range d.alphabet.intervals {
		if (set{{v.lo, v.hi}}).disjoint(s) {
			continue
		}
		t := d.next[d.start][v.symbol]
		if d.accept[t] {
			return false
		}
		for _, u := range d.next[t] {
			if u != t {
				return false
			}
		}
	}
	return true
}
