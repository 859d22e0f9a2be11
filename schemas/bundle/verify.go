package bundle

import (
	"errors"
	"unsafe"

	"weir/schemas/scan"
	"weir/schemas/validate/decimal"
	"weir/schemas/validate/pattern"
)

// phases are what is verified, each relying on those before it.
const (
	neutral = iota
	references
	schemas
	names
	extras
	objects
	arrays
	numbers
	constants
	operations
	nodes
	circles
)

var phases = [...]string{
	neutral:    "neutral entries",
	references: "references",
	schemas:    "schemas",
	names:      "names",
	extras:     "properties and patterns",
	objects:    "objects",
	arrays:     "arrays",
	numbers:    "numbers",
	constants:  "constants",
	operations: "keywords",
	nodes:      "nodes",
	circles:    "circles",
}

// verify checks all that the engine relies on without looking, and counts the
// branches, see [Bundle].
func (t *Tables) verify() (branches uint32, err error) {
	v := verifier{Tables: t}
	for phase, what := range phases {
		if v.run(phase); v.failed {
			return 0, errors.New("verifying bundle: malformed " + what)
		}
	}
	return v.branches, nil
}

func (v *verifier) run(phase int) {
	switch phase {
	case neutral:
		v.neutral()
	case references:
		v.references()
	case schemas:
		v.schemas()
	case names:
		v.names()
	case extras:
		v.extras()
	case objects:
		v.objects()
	case arrays:
		v.arrays()
	case numbers:
		v.numbers()
	case constants:
		v.constants()
	case operations:
		v.ops()
	case nodes:
		v.nodes()
	case circles:
		v.acyclic()
	}
}

// maxSteps bounds the work on lists, which may overlap in a bundle made to be
// slow.
const maxSteps = 1 << 24

type verifier struct {
	*Tables
	failed   bool
	applied  []uint32 // see inPlace
	steps    int      // entries of lists that were looked at
	branches uint32
	pattern  []bool // Strings entries that passed pattern.Valid
}

func (v *verifier) check(ok bool) { v.failed = v.failed || !ok }

func (v *verifier) isNode(n uint32) {
	v.check(n < uint32(len(v.Nodes)))
}

// affords checks that n further steps are no more than there may be in all.
func (v *verifier) affords(n uint32) bool {
	v.steps += int(n)
	v.check(v.steps <= maxSteps)
	return v.steps <= maxSteps
}

// areNodes checks n references from first, none of which may be None.
func (v *verifier) areNodes(first, n uint32) {
	if !v.within(first, n, len(v.Refs)) || !v.affords(n) {
		return
	}
	for _, id := range v.Refs[first : first+n] {
		v.isNode(id)
	}
}

// within checks that n entries from first lie in a table of that length.
func (v *verifier) within(first, n uint32, length int) bool {
	ok := uint64(first)+uint64(n) <= uint64(length)
	v.check(ok)
	return ok
}

// neutral checks the entries that index 0 stands for.
func (v *verifier) neutral() {
	tables := v.all()
	for i, want := range Neutral.all() {
		if len(tables[i]) < len(want) {
			v.check(false)
			return
		}
		size := len(want) * int(entrySizes[i])
		v.check(scan.Equal(unsafe.Slice(unsafe.SliceData(tables[i]), size), unsafe.Slice(unsafe.SliceData(want), size)))
	}
	v.check(len(v.Nodes) <= MaxNodes)
}

func (v *verifier) schemas() {
	if len(v.Schemas) == 0 && len(v.URIs) == 0 {
		return
	}
	v.check(len(v.URIs)&(len(v.URIs)-1) == 0)
	free := false
	for _, e := range v.URIs {
		free = free || e == 0
		v.check(e <= uint32(len(v.Schemas)))
	}
	v.check(free)
}

func (v *verifier) names() {
	for i := range v.Slots {
		s := &v.Slots[i]
		off, n := s.Off&^slotPlain, s.Rest>>24
		if n == slotLong {
			if s.Plain() || off < 4 || !v.within(off-4, 4, len(v.Bytes)) {
				v.check(false)
				return
			}
			n = scan.Uint32(v.Bytes, int(off-4))
		}
		v.within(off, n, len(v.Bytes))
		if s.Declared() {
			v.isNode(s.Node())
		}
	}
	for i := range v.Names[1:] {
		n := &v.Names[1+i]
		length := len(v.Index)
		if n.Wide != 0 {
			length = len(v.Wide)
		}
		if n.Bits > 17 || !v.within(n.Slots, uint32(n.Count), len(v.Slots)) ||
			!v.within(n.Index, 1<<n.Bits, length) {
			v.check(false)
			return
		}
		free := false
		for k := n.Index; k < n.Index+1<<n.Bits; k++ {
			e := uint16(0)
			if n.Wide != 0 {
				e = v.Wide[k]
			} else {
				e = uint16(v.Index[k])
			}
			free = free || e == 0
			v.check(e <= n.Count)
		}
		v.check(free)
	}
}

func (v *verifier) patternTable(i uint32) {
	if i >= uint32(len(v.Strings)) {
		v.check(false)
		return
	}
	if v.pattern == nil {
		v.pattern = make([]bool, len(v.Strings))
	}
	if !v.failed && !v.pattern[i] {
		v.pattern[i] = true
		v.check(pattern.Valid(v.String(i)))
	}
}

func (v *verifier) nodes() {
	for i := range v.Nodes {
		n := &v.Nodes[i]
		if n.Flags&(NodeAlias|NodeTrack) != 0 {
			v.isNode(n.Ops)
		} else {
			v.check(n.Ops < uint32(len(v.Ops)))
		}
		if n.Pattern != 0 {
			v.patternTable(n.Pattern)
		}
		v.check(uint32(n.Capture) < uint32(len(v.Captures)))
	}
}

func (v *verifier) objects() {
	for i := range v.Objects {
		o := &v.Objects[i]
		count := uint32(v.Names[o.Names].Count)
		if o.Required != None {
			v.check(count > 0)
			words := (count + 63) / 64
			if v.within(o.Required, words, len(v.Masks)) && count%64 != 0 {
				v.check(v.Masks[o.Required+words-1]>>(count%64) == 0)
			}
		}
		e := &v.Extras[o.Extra]
		if !v.affords(e.DepCount) {
			return
		}
		for _, r := range v.Rules[e.Deps : e.Deps+e.DepCount] {
			v.check(r.A < count)
			if r.Kind == DepSlot || r.Kind == DepLegacySlot {
				v.check(r.B < count)
			}
		}
	}
}

func (v *verifier) extras() {
	for i := range v.Extras {
		e := &v.Extras[i]
		if !v.affords(e.PatternCount) || !v.affords(e.DepCount) {
			return
		}
		for _, r := range v.Rules[e.Patterns : e.Patterns+e.PatternCount] {
			v.patternTable(r.A)
			v.isNode(r.B)
			v.check(r.Kind < uint32(len(v.Strings)))
		}
		for _, r := range v.Rules[e.Deps : e.Deps+e.DepCount] {
			v.check(r.Kind <= DepLegacyNode)
			if r.Kind == DepNode || r.Kind == DepLegacyNode {
				v.isNode(r.B)
			}
		}
	}
}

func (v *verifier) arrays() {
	for i := range v.Arrays {
		v.areNodes(v.Arrays[i].Prefix, v.Arrays[i].PrefixCount)
	}
}

func (v *verifier) numbers() {
	for i := range v.Numbers {
		n := &v.Numbers[i]
		v.check(n.Step >= 0)
		for _, i := range [...]uint32{n.Min, n.Max, n.Multiple} {
			if i == 0 {
				continue
			}
			if uint64(i)+1 >= uint64(len(v.Strings)) {
				v.check(false)
				return
			}
			_, ok := decimal.Read(v.String(i))
			v.check(ok)
		}
	}
}

func (v *verifier) constants() {
	for i := range v.Constants {
		b := v.Text(v.Constants[i].Value)
		end, code := scan.ValueEnd(b, 0, scan.MaxDepth)
		v.check(code == scan.OK && end == len(b))
	}
}

func (v *verifier) ops() {
	v.check(v.Ops[len(v.Ops)-1].Code == OpEnd && v.Ops[0].Code == OpEnd)
	for i := range v.Ops {
		op := &v.Ops[i]
		switch op.Code {
		case OpEnd:
		case OpRef, OpAllOf, OpNot, OpDynamicRef, OpRecursiveRef, OpScope, OpUnevaluatedProps, OpUnevaluatedItems:
			v.isNode(op.A)
		case OpAnyOf, OpOneOf:
			v.areNodes(op.A, op.B)
		case OpIf:
			if v.within(op.A, 3, len(v.Refs)) {
				v.isNode(v.Refs[op.A])
			}
		default:
			v.check(false)
		}
	}
}

// acyclic checks that no node applies itself to the value it stands at: it
// takes away nodes that no remaining node leads to until none is left.
//
//go:nobounds
func (v *verifier) acyclic() {
	incoming := make([]uint32, len(v.Nodes))
	for i := range v.Nodes {
		for _, n := range v.inPlace(&v.Nodes[i]) {
			incoming[n]++
		}
	}
	ready := make([]uint32, 0, len(v.Nodes))
	for i, n := range incoming {
		if n == 0 {
			ready = append(ready, uint32(i))
		}
	}
	for i := 0; i < len(ready); i++ {
		for _, n := range v.inPlace(&v.Nodes[ready[i]]) {
			if incoming[n]--; incoming[n] == 0 {
				ready = append(ready, n)
			}
		}
	}
	v.check(v.steps <= maxSteps)
	v.check(len(ready) == len(v.Nodes))
	if !v.failed {
		v.count(ready, incoming)
	}
}

// count counts the branches of the nodes, each of which comes after those that
// lead to it. All counts begin at zero.
//
//go:nobounds
func (v *verifier) count(nodes, branches []uint32) {
	for i := len(nodes) - 1; i >= 0; i-- {
		n := &v.Nodes[nodes[i]]
		sum := min(v.Extras[v.Objects[n.Object].Extra].PatternCount, MaxBranches)
		for _, child := range v.inPlace(n) {
			sum = min(sum+1+branches[child], MaxBranches)
		}
		branches[nodes[i]] = sum
		v.branches = max(v.branches, sum)
	}
}

// inPlace returns the nodes that n applies to the same value, until the next
// call. Targets of dynamic references other than the default depend on the path
// taken; the engine bounds those by counting.
//
//go:nobounds
func (v *verifier) inPlace(n *Node) []uint32 {
	if v.steps > maxSteps {
		return nil
	}
	list := v.applied[:0]
	if n.Flags&(NodeAlias|NodeTrack) != 0 {
		list = append(list, n.Ops)
	} else {
		e := &v.Extras[v.Objects[n.Object].Extra]
		for _, r := range v.Rules[e.Deps : e.Deps+e.DepCount] {
			v.steps++
			if r.Kind == DepNode || r.Kind == DepLegacyNode {
				list = append(list, r.B)
			}
		}
		for k := n.Ops; v.Ops[k].Code != OpEnd; k++ {
			op := &v.Ops[k]
			v.steps++
			switch op.Code {
			case OpRef, OpAllOf, OpNot, OpDynamicRef, OpRecursiveRef, OpScope:
				list = append(list, op.A)
			case OpAnyOf, OpOneOf:
				v.steps += int(op.B)
				list = append(list, v.Refs[op.A:op.A+op.B]...)
			case OpIf:
				for _, r := range v.Refs[op.A : op.A+3] {
					if r != None {
						list = append(list, r)
					}
				}
			}
		}
	}
	v.applied = list
	return list
}
