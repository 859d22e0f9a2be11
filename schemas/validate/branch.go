package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
)

// ops applies the keywords that evaluate whole schemas on the value
// doc[i:end], which has been read once and is well-formed.
//
//go:nobounds
func (r *Run) ops(id uint32, n *bundle.Node, i, end int) bool {
	t := r.t
	for k := n.Ops; ; k++ {
		op := &t.Ops[k]
		ok := true
		switch op.Code {
		case bundle.OpEnd:
			return true
		case bundle.OpRef:
			ok = r.inPlace(stepRef, 0, op.A, i, end)
		case bundle.OpAllOf:
			ok = r.inPlace(stepAllOf, op.B, op.A, i, end)
		case bundle.OpAnyOf:
			ok = r.anyOf(id, t.Refs[op.A:op.A+op.B], i, end)
		case bundle.OpOneOf:
			ok = r.oneOf(id, t.Refs[op.A:op.A+op.B], i, end)
		case bundle.OpNot:
			ok = r.not(id, op.A, i, end)
		case bundle.OpIf:
			ok = r.conditional(t.Refs[op.A:op.A+3], i, end)
		case bundle.OpDynamicRef:
			ok = r.inPlace(stepDynamicRef, 0, r.dynamic(op), i, end)
		case bundle.OpRecursiveRef:
			ok = r.inPlace(stepRecursiveRef, 0, r.dynamic(op), i, end)
		case bundle.OpScope:
			r.scopes = append(r.scopes, op.B)
			ok = r.inPlace(stepNone, 0, op.A, i, end)
			r.scopes = r.scopes[:max(len(r.scopes)-1, 0)]
		case bundle.OpUnevaluatedProps:
			ok = !r.track || r.unevaluatedProps(op.A, i)
		case bundle.OpUnevaluatedItems:
			ok = !r.track || r.unevaluatedItems(op.A, i)
		}
		if !ok {
			return false
		}
	}
}

// inPlace evaluates another node on the same value; its violations count.
func (r *Run) inPlace(s step, arg, node uint32, i, end int) bool {
	top := r.top
	if !r.spend(end-i, i) || !r.push(s, arg, i) {
		return false
	}
	ok := r.value(node, i) >= 0
	r.top = top
	return ok
}

// try evaluates another node on a value that has been read before, quietly,
// and reports whether it holds. If not, no trace is left but reach.
//
//go:nobounds
func (r *Run) try(s step, arg, node uint32, i, end int) bool {
	if n := &r.t.Nodes[node]; n.Types&typesOf[scan.KindOf(r.doc[i])] == 0 {
		r.reach = 2 * i
		return false
	}
	saved, quiet, far := r.save(), r.quiet, r.far
	if !r.push(s, arg, i) {
		return false
	}
	if r.track {
		r.mark = len(r.marks)
		r.marks = appendZeros(r.marks, r.width)
	}
	r.quiet, r.far = true, i
	ok := r.value(node, i) >= 0
	r.quiet = quiet
	// What was read is paid for afterwards, since most branches end at the member
	// that tells them apart.
	read := r.far
	if ok {
		read = end
	}
	r.far = max(far, read)
	if !r.spend(read-i, i) {
		return false
	}
	if !ok {
		if !r.dead {
			r.restore(&saved)
		}
		return false
	}
	r.top = saved.top
	if r.track {
		for w := range r.width {
			r.marks[saved.mark+w] |= r.marks[r.mark+w]
		}
		r.mark = saved.mark
		r.marks = r.marks[:saved.marks]
	}
	return true
}

// typesOf maps the kind of a value to the types it may have.
var typesOf = [...]uint8{
	scan.Null: bundle.TypeNull, scan.True: bundle.TypeBoolean, scan.False: bundle.TypeBoolean, scan.Number: bundle.TypeNumber,
	scan.String: bundle.TypeString, scan.Array: bundle.TypeArray, scan.Object: bundle.TypeObject,
}

//go:nobounds
func (r *Run) anyOf(id uint32, branches []uint32, i, end int) bool {
	best, reach, matched := 0, -1, false
	for k, node := range branches {
		if r.try(stepAnyOf, uint32(k), node, i, end) {
			matched = true
			if !r.track {
				return true
			}
		} else if r.dead {
			return false
		} else if r.reach > reach {
			best, reach = k, r.reach
		}
	}
	return matched || r.noBranch(id, kwAnyOf, stepAnyOf, branches, best, reach, i, end)
}

//go:nobounds
func (r *Run) oneOf(id uint32, branches []uint32, i, end int) bool {
	best, reach, matched := 0, -1, 0
	for k, node := range branches {
		captures := len(r.Captures)
		if r.try(stepOneOf, uint32(k), node, i, end) {
			if matched++; matched == 2 {
				r.Captures = r.Captures[:captures]
				return r.violate(id, kwOneOf, 0, i)
			}
		} else if r.dead {
			return false
		} else if r.reach > reach {
			best, reach = k, r.reach
		}
	}
	return matched == 1 || r.noBranch(id, kwOneOf, stepOneOf, branches, best, reach, i, end)
}

// noBranch records that none of the branches holds, and what is wrong with the
// one that got furthest.
func (r *Run) noBranch(id uint32, k keyword, s step, branches []uint32, best, reach, i, end int) bool {
	if r.quiet {
		r.reach = max(reach, 2*i+1)
		return false
	}
	r.record(id, k, uint32(len(branches)), i)
	if reach <= 2*i {
		return true // the value is of the wrong type for all of them
	}
	saved := r.track
	r.track = false
	ok := r.inPlace(s, uint32(best), branches[best], i, end)
	r.track = saved
	return ok
}

func (r *Run) not(id, node uint32, i, end int) bool {
	saved, track := r.save(), r.track
	r.track = false
	holds := r.try(stepNot, 0, node, i, end)
	r.track = track
	if r.dead {
		return false
	}
	if !holds {
		return true
	}
	r.restore(&saved)
	return r.violate(id, kwNot, 0, i)
}

//go:nobounds
func (r *Run) conditional(branches []uint32, i, end int) bool {
	branch, s := branches[2], stepElse
	if r.try(stepIf, 0, branches[0], i, end) {
		branch, s = branches[1], stepThen
	} else if r.dead {
		return false
	}
	return branch == bundle.None || r.inPlace(s, 0, branch, i, end)
}

// dynamic finds where a dynamic reference leads: to the anchor of that name in
// the outermost resource that has one, else to the default.
//
//go:nobounds
func (r *Run) dynamic(op *bundle.Op) uint32 {
	for _, resource := range r.scopes {
		for k := range r.t.Anchors {
			if a := &r.t.Anchors[k]; a.Resource == resource && a.Name == op.B {
				return a.Node
			}
		}
	}
	return op.A
}
