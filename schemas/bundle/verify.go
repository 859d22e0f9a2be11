package bundle

import (
	"errors"

	"weir/schemas/scan"
	"weir/schemas/validate/decimal"
	"weir/schemas/validate/pattern"
)

// verify checks all that the engine relies on without looking.
func (t *Tables) verify() error {
	v := verifier{Tables: t}
	v.neutral()
	v.strings()
	v.schemas()
	v.names()
	for i := range t.Nodes {
		v.node(&t.Nodes[i])
	}
	for i := range t.Objects {
		v.object(&t.Objects[i])
	}
	for i := range t.Arrays {
		v.array(&t.Arrays[i])
	}
	for i := range t.Numbers {
		v.number(&t.Numbers[i])
	}
	for i := range t.Enums {
		v.enum(&t.Enums[i])
	}
	for i := range t.Constants {
		v.constant(&t.Constants[i])
	}
	v.ops()
	for _, n := range t.Refs {
		v.optionalNode(n)
	}
	for i := range t.Anchors {
		v.isNode(t.Anchors[i].Node)
	}
	if v.err == nil {
		v.acyclic()
	}
	return v.err
}

type verifier struct {
	*Tables
	err     error
	pattern []bool // Strings entries that passed pattern.Verify
}

func (v *verifier) check(ok bool, what string) {
	if !ok && v.err == nil {
		v.err = errors.New("verifying bundle: " + what)
	}
}

func (v *verifier) isNode(n uint32) {
	v.check(n < uint32(len(v.Nodes)), "reference to a node that is not there")
}

func (v *verifier) optionalNode(n uint32) {
	if n != None {
		v.isNode(n)
	}
}

// within checks that n entries from first lie in a table of that length.
func (v *verifier) within(first, n uint32, length int, what string) bool {
	ok := uint64(first)+uint64(n) <= uint64(length)
	v.check(ok, what)
	return ok
}

func (v *verifier) text(x Text) bool {
	return v.within(x.Off, x.Len, len(v.Bytes), "text out of range")
}

// neutral checks the entries that index 0 stands for.
func (v *verifier) neutral() {
	ok := len(v.Nodes) > 1 && len(v.Objects) > 0 && len(v.Arrays) > 0 && len(v.Numbers) > 0 && len(v.Enums) > 0 &&
		len(v.Ops) > 0 && len(v.Names) > 0 && len(v.Strings) > 0 && len(v.Captures) > 0
	if !ok {
		v.check(false, "neutral entries missing")
		return
	}
	v.check(v.Nodes[Anything] == AnythingNode && v.Nodes[Nothing] == NothingNode, "the nodes of true and false are not what they should be")
	v.check(v.Objects[0] == NeutralObject && v.Arrays[0] == NeutralArray && v.Names[0] == Names{}, "neutral entries are not neutral")
}

func (v *verifier) strings() {
	v.pattern = make([]bool, len(v.Strings))
	for _, s := range v.Strings {
		v.text(s)
	}
	for _, c := range v.Captures {
		v.check(c < uint32(len(v.Strings)), "capture out of range")
	}
}

func (v *verifier) schemas() {
	for i := range v.Schemas {
		s := &v.Schemas[i]
		v.text(s.URI)
		v.text(s.Path)
		v.isNode(s.Root)
	}
	if len(v.Schemas) == 0 && len(v.URIs) == 0 {
		return
	}
	v.check(len(v.URIs)&(len(v.URIs)-1) == 0, "URI index is not a power of two")
	free := false
	for _, e := range v.URIs {
		free = free || e == 0
		v.check(e <= uint32(len(v.Schemas)), "URI index out of range")
	}
	v.check(free, "URI index is full")
}

func (v *verifier) names() {
	for i := range v.Names[1:] {
		n := &v.Names[1+i]
		if !v.within(n.Slots, n.Count, len(v.Slots), "names out of range") {
			return
		}
		if n.Bits > 17 || n.Count > 1<<16-2 || !v.within(n.Index, 1<<n.Bits, len(v.Index), "index of names out of range") {
			v.check(false, "index of names out of range")
			return
		}
		free := false
		for _, e := range v.Index[n.Index : n.Index+1<<n.Bits] {
			free = free || e == 0
			v.check(uint32(e) <= n.Count, "index of names out of range")
		}
		v.check(free, "index of names is full")
	}
	for i := range v.Slots {
		s := &v.Slots[i]
		v.within(s.Off, s.Len, len(v.Bytes), "name out of range")
		v.isNode(s.Child)
	}
}

func (v *verifier) patternTable(i uint32) {
	if i >= uint32(len(v.Strings)) {
		v.check(false, "pattern out of range")
		return
	}
	if v.err == nil && !v.pattern[i] {
		v.pattern[i] = true
		v.check(pattern.Verify(v.String(i)) == nil, "malformed pattern table")
	}
}

func (v *verifier) node(n *Node) {
	if n.Flags&NodeAlias != 0 {
		v.isNode(n.Ops)
	} else {
		v.check(n.Ops < uint32(len(v.Ops)), "op out of range")
	}
	if n.Pattern != 0 {
		v.patternTable(n.Pattern)
	}
	v.check(uint32(n.Capture) < uint32(len(v.Captures)), "capture out of range")
	v.check(n.Number < uint32(len(v.Numbers)) && n.Array < uint32(len(v.Arrays)) &&
		n.Object < uint32(len(v.Objects)) && n.Enum < uint32(len(v.Enums)), "assertions of a node out of range")
}

func (v *verifier) object(o *Object) {
	if o.Names >= uint32(len(v.Names)) {
		v.check(false, "names of an object out of range")
		return
	}
	count := v.Names[o.Names].Count
	if o.Required != None {
		v.within(o.Required, (count+63)/64, len(v.Masks), "required names out of range")
	}
	v.isNode(o.Additional)
	v.isNode(o.PropertyNames)
	if v.within(o.Patterns, o.PatternCount, len(v.Rules), "rules out of range") {
		for _, r := range v.Rules[o.Patterns : o.Patterns+o.PatternCount] {
			v.patternTable(r.A)
			v.isNode(r.B)
			v.check(r.Kind < uint32(len(v.Strings)), "pattern out of range")
		}
	}
	if v.within(o.Deps, o.DepCount, len(v.Rules), "rules out of range") {
		for _, r := range v.Rules[o.Deps : o.Deps+o.DepCount] {
			v.check(r.A < count && r.Kind <= DepLegacyNode, "malformed dependency")
			if r.Kind == DepNode || r.Kind == DepLegacyNode {
				v.isNode(r.B)
			} else {
				v.check(r.B < count, "malformed dependency")
			}
		}
	}
}

func (v *verifier) array(a *Array) {
	v.isNode(a.Items)
	v.optionalNode(a.Contains)
	if v.within(a.Prefix, a.PrefixCount, len(v.Refs), "items out of range") {
		for _, n := range v.Refs[a.Prefix : a.Prefix+a.PrefixCount] {
			v.isNode(n)
		}
	}
}

func (v *verifier) number(n *Number) {
	for _, i := range [...]uint32{n.Min, n.Max, n.Multiple} {
		if i == 0 {
			continue
		}
		if uint64(i)+1 >= uint64(len(v.Strings)) {
			v.check(false, "decimal out of range")
		} else if v.err == nil {
			_, err := decimal.Read(v.String(i))
			v.check(err == nil, "malformed decimal")
		}
	}
	v.check(n.Step >= 0, "malformed number")
}

func (v *verifier) enum(e *Enum) {
	v.check(e.Names < uint32(len(v.Names)), "strings of an enum out of range")
	v.within(e.Values, e.Count, len(v.Constants), "values of an enum out of range")
}

func (v *verifier) constant(c *Constant) {
	if v.text(c.Value) && v.err == nil {
		b := v.Text(c.Value)
		end, code := scan.ValueEnd(b, 0, scan.MaxDepth)
		v.check(code == scan.OK && end == len(b), "constant is not JSON")
	}
}

func (v *verifier) ops() {
	v.check(v.Ops[len(v.Ops)-1].Code == OpEnd && v.Ops[0].Code == OpEnd, "ops do not end")
	for i := range v.Ops {
		op := &v.Ops[i]
		switch op.Code {
		case OpEnd:
		case OpRef, OpAllOf, OpNot, OpDynamicRef, OpRecursiveRef, OpScope, OpUnevaluatedProps, OpUnevaluatedItems:
			v.isNode(op.A)
		case OpAnyOf, OpOneOf:
			if v.within(op.A, op.B, len(v.Refs), "branches out of range") {
				for _, n := range v.Refs[op.A : op.A+op.B] {
					v.isNode(n)
				}
			}
		case OpIf:
			if v.within(op.A, 3, len(v.Refs), "branches out of range") {
				v.isNode(v.Refs[op.A])
			}
		default:
			v.check(false, "unknown op")
		}
	}
}

// acyclic checks that no node applies itself to the value it stands at: it
// takes away nodes that no remaining node leads to until none is left.
func (v *verifier) acyclic() {
	incoming := make([]uint32, len(v.Nodes))
	for i := range v.Nodes {
		v.inPlace(&v.Nodes[i], func(n uint32) { incoming[n]++ })
	}
	ready := make([]uint32, 0, len(v.Nodes))
	for i, n := range incoming {
		if n == 0 {
			ready = append(ready, uint32(i))
		}
	}
	for i := 0; i < len(ready); i++ {
		v.inPlace(&v.Nodes[ready[i]], func(n uint32) {
			if incoming[n]--; incoming[n] == 0 {
				ready = append(ready, n)
			}
		})
	}
	v.check(len(ready) == len(v.Nodes), "a node refers to itself without consuming input")
}

// inPlace calls f with the nodes that n applies to the same value. Targets of
// dynamic references other than the default depend on the path taken; the
// engine bounds those by counting.
func (v *verifier) inPlace(n *Node, f func(uint32)) {
	if n.Flags&NodeAlias != 0 {
		f(n.Ops)
		return
	}
	o := &v.Objects[n.Object]
	for _, r := range v.Rules[o.Deps : o.Deps+o.DepCount] {
		if r.Kind == DepNode || r.Kind == DepLegacyNode {
			f(r.B)
		}
	}
	for _, op := range v.Ops[n.Ops:] {
		switch op.Code {
		case OpEnd:
			return
		case OpRef, OpAllOf, OpNot, OpDynamicRef, OpRecursiveRef, OpScope:
			f(op.A)
		case OpAnyOf, OpOneOf:
			for _, r := range v.Refs[op.A : op.A+op.B] {
				f(r)
			}
		case OpIf:
			for _, r := range v.Refs[op.A : op.A+3] {
				if r != None {
					f(r)
				}
			}
		}
	}
}
