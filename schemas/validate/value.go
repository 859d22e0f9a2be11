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

// value evaluates the node on the value at doc[i], or behind space from there,
// and returns the index after it, or a negative number if a quiet branch failed
// or a fault ended the run.
//
// Here and in object, array, numeral and text stands what documents mostly
// consist of. What is rare is in functions that are not inlined: several results
// go through memory in wasm, and a function that needs room for some pays for it
// each time it is called.
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
	end := 0
	switch doc[i] {
	case '"':
		quote, flags := scan.Quote(doc, i+1), scan.Flags(0)
		if quote < 0 {
			if quote = r.quote(^quote); quote < 0 {
				return -1
			}
			flags = r.flags
		}
		end = quote + 1
		if n.Types&bundle.TypeString == 0 && !r.wrongType(id, i) {
			return r.stop(end)
		}
		if n.Flags&bundle.NodeString != 0 {
			if flags != 0 {
				if !r.unplain(id, i, quote, flags) {
					return r.stop(end)
				}
			} else if !r.text(id, i, doc[i+1:quote], quote-i-1) {
				return r.stop(end)
			}
		}
		if n.Ops|uint32(n.Capture) == 0 {
			return end
		}
		return r.rest(id, i, end)
	case '{':
		if n.Types&bundle.TypeObject != 0 {
			end = r.object(id, i)
		} else {
			end = r.otherwise(id, i)
		}
	case '[':
		if n.Types&bundle.TypeArray != 0 {
			end = r.array(id, i)
		} else {
			end = r.otherwise(id, i)
		}
	case 't', 'f', 'n':
		if end = scan.Literal(doc, i); end < 0 {
			return r.notLiteral(i)
		}
		t := uint8(bundle.TypeBoolean)
		if doc[i] == 'n' {
			t = bundle.TypeNull
		}
		if n.Types&t == 0 && !r.wrongType(id, i) {
			return r.stop(end)
		}
	default:
		if doc[i] <= ' ' {
			return r.spaced(id, i)
		}
		end = r.numeral(id, i)
	}
	if end < 0 || n.Ops|uint32(n.Capture)|n.Enum == 0 {
		return end
	}
	return r.rest(id, i, end)
}

// spaced is value where a space or a control character stands.
//
//go:noinline
func (r *Run) spaced(id uint32, i int) int {
	at := scan.Space(r.doc, i)
	if at == i {
		return r.unexpected(i)
	}
	return r.value(id, at)
}

// quote returns the closing quote of a string that is plain up to stop, or a
// negative number. What the string holds besides is in flags.
//
//go:noinline
func (r *Run) quote(stop int) int {
	quote, flags, code := scan.StringEnd(r.doc, stop)
	if code != scan.OK {
		return r.syntax(code, quote)
	}
	r.flags = flags
	return quote
}

// otherwise evaluates a container where the node allows none of its kind: it
// must be read all the same.
//
//go:noinline
func (r *Run) otherwise(id uint32, i int) int {
	switch {
	case !r.wrongType(id, i):
		return -1
	case r.doc[i] == '{':
		return r.object(bundle.Anything, i)
	}
	return r.array(bundle.Anything, i)
}

//go:noinline
func (r *Run) notLiteral(i int) int {
	at, code := scan.LiteralEnd(r.doc, i)
	return r.syntax(code, at)
}

// alias evaluates the node that another stands for.
//
//go:noinline
func (r *Run) alias(n *bundle.Node, i int) int {
	i = scan.Space(r.doc, i)
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
//
//go:noinline
//go:nobounds
func (r *Run) rest(id uint32, i, end int) int {
	n := &r.t.Nodes[id]
	if n.Enum != 0 && !r.enum(id, n, i, end) {
		return r.stop(end)
	}
	if n.Ops != 0 && !r.ops(id, n, i, end) {
		return r.stop(end)
	}
	if n.Capture != 0 {
		r.Captures = append(r.Captures, Capture{n.Capture, i, end})
	}
	return end
}

//go:noinline
func (r *Run) wrongType(id uint32, i int) bool {
	if id == bundle.Nothing {
		return r.violate(id, kwFalse, 0, i)
	}
	return r.violate(id, kwType, 0, i)
}
