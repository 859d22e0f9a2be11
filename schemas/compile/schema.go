package compile

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
)

// captured is the annotation whose values the engine reports the extent of.
const captured = "x-weir-privacy"

// schema returns the node for the schema t, referred to from resource from.
func (c *compiler) schema(t *tree, from *resource) *node {
	switch t.kind {
	case scan.True:
		return anything
	case scan.False:
		return nothing
	case scan.Object:
	default:
		c.fail(t, "must be a schema")
		return anything
	}
	r := c.where[t]
	n := c.nodes[t]
	if n == nil {
		n = &node{tree: t, types: bundle.TypeAny, maxLen: bundle.None}
		c.nodes[t] = n
		c.order = append(c.order, n)
		c.read(t, r, n)
	}
	if c.scoped && r != from {
		w := c.entries[t]
		if w == nil {
			w = &node{tree: t, types: bundle.TypeAny, maxLen: bundle.None, ops: []op{{code: bundle.OpScope, nodes: []*node{n}, b: r.id}}}
			c.entries[t] = w
			c.order = append(c.order, w)
		}
		return w
	}
	return n
}

// read fills n from the keywords of the schema t in resource r.
func (c *compiler) read(t *tree, r *resource, n *node) {
	d := r.dialect.draft
	if ref := t.get("$ref"); ref != nil && ref.kind == scan.String {
		target := c.reference(t, ref, r)
		if d <= Draft7 {
			n.alias = target
			return
		}
		n.ops = append(n.ops, op{code: bundle.OpRef, nodes: []*node{target}})
	}
	if d == Draft2020 {
		if ref := t.get("$dynamicRef"); ref != nil {
			c.dynamicRef(t, ref, r, n)
		}
	}
	if d == Draft2019 {
		if ref := t.get("$recursiveRef"); ref != nil {
			c.recursiveRef(t, ref, r, n)
		}
	}
	if r.dialect.validation {
		c.types(t, d, n)
		c.enums(t, d, n)
		c.lengths(t, n)
		c.bounds(t, d, n)
	}
	c.format(t, r.dialect, n)
	c.content(t, d, n)
	if note := t.get(captured); note != nil {
		n.capture = string(compact(c.source(note)))
	}
	c.arrays(t, r, n)
	c.objects(t, r, n)
	if r.dialect.applicator {
		c.applicators(t, r, n)
	}
	switch {
	case n.track:
		inner := *n
		inner.track = false
		c.order = append(c.order, &inner)
		*n = node{tree: t, alias: &inner, track: true}
	case n.neutral() && len(n.ops) == 1 && n.ops[0].code == bundle.OpRef:
		n.alias, n.ops = n.ops[0].nodes[0], nil
	}
}

// reference follows a $ref.
func (c *compiler) reference(t, ref *tree, r *resource) *node {
	target, _ := c.resolve(t, ref, r)
	if target == nil {
		return anything
	}
	return c.schema(target, r)
}

// dynamicRef: where the reference leads to a $dynamicAnchor, a resource further
// out in the dynamic scope may replace it (2020-12, section 8.2.3.2).
func (c *compiler) dynamicRef(t, ref *tree, r *resource, n *node) {
	target, owner := c.resolve(t, ref, r)
	if target == nil {
		return
	}
	name := ""
	for i := range ref.text {
		if ref.text[i] == '#' {
			name = ref.text[i+1:]
		}
	}
	o := op{code: bundle.OpRef, nodes: []*node{c.schema(target, r)}}
	if owner.dynamic[name] == target {
		o.code, o.b = bundle.OpDynamicRef, c.anchorName(name)
		c.dynamic = true
	}
	n.ops = append(n.ops, o)
}

// recursiveRef: the same for "#" and $recursiveAnchor (2019-09, section 8.2.4.2).
func (c *compiler) recursiveRef(t, ref *tree, r *resource, n *node) {
	target, owner := c.resolve(t, ref, r)
	if target == nil {
		return
	}
	o := op{code: bundle.OpRef, nodes: []*node{c.schema(target, r)}}
	if owner.recursive && owner.root == target {
		o.code, o.b = bundle.OpRecursiveRef, c.anchorName("")
		c.dynamic = true
	}
	n.ops = append(n.ops, o)
}

func (c *compiler) anchorName(name string) uint32 {
	i, ok := c.anchors[name]
	if !ok {
		i = uint32(len(c.anchors))
		c.anchors[name] = i
	}
	return i
}

// list returns the schemas of an array.
func (c *compiler) list(t *tree, r *resource) []*node {
	if t.kind != scan.Array {
		c.fail(t, "must be an array of schemas")
		return nil
	}
	var nodes []*node
	for _, s := range t.children {
		nodes = append(nodes, c.schema(s, r))
	}
	return nodes
}

func (c *compiler) applicators(t *tree, r *resource, n *node) {
	d := r.dialect.draft
	if s := t.get("allOf"); s != nil {
		for i, x := range c.list(s, r) {
			n.ops = append(n.ops, op{code: bundle.OpAllOf, nodes: []*node{x}, b: uint32(i)})
		}
	}
	if s := t.get("anyOf"); s != nil {
		n.ops = append(n.ops, op{code: bundle.OpAnyOf, nodes: c.list(s, r)})
	}
	if s := t.get("oneOf"); s != nil {
		n.ops = append(n.ops, op{code: bundle.OpOneOf, nodes: c.list(s, r)})
	}
	if s := t.get("not"); s != nil {
		n.ops = append(n.ops, op{code: bundle.OpNot, nodes: []*node{c.schema(s, r)}})
	}
	if s := t.get("if"); s != nil && d >= Draft7 {
		nodes := []*node{c.schema(s, r), nil, nil}
		if s := t.get("then"); s != nil {
			nodes[1] = c.schema(s, r)
		}
		if s := t.get("else"); s != nil {
			nodes[2] = c.schema(s, r)
		}
		if nodes[1] != nil || nodes[2] != nil || d >= Draft2019 {
			n.ops = append(n.ops, op{code: bundle.OpIf, nodes: nodes})
		}
	}
	if d < Draft2019 {
		return
	}
	if s := t.get("unevaluatedProperties"); s != nil {
		n.track = true
		n.ops = append(n.ops, op{code: bundle.OpUnevaluatedProps, nodes: []*node{c.schema(s, r)}})
	}
	if s := t.get("unevaluatedItems"); s != nil {
		n.track = true
		n.ops = append(n.ops, op{code: bundle.OpUnevaluatedItems, nodes: []*node{c.schema(s, r)}})
	}
}

// source returns the bytes of a value in its document.
func (c *compiler) source(t *tree) []byte {
	root := t
	for root.parent != nil {
		root = root.parent
	}
	return c.trees[root].JSON[t.start:t.end]
}

// compact removes white space outside strings.
func compact(value []byte) []byte {
	var out []byte
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case ' ', '\t', '\n', '\r':
			continue
		case '"':
			end, _, _ := scan.StringEnd(value, i+1)
			out = append(out, value[i:end+1]...)
			i = end
			continue
		}
		out = append(out, value[i])
	}
	return out
}
