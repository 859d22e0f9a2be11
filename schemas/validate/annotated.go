package validate

import "weir/schemas/bundle"

// Annotated reports whether any position of the program's schema, or of those
// it refers to, carries an annotation. It walks all of them: ask where it
// matters, not for every document. The walk's state is kept in r.
func (p Program) Annotated(r *Run) bool {
	if p.set == nil || len(p.set.b.Captures) <= 1 {
		return false
	}
	w := walk{t: &p.set.b.Tables, seen: appendZeros(r.words[:0], (len(p.set.b.Nodes)+63)/64), queue: r.scopes[:0]}
	w.visit(p.root)
	for len(w.queue) > 0 && !w.found {
		n := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		w.node(&w.t.Nodes[n])
	}
	r.words, r.scopes = w.seen[:0], w.queue[:0]
	return w.found
}

type walk struct {
	t     *bundle.Tables
	seen  []uint64 // bitset of nodes
	queue []uint32
	found bool
}

func (w *walk) visit(n uint32) {
	if n >= uint32(len(w.t.Nodes)) || w.seen[n/64]&(1<<(n%64)) != 0 {
		return
	}
	w.seen[n/64] |= 1 << (n % 64)
	w.queue = append(w.queue, n)
}

func (w *walk) node(n *bundle.Node) {
	t := w.t
	if n.Capture != 0 {
		w.found = true
		return
	}
	if n.Flags&(bundle.NodeAlias|bundle.NodeTrack) != 0 {
		w.visit(n.Ops)
		return
	}
	o := &t.Objects[n.Object]
	w.visit(o.Additional)
	names := &t.Names[o.Names]
	slots := t.Slots[names.Slots : names.Slots+uint32(names.Count)]
	for i := range slots {
		if slots[i].Declared() {
			w.visit(slots[i].Node())
		}
	}
	e := &t.Extras[o.Extra]
	w.visit(e.PropertyNames)
	for _, rule := range t.Rules[e.Patterns : e.Patterns+e.PatternCount] {
		w.visit(rule.B)
	}
	for _, rule := range t.Rules[e.Deps : e.Deps+e.DepCount] {
		if rule.Kind == bundle.DepNode || rule.Kind == bundle.DepLegacyNode {
			w.visit(rule.B)
		}
	}
	a := &t.Arrays[n.Array]
	w.visit(a.Items)
	w.visit(a.Contains)
	for _, item := range t.Refs[a.Prefix : a.Prefix+a.PrefixCount] {
		w.visit(item)
	}
	for k := n.Ops; t.Ops[k].Code != bundle.OpEnd; k++ {
		switch op := &t.Ops[k]; op.Code {
		case bundle.OpAnyOf, bundle.OpOneOf:
			for _, branch := range t.Refs[op.A : op.A+op.B] {
				w.visit(branch)
			}
		case bundle.OpIf:
			for _, branch := range t.Refs[op.A : op.A+3] {
				w.visit(branch)
			}
		case bundle.OpDynamicRef, bundle.OpRecursiveRef:
			w.visit(op.A)
			for i := range t.Anchors {
				if t.Anchors[i].Name == op.B {
					w.visit(t.Anchors[i].Node)
				}
			}
		default:
			w.visit(op.A)
		}
	}
}
