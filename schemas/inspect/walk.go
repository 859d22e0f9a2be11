package inspect

import "weir/schemas/bundle"

var opNames = [...]string{
	bundle.OpRef:              "$ref",
	bundle.OpAllOf:            "allOf",
	bundle.OpAnyOf:            "anyOf",
	bundle.OpOneOf:            "oneOf",
	bundle.OpNot:              "not",
	bundle.OpIf:               "if",
	bundle.OpDynamicRef:       "$dynamicRef",
	bundle.OpRecursiveRef:     "$recursiveRef",
	bundle.OpScope:            "resource",
	bundle.OpUnevaluatedProps: "unevaluatedProperties",
	bundle.OpUnevaluatedItems: "unevaluatedItems",
}

// ops are the keywords of a node that hold schemas.
func ops(t *bundle.Tables, n *bundle.Node) []bundle.Op {
	if n.Flags&(bundle.NodeAlias|bundle.NodeTrack) != 0 {
		return nil
	}
	end := n.Ops
	for t.Ops[end].Code != bundle.OpEnd {
		end++
	}
	return t.Ops[n.Ops:end]
}

// children are the nodes a node leads to, in an order that depends only on what
// it says; None stands for one that is left out.
func children(t *bundle.Tables, n *bundle.Node) []uint32 {
	if n.Flags&(bundle.NodeAlias|bundle.NodeTrack) != 0 {
		return []uint32{n.Ops}
	}
	var list []uint32
	if n.Object != 0 {
		o := &t.Objects[n.Object]
		list = append(list, o.Additional)
		for _, s := range slots(t, o.Names) {
			if s.Declared() {
				list = append(list, s.Node())
			}
		}
		x := &t.Extras[o.Extra]
		list = append(list, x.PropertyNames)
		for _, r := range t.Rules[x.Patterns : x.Patterns+x.PatternCount] {
			list = append(list, r.B)
		}
		for _, r := range t.Rules[x.Deps : x.Deps+x.DepCount] {
			if r.Kind == bundle.DepNode || r.Kind == bundle.DepLegacyNode {
				list = append(list, r.B)
			}
		}
	}
	if n.Array != 0 {
		a := &t.Arrays[n.Array]
		list = append(append(list, a.Items, a.Contains), t.Refs[a.Prefix:a.Prefix+a.PrefixCount]...)
	}
	for _, op := range ops(t, n) {
		switch op.Code {
		case bundle.OpAnyOf, bundle.OpOneOf:
			list = append(list, t.Refs[op.A:op.A+op.B]...)
		case bundle.OpIf:
			list = append(list, t.Refs[op.A:op.A+3]...)
		default:
			list = append(list, op.A)
		}
	}
	return list
}

func slots(t *bundle.Tables, names uint32) []bundle.Slot {
	n := &t.Names[names]
	return t.Slots[n.Slots : n.Slots+uint32(n.Count)]
}

// reachable are the nodes that root leads to, itself included.
func reachable(t *bundle.Tables, root uint32) map[uint32]bool {
	seen := map[uint32]bool{root: true}
	for todo := []uint32{root}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, c := range children(t, &t.Nodes[n]) {
			if c != bundle.None && !seen[c] {
				seen[c] = true
				todo = append(todo, c)
			}
		}
	}
	return seen
}
