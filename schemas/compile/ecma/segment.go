package ecma

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"weir/schemas/validate/pattern"
)

const (
	maxClasses      = 8  // bits in a byte of a segment table
	maxWrittenOut   = 16 // times a repeated group is written out as segments
	maxLiteralCount = 32 // times a repeated code point is written out as a literal
)

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

var ascii = set{{0, 0x7F}}

// stepOf returns the step that takes a run of the class.
func stepOf(s set) byte {
	beyond := s.minus(ascii)
	switch {
	case len(beyond) == 0:
		return pattern.StepRun
	case beyond.equal(every.minus(ascii)):
		return pattern.StepText
	case beyond.equal(dot.minus(ascii)):
		return pattern.StepLine
	}
	return pattern.StepSet
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

// encodeRow writes a table for a row that ends with the string if end is set, is
// followed by the automaton if there is one, and else by anything. It returns nil
// if the row has more classes than fit.
func encodeRow(row []run, end bool, automaton []byte) []byte {
	if t := literalRow(row); t != nil && automaton == nil {
		if end {
			return append([]byte{byte(pattern.Equal)}, t...)
		}
		if len(t) == 0 {
			return []byte{byte(pattern.Always)}
		}
		return append([]byte{byte(pattern.Prefix)}, t...)
	}
	if len(row) == 1 && end && (row[0].set.equal(dot) || row[0].set.equal(every)) {
		t := []byte{byte(pattern.Length), bit(row[0].set.equal(dot))}
		return appendRange(t, row[0])
	}
	var classes []set
	t := make([]byte, 1+256)
	t[0] = byte(pattern.Segments)
	var literal []byte
	some := false // the last step is a StepSome
	flush := func() {
		for len(literal) > 0 {
			n := min(len(literal), 255)
			if last := len(t) - 2; some && n == 1 {
				t = append(t[:last], pattern.StepField, t[last+1], literal[0])
			} else if n == 1 {
				t = append(t, pattern.StepByte, literal[0])
			} else {
				t = append(append(t, pattern.StepLiteral, byte(n)), literal[:n]...)
			}
			some = false
			literal = literal[n:]
		}
	}
	for _, r := range row {
		if b := literalRow([]run{r}); b != nil {
			literal = append(literal, b...)
			continue
		}
		flush()
		step := stepOf(r.set)
		if step == pattern.StepSet {
			t = appendSet(t, r)
			some = false
			continue
		}
		c := slices.IndexFunc(classes, r.set.equal)
		if c < 0 {
			if c = len(classes); c == maxClasses {
				return nil
			}
			classes = append(classes, r.set)
			for b := range rune(0x80) {
				if r.set.contains(b) {
					t[1+b] |= 1 << c
				}
			}
		}
		if step == pattern.StepRun && r.min == 1 && r.max == inf {
			t = append(t, pattern.StepSome, 1<<c)
			some = true
			continue
		}
		some = false
		t = appendRange(append(t, step, 1<<c), r)
	}
	flush()
	switch {
	case automaton != nil:
		t = append(append(t, pattern.StepDFA), automaton...)
	case end:
		t = append(t, pattern.StepEnd)
	default:
		t = append(t, pattern.StepAccept)
	}
	return t
}

func appendSet(t []byte, r run) []byte {
	t = appendRange(append(t, pattern.StepSet, 0), r)
	var bitmap [16]byte
	for b := range rune(0x80) {
		if r.set.contains(b) {
			bitmap[b/8] |= 1 << (b % 8)
		}
	}
	beyond := r.set.minus(ascii)
	t = append(t, bitmap[:]...)
	t = binary.LittleEndian.AppendUint16(t, uint16(len(beyond)))
	for _, sp := range beyond {
		t = binary.LittleEndian.AppendUint32(t, uint32(sp.lo))
		t = binary.LittleEndian.AppendUint32(t, uint32(sp.hi))
	}
	return t
}

func appendRange(t []byte, r run) []byte {
	hi := uint32(pattern.Unlimited)
	if r.max != inf {
		hi = uint32(r.max)
	}
	t = binary.LittleEndian.AppendUint32(t, uint32(r.min))
	return binary.LittleEndian.AppendUint32(t, hi)
}

// literalRow returns the only string that the row matches, or nil.
func literalRow(row []run) []byte {
	b := []byte{}
	for _, r := range row {
		c, ok := r.set.single()
		if !ok || r.min != r.max || r.min > maxLiteralCount || c >= 0xD800 && c < 0xE000 {
			return nil
		}
		for range r.min {
			b = utf8.AppendRune(b, c)
		}
	}
	return b
}
