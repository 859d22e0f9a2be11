package validate

import "weir/schemas/scan"

// tracked evaluates a node that holds unevaluatedProperties or
// unevaluatedItems. While it does, the members (or items) that some keyword
// evaluates are marked, by their position in the value.
//
//go:nobounds
func (r *Run) tracked(id uint32, i int) int {
	outer, mark, width, base := r.track, r.mark, r.width, len(r.marks)
	count, end, code := r.count(i)
	if code != scan.OK {
		return r.syntax(code, end)
	}
	if !r.spend(end-i, i) {
		return -1
	}
	r.width = (count + 63) / 64
	r.mark = base
	r.marks = appendZeros(r.marks, r.width)
	r.track = true
	end = r.value(id, i)
	if end < 0 {
		return end
	}
	if outer {
		for w := range r.width {
			r.marks[mark+w] |= r.marks[base+w]
		}
	}
	r.marks = r.marks[:base]
	r.track, r.mark, r.width = outer, mark, width
	return end
}

// evaluated marks a member or item of the value under evaluation.
//
//go:nobounds
func (r *Run) evaluated(ordinal int) {
	r.marks[r.mark+ordinal/64] |= 1 << (ordinal & 63)
}

// count returns the number of members or items of the value at doc[i], and its end.
func (r *Run) count(i int) (n, end int, code scan.Code) {
	end, code = scan.ValueEnd(r.doc, i, r.depth)
	if code != scan.OK {
		return 0, end, code
	}
	m := membersOf(r.doc, i)
	for m.next() {
		n++
	}
	return n, end, scan.OK
}

func (r *Run) unevaluatedProps(node uint32, i int) bool {
	return r.doc[i] != '{' || r.unevaluated(stepUnevaluatedProps, node, i)
}

func (r *Run) unevaluatedItems(node uint32, i int) bool {
	return r.doc[i] != '[' || r.unevaluated(stepUnevaluatedItems, node, i)
}

// unevaluated evaluates the node on the members or items without a mark.
//
//go:nobounds
func (r *Run) unevaluated(s step, node uint32, i int) bool {
	top, track, depth := r.top, r.track, r.depth
	if !r.push(s, 0, i) {
		return false
	}
	r.track = false
	r.depth--
	m := membersOf(r.doc, i)
	for k := 0; m.next(); k++ {
		if r.marks[r.mark+k/64]>>(k&63)&1 != 0 {
			continue
		}
		at := uint32(k)
		if s == stepUnevaluatedProps {
			at = uint32(m.key)
		}
		r.frames[top] = frame{uint32(s) << stepShift, at}
		if !r.spend(m.end-m.start, m.start) || r.value(node, m.start) < 0 {
			return false
		}
	}
	r.depth = depth
	r.track = track
	r.top = top
	for k := 0; k < r.width; k++ {
		r.marks[r.mark+k] = ^uint64(0)
	}
	return true
}
