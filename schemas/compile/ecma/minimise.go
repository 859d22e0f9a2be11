package ecma

// minimise returns the smallest equal automaton (Hopcroft's partition refinement).
func (d *dfa) minimise() *dfa {
	n, symbols := len(d.next), len(d.alphabet.symbols)
	// Predecessors of each state by symbol, as linked lists in arrays.
	head := make([]int32, n*symbols)
	link := make([]int32, n*symbols)
	for i := range head {
		head[i] = -1
	}
	for s, row := range d.next {
		for sym, t := range row {
			link[s*symbols+sym] = head[t*symbols+sym]
			head[t*symbols+sym] = int32(s)
		}
	}
	p := newPartition(d.accept)
	type task struct{ block, symbol int }
	var work []task
	queued := map[task]bool{}
	push := func(b, sym int) {
		t := task{b, sym}
		if !queued[t] {
			queued[t] = true
			work = append(work, t)
		}
	}
	for b := range p.blocks {
		for sym := range symbols {
			push(b, sym)
		}
	}
	for len(work) > 0 {
		t := work[len(work)-1]
		work = work[:len(work)-1]
		delete(queued, t)
		var from []int
		for _, s := range p.members(t.block) {
			for q := head[s*symbols+t.symbol]; q >= 0; q = link[int(q)*symbols+t.symbol] {
				from = append(from, int(q))
			}
		}
		for _, split := range p.refine(from) {
			for sym := range symbols {
				switch {
				case queued[task{split.old, sym}]:
					push(split.new, sym)
				case len(p.members(split.old)) < len(p.members(split.new)):
					push(split.old, sym)
				default:
					push(split.new, sym)
				}
			}
		}
	}
	m := &dfa{alphabet: d.alphabet, start: p.block[d.start]}
	for b := range p.blocks {
		s := p.members(b)[0]
		row := make([]int, symbols)
		for sym, t := range d.next[s] {
			row[sym] = p.block[t]
		}
		m.next = append(m.next, row)
		m.accept = append(m.accept, d.accept[s])
	}
	return m
}

// partition divides states into blocks, each a run of order.
type partition struct {
	order  []int
	place  []int // by state, its index in order
	block  []int // by state
	blocks []struct{ lo, hi, marked int }
}

func newPartition(accept []bool) *partition {
	p := &partition{place: make([]int, len(accept)), block: make([]int, len(accept))}
	for _, want := range []bool{false, true} {
		lo := len(p.order)
		for s, a := range accept {
			if a == want {
				p.place[s] = len(p.order)
				p.block[s] = len(p.blocks)
				p.order = append(p.order, s)
			}
		}
		if len(p.order) > lo {
			p.blocks = append(p.blocks, struct{ lo, hi, marked int }{lo, len(p.order), 0})
		}
	}
	return p
}

func (p *partition) members(b int) []int { return p.order[p.blocks[b].lo:p.blocks[b].hi] }

type split struct{ old, new int }

// refine divides every block that has members both in states and out of it.
func (p *partition) refine(states []int) []split {
	var touched []int
	for _, s := range states {
		b := &p.blocks[p.block[s]]
		at := b.lo + b.marked
		if p.place[s] < at {
			continue // marked before
		}
		if b.marked == 0 {
			touched = append(touched, p.block[s])
		}
		other := p.order[at]
		p.order[at], p.order[p.place[s]] = s, other
		p.place[other], p.place[s] = p.place[s], at
		b.marked++
	}
	var splits []split
	for _, old := range touched {
		b := &p.blocks[old]
		lo, mid := b.lo, b.lo+b.marked
		b.marked = 0
		if mid == b.hi {
			continue
		}
		b.lo = mid
		id := len(p.blocks)
		p.blocks = append(p.blocks, struct{ lo, hi, marked int }{lo, mid, 0})
		for _, s := range p.order[lo:mid] {
			p.block[s] = id
		}
		splits = append(splits, split{old, id})
	}
	return splits
}
