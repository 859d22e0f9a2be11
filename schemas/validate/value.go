package validate

import (
	// TinyGo heeds go:nobounds in packages that import unsafe. Functions that are
	// hot run without bounds checks there, a tenth of the whole time; the verifier
	// of bundles makes them needless. Go ignores the directive, so that every test
	// and fuzzer would find an index out of range.
	_ "unsafe"

	"weir/schemas/bundle"
	"weir/schemas/scan"
)

// value evaluates the node on the value at doc[i] and returns the index after
// it, or a negative number if a quiet branch failed or a fault ended the run.
//
//go:nobounds
func (r *Run) value(id uint32, i int) int {
	n := &r.t.Nodes[id]
	if n.Flags&(bundle.NodeAlias|bundle.NodeTrack) != 0 {
		return r.alias(n, i)
	}
	doc := r.doc
	if uint(i) >= uint(len(doc)) {
		return r.syntax(scan.UnexpectedEnd, i)
	}
	var end int
	switch doc[i] {
	case '"':
		quote, flags := scan.PlainEnd(doc, i+1), scan.Flags(0)
		if quote >= len(doc) || doc[quote] != '"' {
			var code scan.Code
			if quote, flags, code = scan.StringEnd(doc, quote); code != scan.OK {
				return r.syntax(code, quote)
			}
		}
		end = quote + 1
		if n.Types&bundle.TypeString == 0 && !r.wrongType(id, i) {
			return r.stop(end)
		}
		if n.Flags&bundle.NodeString != 0 && !r.text(id, n, i, quote, flags) {
			return r.stop(end)
		}
		if n.Ops|uint32(n.Capture) == 0 {
			return end
		}
		return r.rest(id, n, i, end)
	case '{':
		if n.Types&bundle.TypeObject == 0 {
			if !r.wrongType(id, i) {
				return -1
			}
			end = r.object(bundle.Anything, &r.t.Nodes[bundle.Anything], i)
		} else {
			end = r.object(id, n, i)
		}
	case '[':
		if n.Types&bundle.TypeArray == 0 {
			if !r.wrongType(id, i) {
				return -1
			}
			end = r.array(bundle.Anything, &r.t.Nodes[bundle.Anything], i)
		} else {
			end = r.array(id, n, i)
		}
	case 't', 'f', 'n':
		e, code := scan.LiteralEnd(doc, i)
		if code != scan.OK {
			return r.syntax(code, e)
		}
		end = e
		t := uint8(bundle.TypeBoolean)
		if doc[i] == 'n' {
			t = bundle.TypeNull
		}
		if n.Types&t == 0 && !r.wrongType(id, i) {
			return r.stop(end)
		}
	default:
		e, flags, code := scan.NumberEnd(doc, i)
		if code != scan.OK {
			return r.syntax(code, e)
		}
		end = e
		if n.Types&bundle.TypeNumber != bundle.TypeNumber && !numberTypeFits(n.Types, flags, doc[i:end]) {
			if !r.wrongType(id, i) {
				return r.stop(end)
			}
		} else if n.Number != 0 && !r.number(id, n, i, end, flags) {
			return r.stop(end)
		}
	}
	if end < 0 || n.Ops|uint32(n.Capture)|n.Enum == 0 {
		return end
	}
	if n.Enum != 0 && !r.enum(id, n, i, end) {
		return r.stop(end)
	}
	return r.rest(id, n, i, end)
}

// alias evaluates the node that another stands for.
func (r *Run) alias(n *bundle.Node, i int) int {
	if n.Flags&bundle.NodeTrack != 0 {
		return r.tracked(n.Ops, i)
	}
	top := r.top
	if !r.push(stepRef, 0, i) {
		return -1
	}
	end := r.value(n.Ops, i)
	r.top = top
	return end
}

// rest does what needs the whole extent of the value.
func (r *Run) rest(id uint32, n *bundle.Node, i, end int) int {
	if n.Ops != 0 && !r.ops(id, n, i, end) {
		return r.stop(end)
	}
	if n.Capture != 0 {
		r.Captures = append(r.Captures, Capture{n.Capture, i, end})
	}
	return end
}

func (r *Run) wrongType(id uint32, i int) bool {
	if id == bundle.Nothing {
		return r.violate(id, kwFalse, 0, i)
	}
	return r.violate(id, kwType, 0, i)
}
