package compile

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"weir/schemas/bundle"
	"weir/schemas/validate"
	"weir/schemas/validate/decimal"
)

// layout writes the nodes into tables, each structure and each string once.
func (c *compiler) layout(roots []*node, targets []dynamicTarget) *bundle.Tables {
	class, count := classes(c.order)
	w := &writer{c: c, class: class, texts: map[string]uint32{}, known: map[string]uint32{}}
	w.t = bundle.Tables{
		Nodes:    make([]bundle.Node, 0, count),
		Objects:  []bundle.Object{bundle.NeutralObject},
		Extras:   []bundle.Extra{bundle.NeutralExtra},
		Arrays:   []bundle.Array{bundle.NeutralArray},
		Numbers:  make([]bundle.Number, 1),
		Enums:    make([]bundle.Enum, 1),
		Names:    make([]bundle.Names, 1),
		Ops:      make([]bundle.Op, 1),
		Strings:  make([]bundle.Text, 1),
		Captures: make([]uint32, 1),
	}
	for _, n := range c.order {
		if class[n] == uint32(len(w.t.Nodes)) {
			w.t.Nodes = append(w.t.Nodes, w.node(n))
		}
	}
	if count > bundle.MaxNodes {
		c.errs = append(c.errs, fmt.Errorf("%d distinct schema positions, which is more than %d: compile fewer schemas into one bundle", count, bundle.MaxNodes))
	}
	var schemas []bundle.Schema
	for i, d := range c.documents {
		for _, uri := range d.uris {
			schemas = append(schemas, bundle.Schema{URI: w.text(uri), Root: class[roots[i]]})
		}
	}
	w.t.AddSchemas(schemas)
	for _, x := range targets {
		w.t.Anchors = append(w.t.Anchors, bundle.Anchor{Resource: x.resource, Name: x.name, Node: class[x.node]})
	}
	return &w.t
}

type writer struct {
	c     *compiler
	t     bundle.Tables
	class map[*node]uint32
	texts map[string]uint32 // offsets in Bytes
	known map[string]uint32 // structures written, by kind and content
}

// once returns the index known for a description, or the one that write returns.
func (w *writer) once(kind string, content any, write func() uint32) uint32 {
	key := kind + fmt.Sprintf("%v", content)
	i, ok := w.known[key]
	if !ok {
		i = write()
		w.known[key] = i
	}
	return i
}

// text places a string in Bytes.
func (w *writer) text(s string) bundle.Text {
	off, ok := w.texts[s]
	if !ok {
		off = uint32(len(w.t.Bytes))
		w.t.Bytes = append(w.t.Bytes, s...)
		w.texts[s] = off
	}
	return bundle.Text{Off: off, Len: uint32(len(s))}
}

// str returns the index of a string in Strings.
func (w *writer) str(s string) uint32 {
	return w.once("string", s, func() uint32 {
		w.t.Strings = append(w.t.Strings, w.text(s))
		return uint32(len(w.t.Strings) - 1)
	})
}

func (w *writer) node(n *node) bundle.Node {
	if n.alias != nil {
		b := bundle.Node{Types: bundle.TypeAny, MaxLength: bundle.None, Flags: bundle.NodeAlias, Ops: w.class[n.alias]}
		if n.track {
			b.Flags = bundle.NodeTrack
		}
		return b
	}
	b := bundle.Node{Types: n.types, Format: n.format, Content: n.content, MinLength: n.minLen, MaxLength: n.maxLen}
	if n.pattern != nil {
		b.Pattern = w.str(n.pattern.table)
	}
	if n.number != nil {
		b.Number = w.number(n.number)
	}
	if n.array != nil {
		b.Array = w.array(n.array)
	}
	if n.object != nil {
		b.Object = w.object(n)
	}
	if n.enum != nil {
		b.Enum = w.enum(n)
	}
	if len(n.ops) > 0 {
		b.Ops = w.ops(n.ops)
	}
	if n.capture != "" {
		b.Capture = w.capture(n)
	}
	if n.minLen > 0 || n.maxLen < bundle.None || n.pattern != nil || n.format|n.content != 0 || n.enum != nil {
		b.Flags |= bundle.NodeString
	}
	return b
}

func (w *writer) capture(n *node) uint16 {
	i := w.once("capture", n.capture, func() uint32 {
		w.t.Captures = append(w.t.Captures, w.str(n.capture))
		return uint32(len(w.t.Captures) - 1)
	})
	if i > math.MaxUint16 {
		w.c.fail(n.tree, "more than %d different %s annotations", math.MaxUint16, captured)
	}
	return uint16(i)
}

func (w *writer) number(n *number) uint32 {
	return w.once("number", *n, func() uint32 {
		b := bundle.Number{Lo: math.MinInt64, Hi: math.MaxInt64, Step: 1, Flags: n.flags}
		if n.min != "" {
			floor, ceil := wholeBounds(n.min)
			if floor.Cmp(ceil) == 0 && n.flags&bundle.ExclusiveMin != 0 {
				ceil = ceil.Add(ceil, one)
			}
			b.Lo, b.Min = saturate(ceil), w.decimal(n.min)
		}
		if n.max != "" {
			floor, ceil := wholeBounds(n.max)
			if floor.Cmp(ceil) == 0 && n.flags&bundle.ExclusiveMax != 0 {
				floor = floor.Sub(floor, one)
			}
			b.Hi, b.Max = saturate(floor), w.decimal(n.max)
		}
		if n.multiple != "" {
			b.Multiple = w.decimal(n.multiple)
			b.Step = step(n.multiple)
		}
		w.t.Numbers = append(w.t.Numbers, b)
		return uint32(len(w.t.Numbers) - 1)
	})
}

// decimal places a decimal and, after it, its text.
func (w *writer) decimal(token string) uint32 {
	return w.once("decimal", token, func() uint32 {
		d, _ := decimal.Parse([]byte(token))
		w.t.Strings = append(w.t.Strings, w.text(string(decimal.Append(nil, d))), w.text(token))
		return uint32(len(w.t.Strings) - 2)
	})
}

func (w *writer) array(a *array) uint32 {
	prefix := w.refs(a.prefix)
	b := bundle.Array{
		Items: w.class[a.items], Prefix: prefix, PrefixCount: uint32(len(a.prefix)),
		MinItems: a.min, MaxItems: a.max, Contains: bundle.None,
		MinContains: a.minMatch, MaxContains: a.maxMatch, Flags: a.flags,
	}
	if a.contains != nil {
		b.Contains = w.class[a.contains]
	}
	return w.once("array", b, func() uint32 {
		w.t.Arrays = append(w.t.Arrays, b)
		return uint32(len(w.t.Arrays) - 1)
	})
}

// refs places a list of nodes; nil is None.
func (w *writer) refs(nodes []*node) uint32 {
	if len(nodes) == 0 {
		return 0
	}
	ids := make([]uint32, len(nodes))
	for i, n := range nodes {
		ids[i] = bundle.None
		if n != nil {
			ids[i] = w.class[n]
		}
	}
	return w.once("refs", ids, func() uint32 {
		w.t.Refs = append(w.t.Refs, ids...)
		return uint32(len(w.t.Refs) - len(ids))
	})
}

func (w *writer) object(n *node) uint32 {
	o := n.object
	ordinal := map[string]uint32{}
	slots := make([]bundle.Slot, len(o.slots))
	for i, s := range o.slots {
		ordinal[s.name] = uint32(i)
		slots[i] = w.slot(s.name)
		if s.node != nil {
			slots[i].Declare(w.class[s.node])
		}
	}
	b := bundle.Object{
		Names: w.names(n, slots), Additional: w.class[o.additional], Required: bundle.None,
		Extra: w.extra(o, ordinal), Flags: o.flags,
	}
	if len(o.required) > 0 {
		mask := make([]uint64, (len(slots)+63)/64)
		for _, name := range o.required {
			i := ordinal[name]
			mask[i/64] |= 1 << (i % 64)
		}
		b.Required = w.once("mask", mask, func() uint32 {
			w.t.Masks = append(w.t.Masks, mask...)
			return uint32(len(w.t.Masks) - len(mask))
		})
	}
	return w.once("object", b, func() uint32 {
		w.t.Objects = append(w.t.Objects, b)
		return uint32(len(w.t.Objects) - 1)
	})
}

func (w *writer) extra(o *object, ordinal map[string]uint32) uint32 {
	b := bundle.Extra{
		MinProperties: o.min, MaxProperties: o.max, PropertyNames: w.class[o.names],
		PatternCount: uint32(len(o.patterns)), DepCount: uint32(len(o.deps)),
	}
	var rules []bundle.Rule
	for _, p := range o.patterns {
		rules = append(rules, bundle.Rule{A: w.str(p.pattern.table), B: w.class[p.node], Kind: w.str(p.pattern.source)})
	}
	b.Patterns = w.rules(rules)
	rules = nil
	for _, d := range o.deps {
		r := bundle.Rule{A: ordinal[d.trigger]}
		if d.node != nil {
			r.B, r.Kind = w.class[d.node], bundle.DepNode
		} else {
			r.B, r.Kind = ordinal[d.required], bundle.DepSlot
		}
		if d.legacy {
			r.Kind += bundle.DepLegacySlot - bundle.DepSlot
		}
		rules = append(rules, r)
	}
	b.Deps = w.rules(rules)
	if b == bundle.NeutralExtra {
		return 0
	}
	return w.once("extra", b, func() uint32 {
		w.t.Extras = append(w.t.Extras, b)
		return uint32(len(w.t.Extras) - 1)
	})
}

func (w *writer) rules(rules []bundle.Rule) uint32 {
	if len(rules) == 0 {
		return 0
	}
	return w.once("rules", rules, func() uint32 {
		w.t.Rules = append(w.t.Rules, rules...)
		return uint32(len(w.t.Rules) - len(rules))
	})
}

func (w *writer) slot(name string) bundle.Slot {
	plain := strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) < 0
	off := w.once("name", name, func() uint32 {
		if len(name) < 255 {
			return w.text(name).Off
		}
		w.t.Bytes = binary.LittleEndian.AppendUint32(w.t.Bytes, uint32(len(name)))
		w.t.Bytes = append(w.t.Bytes, name...)
		return uint32(len(w.t.Bytes) - len(name))
	})
	return bundle.NewSlot(name, off, plain)
}

// maxNames is the most names that one index can hold.
const maxNames = 1<<16 - 2

func (w *writer) names(n *node, slots []bundle.Slot) uint32 {
	if len(slots) == 0 {
		return 0
	}
	if len(slots) > maxNames {
		w.c.fail(n.tree, "more than %d names in one object or enum", maxNames)
		return 0
	}
	return w.once("names", slots, func() uint32 {
		w.t.Names = append(w.t.Names, w.t.AddNames(slots))
		return uint32(len(w.t.Names) - 1)
	})
}

func (w *writer) enum(n *node) uint32 {
	e := n.enum
	slots := make([]bundle.Slot, len(e.strings))
	for i, s := range e.strings {
		slots[i] = w.slot(s)
	}
	constants := make([]bundle.Constant, len(e.values))
	for i, v := range e.values {
		constants[i] = bundle.Constant{Hash: validate.Hash([]byte(v)), Value: w.text(v)}
	}
	b := bundle.Enum{Names: w.names(n, slots), Count: uint32(len(constants)), Flags: e.flags}
	if len(constants) > 0 {
		b.Values = w.once("constants", constants, func() uint32 {
			w.t.Constants = append(w.t.Constants, constants...)
			return uint32(len(w.t.Constants) - len(constants))
		})
	}
	return w.once("enum", b, func() uint32 {
		w.t.Enums = append(w.t.Enums, b)
		return uint32(len(w.t.Enums) - 1)
	})
}

func (w *writer) ops(list []op) uint32 {
	var ops []bundle.Op
	for _, o := range list {
		x := bundle.Op{Code: o.code, B: o.b}
		switch o.code {
		case bundle.OpAnyOf, bundle.OpOneOf:
			x.A, x.B = w.refs(o.nodes), uint32(len(o.nodes))
		case bundle.OpIf:
			x.A = w.refs(o.nodes)
		default:
			x.A = w.class[o.nodes[0]]
		}
		ops = append(ops, x)
	}
	ops = append(ops, bundle.Op{Code: bundle.OpEnd})
	return w.once("ops", ops, func() uint32 {
		w.t.Ops = append(w.t.Ops, ops...)
		return uint32(len(w.t.Ops) - len(ops))
	})
}
