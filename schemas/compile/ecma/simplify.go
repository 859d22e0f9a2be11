package ecma

// simplify rewrites a tree into an equal one that has fewer shapes: no concat
// within a concat, no repetition of a repetition where one will do, and a single
// class where alternatives are all classes. Only whether there is a match counts,
// never where it lies.
func simplify(n *node) *node {
	subs := make([]*node, len(n.subs))
	for i, s := range n.subs {
		subs[i] = simplify(s)
	}
	switch n.op {
	case opConcat:
		return concat(subs)
	case opAlt:
		return alternatives(subs)
	case opRepeat:
		return repeat(subs[0], n.min, n.max)
	}
	return n
}

func concat(subs []*node) *node {
	var flat []*node
	for _, s := range subs {
		switch s.op {
		case opEmpty:
		case opConcat:
			flat = append(flat, s.subs...)
		default:
			flat = append(flat, s)
		}
	}
	switch len(flat) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return flat[0]
	}
	return &node{op: opConcat, subs: flat}
}

func alternatives(subs []*node) *node {
	var all set
	for _, s := range subs {
		if s.op != opClass {
			return &node{op: opAlt, subs: subs}
		}
		all = all.union(s.set)
	}
	return &node{op: opClass, set: all}
}

func repeat(s *node, lo, hi int) *node {
	switch {
	case hi == 0 || s.op == opEmpty:
		return &node{op: opEmpty}
	case lo == 1 && hi == 1:
		return s
	case s.op == opRepeat && s.max == inf && s.min <= 1 && hi == inf && lo <= 1:
		// (a*)* (a+)* (a*)+ are a*, and (a+)+ is a+.
		return &node{op: opRepeat, subs: s.subs, min: s.min * lo, max: inf}
	}
	return &node{op: opRepeat, subs: []*node{s}, min: lo, max: hi}
}
