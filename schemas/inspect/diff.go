package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"weir/schemas/bundle"
)

// Change is what became of one program between two bundles.
type Change struct {
	Key  string `json:"key"`
	What string `json:"what"` // "added", "removed" or "changed"
}

// Diff compares what the programs of two bundles assert; programs that differ
// in nothing but descriptions are the same. How far a change must raise the
// version only the schemas themselves can tell. Sorted by key.
func Diff(older, newer *bundle.Bundle) []Change {
	var changes []Change
	pairs := map[[2]uint32]bool{}
	for i := range older.Schemas {
		key := older.Text(older.Schemas[i].URI)
		j, ok := newer.FindSchema(key)
		switch {
		case !ok:
			changes = append(changes, Change{string(key), "removed"})
		case !same(&older.Tables, &newer.Tables, older.Schemas[i].Root, newer.Schemas[j].Root, pairs):
			changes = append(changes, Change{string(key), "changed"})
		}
	}
	for i := range newer.Schemas {
		key := newer.Text(newer.Schemas[i].URI)
		if _, ok := older.FindSchema(key); !ok {
			changes = append(changes, Change{string(key), "added"})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return changes
}

// same reports whether two programs are: no way down from their roots leads to
// nodes that say different things. pairs remembers pairs known to be the same.
func same(a, b *bundle.Tables, x, y uint32, pairs map[[2]uint32]bool) bool {
	met := map[[2]uint32]bool{}
	for todo := [][2]uint32{{x, y}}; len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if met[p] || pairs[p] {
			continue
		}
		met[p] = true
		m, n := &a.Nodes[p[0]], &b.Nodes[p[1]]
		if local(a, m) != local(b, n) {
			return false
		}
		left, right := children(a, m), children(b, n)
		for i := range left { // as many as right, since local is equal
			if (left[i] == bundle.None) != (right[i] == bundle.None) {
				return false
			}
			if left[i] != bundle.None {
				todo = append(todo, [2]uint32{left[i], right[i]})
			}
		}
	}
	for p := range met {
		pairs[p] = true
	}
	return true
}

// local describes a node without those it leads to, in terms that do not
// depend on where things lie in the bundle.
func local(t *bundle.Tables, n *bundle.Node) string {
	var b strings.Builder
	fmt.Fprint(&b, n.Types, n.Format, n.Flags, n.MinLength, n.MaxLength)
	fmt.Fprintf(&b, " %q %q", t.String(n.Pattern), t.String(t.Captures[n.Capture]))
	if n.Flags&(bundle.NodeAlias|bundle.NodeTrack) != 0 {
		return b.String()
	}
	if n.Number != 0 {
		x := &t.Numbers[n.Number]
		fmt.Fprintf(&b, " number %d %d %d %d", x.Lo, x.Hi, x.Step, x.Flags)
		for _, i := range [...]uint32{x.Min, x.Max, x.Multiple} {
			if i != 0 {
				fmt.Fprintf(&b, " %q", t.String(i))
			} else {
				b.WriteString(" -")
			}
		}
	}
	if n.Array != 0 {
		x := &t.Arrays[n.Array]
		fmt.Fprint(&b, " array ", x.PrefixCount, x.MinItems, x.MaxItems, x.MinContains, x.MaxContains, x.Flags)
	}
	if n.Object != 0 {
		describeObject(&b, t, &t.Objects[n.Object])
	}
	if n.Enum != 0 {
		x := &t.Enums[n.Enum]
		fmt.Fprint(&b, " enum ", x.Flags)
		for _, s := range slots(t, x.Names) {
			fmt.Fprintf(&b, " %q", t.Name(&s))
		}
		for _, c := range t.Constants[x.Values : x.Values+x.Count] {
			fmt.Fprintf(&b, " %s", t.Text(c.Value))
		}
	}
	for _, op := range ops(t, n) {
		branches := uint32(0)
		switch op.Code {
		case bundle.OpAnyOf, bundle.OpOneOf, bundle.OpAllOf:
			branches = op.B
		}
		fmt.Fprint(&b, " op ", op.Code, branches)
	}
	return b.String()
}

func describeObject(b *strings.Builder, t *bundle.Tables, o *bundle.Object) {
	fmt.Fprint(b, " object ", o.Flags)
	for i, s := range slots(t, o.Names) {
		required := o.Required != bundle.None && t.Masks[o.Required+uint32(i/64)]>>(i%64)&1 != 0
		fmt.Fprintf(b, " %q %t %t", t.Name(&s), s.Declared(), required)
	}
	x := &t.Extras[o.Extra]
	fmt.Fprint(b, " extra ", x.MinProperties, x.MaxProperties)
	for _, r := range t.Rules[x.Patterns : x.Patterns+x.PatternCount] {
		fmt.Fprintf(b, " pattern %q", t.String(r.Kind))
	}
	for _, r := range t.Rules[x.Deps : x.Deps+x.DepCount] {
		fmt.Fprint(b, " dep ", r.A, r.Kind)
		if r.Kind == bundle.DepSlot || r.Kind == bundle.DepLegacySlot {
			fmt.Fprint(b, " ", r.B)
		}
	}
}
