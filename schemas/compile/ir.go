package compile

import (
	"fmt"
	"strings"

	"weir/schemas/bundle"
)

// node is one schema position between reading and layout: what
// [bundle.Node] says, with pointers in place of indexes.
type node struct {
	tree    *tree
	alias   *node // stands for another node: by $ref, or if track is set, with members and items tracked
	types   uint8
	format  uint8
	content uint8
	capture string // JSON of the annotation
	minLen  uint32
	maxLen  uint32
	pattern *pattern
	number  *number
	array   *array
	object  *object
	enum    *enum
	ops     []op
	track   bool
}

type pattern struct{ source, table string }

type number struct {
	min, max, multiple string // JSON tokens, "" for none
	flags              uint32
}

type array struct {
	items              *node
	prefix             []*node
	min, max           uint32
	contains           *node
	minMatch, maxMatch uint32
	flags              uint32
}

type object struct {
	slots      []slot
	patterns   []patternProperty
	additional *node
	required   []string
	min, max   uint32
	names      *node
	deps       []dependency
	flags      uint32
}

// slot is a member name; node is nil unless it stands under properties.
type slot struct {
	name string
	node *node
}

type patternProperty struct {
	pattern *pattern
	node    *node
}

type dependency struct {
	trigger  string
	required string // a name, or
	node     *node
	legacy   bool
}

type enum struct {
	strings []string
	values  []string // JSON of numbers, arrays and objects
	flags   uint32
}

type op struct {
	code  uint32
	nodes []*node // nil for none
	b     uint32
}

var (
	anything = &node{types: bundle.TypeAny, maxLen: bundle.None}
	nothing  = &node{maxLen: bundle.None}
)

// neutral reports whether the node asserts nothing but its ops.
func (n *node) neutral() bool {
	return n.types == bundle.TypeAny && n.format == 0 && n.content == 0 && n.capture == "" && n.minLen == 0 && n.maxLen == bundle.None &&
		n.pattern == nil && n.number == nil && n.array == nil && n.object == nil && n.enum == nil && !n.track
}

// local describes the node without those it refers to: two nodes are equal if
// their descriptions are and their references lead to equal nodes.
func (n *node) local() string {
	if n.alias != nil {
		return fmt.Sprintf("alias %t", n.track)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d %d %q %d %d", n.types, n.format, n.content, n.capture, n.minLen, n.maxLen)
	if n.pattern != nil {
		fmt.Fprintf(&b, " p%q", n.pattern.source)
	}
	if n.number != nil {
		fmt.Fprintf(&b, " n%v", *n.number)
	}
	if a := n.array; a != nil {
		fmt.Fprintf(&b, " a%d %d %d %d %d %d %t", len(a.prefix), a.min, a.max, a.minMatch, a.maxMatch, a.flags, a.contains != nil)
	}
	if o := n.object; o != nil {
		fmt.Fprintf(&b, " o%d %d %d %q", o.min, o.max, o.flags, o.required)
		for _, s := range o.slots {
			fmt.Fprintf(&b, " s%q %t", s.name, s.node != nil)
		}
		for _, p := range o.patterns {
			fmt.Fprintf(&b, " p%q", p.pattern.source)
		}
		for _, d := range o.deps {
			fmt.Fprintf(&b, " d%q %q %t %t", d.trigger, d.required, d.node != nil, d.legacy)
		}
	}
	if n.enum != nil {
		fmt.Fprintf(&b, " e%q %q %d", n.enum.strings, n.enum.values, n.enum.flags)
	}
	for _, o := range n.ops {
		fmt.Fprintf(&b, " %d %d %d", o.code, o.b, len(o.nodes))
		for _, x := range o.nodes {
			fmt.Fprintf(&b, " %t", x != nil)
		}
	}
	return b.String()
}

// references calls f with every node that n refers to, in the order of local.
func (n *node) references(f func(*node)) {
	n.inPlace(f)
	if a := n.array; a != nil {
		f(a.items)
		for _, p := range a.prefix {
			f(p)
		}
		if a.contains != nil {
			f(a.contains)
		}
	}
	if o := n.object; o != nil {
		f(o.additional)
		f(o.names)
		for _, s := range o.slots {
			if s.node != nil {
				f(s.node)
			}
		}
		for _, p := range o.patterns {
			f(p.node)
		}
	}
	for _, o := range n.ops {
		if o.code == bundle.OpUnevaluatedProps || o.code == bundle.OpUnevaluatedItems {
			f(o.nodes[0])
		}
	}
}

// inPlace calls f with the nodes that n applies to the value it stands at.
func (n *node) inPlace(f func(*node)) {
	if n.alias != nil {
		f(n.alias)
		return
	}
	if n.object != nil {
		for _, d := range n.object.deps {
			if d.node != nil {
				f(d.node)
			}
		}
	}
	for _, o := range n.ops {
		if o.code == bundle.OpUnevaluatedProps || o.code == bundle.OpUnevaluatedItems {
			continue
		}
		for _, x := range o.nodes {
			if x != nil {
				f(x)
			}
		}
	}
}

// classes numbers the nodes so that equal ones get the same number: first by
// what they say, then ever finer by what they refer to, as automata are
// minimised. The numbers follow the order of first occurrence.
func classes(order []*node) (class map[*node]uint32, count uint32) {
	class = make(map[*node]uint32, len(order))
	keys := make([]string, len(order))
	for i, n := range order {
		keys[i] = n.local()
	}
	local := keys
	for {
		numbers := make(map[string]uint32, len(order))
		next := make(map[*node]uint32, len(order))
		for i, n := range order {
			k, ok := numbers[keys[i]]
			if !ok {
				k = uint32(len(numbers))
				numbers[keys[i]] = k
			}
			next[n] = k
		}
		if uint32(len(numbers)) == count {
			return next, count
		}
		count, class = uint32(len(numbers)), next
		keys = make([]string, len(order))
		for i, n := range order {
			b := []byte(local[i])
			n.references(func(r *node) { b = fmt.Appendf(b, ",%d", class[r]) })
			keys[i] = string(b)
		}
	}
}
