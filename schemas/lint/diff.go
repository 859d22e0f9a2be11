package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
)

// Bump is how far a change must raise a SchemaVer.
type Bump string

const (
	BumpNone     Bump = ""         // nothing that a validator reads has changed
	BumpAddition Bump = "ADDITION" // all data accepted before is accepted still
	BumpRevision Bump = "REVISION" // some may not be; if the meaning is another one, MODEL
	BumpModel    Bump = "MODEL"    // consumers treat it as another table
)

func (b Bump) rank() int {
	return slices.Index([]Bump{BumpNone, BumpAddition, BumpRevision, BumpModel}, b)
}

// What became of a schema.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Change is what became of one schema between two folders.
type Change struct {
	Key     string `json:"key"`
	What    string `json:"what"`              // Added, Removed or Changed
	Against string `json:"against,omitempty"` // the version it is held against: the one before it, or its former self
	Needs   Bump   `json:"needs,omitempty"`   // how far Against must be raised
	Raises  Bump   `json:"raises,omitempty"`  // how far it is
	Fault   string `json:"fault,omitempty"`   // why the change must not be published; "" if it may
	// Reasons are the places in the newer file that need more than an ADDITION.
	// Warnings are doubts: the logic of oneOf and the like is not followed.
	Reasons []Finding `json:"reasons,omitempty"`
}

// Diff compares two folders of Iglu layout, the published one and the one to
// come, and says for each change how far it must raise the version. The result
// is sorted by key and names files without their folder. Files that are no
// schemas are an error: lint the folders first.
func Diff(older, newer fs.FS) ([]Change, error) {
	before, err := readAll(older)
	if err != nil {
		return nil, fmt.Errorf("reading the older schemas: %w", err)
	}
	after, err := readAll(newer)
	if err != nil {
		return nil, fmt.Errorf("reading the newer schemas: %w", err)
	}
	var changes []Change
	for file, d := range before {
		switch now := after[file]; {
		case now == nil:
			changes = append(changes, Change{Key: "iglu:" + file, What: Removed, Fault: "trackers that send it are answered with an unknown schema"})
		case !now.tree.equal(d.tree):
			changes = append(changes, rewritten(d, now))
		}
	}
	for file, d := range after {
		if before[file] == nil {
			changes = append(changes, added(d, predecessor(d, after)))
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Key, b.Key) })
	return changes, nil
}

func readAll(root fs.FS) (map[string]*document, error) {
	files, err := find(root)
	if err != nil {
		return nil, err
	}
	all := map[string]*document{}
	for _, file := range files {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return nil, err
		}
		d := &document{file: file, text: text}
		if d.checkPath(); len(d.findings) > 0 {
			return nil, fmt.Errorf("%s", d.findings[0])
		}
		tree, fault := parse(text)
		if fault != nil {
			d.add(Error, "json", fault.node, "%s", fault.message)
			return nil, fmt.Errorf("%s", d.findings[0])
		}
		d.tree = tree
		all[file] = d
	}
	return all, nil
}

// rewritten is the change of a schema that keeps its version.
func rewritten(before, now *document) Change {
	c := Change{Key: "iglu:" + now.file, What: Changed, Against: before.key.version()}
	c.Needs, c.Reasons = bumpFor(before, now)
	if c.Needs != BumpNone {
		c.Fault = fmt.Sprintf("a published version never changes: make this %s", raised(before.key, c.Needs).version())
	}
	return c
}

// added is the change of a schema that comes after the version before it, nil for none.
func added(d, before *document) Change {
	c := Change{Key: "iglu:" + d.file, What: Added}
	if before == nil {
		return c
	}
	c.Against = before.key.version()
	c.Needs, c.Reasons = bumpFor(before, d)
	switch {
	case before.key.Model != d.key.Model:
		c.Raises = BumpModel
	case before.key.Revision != d.key.Revision:
		c.Raises = BumpRevision
	default:
		c.Raises = BumpAddition
	}
	if c.Raises.rank() < c.Needs.rank() {
		c.Fault = fmt.Sprintf("needs a new %s: make this %s", c.Needs, raised(before.key, c.Needs).version())
	}
	return c
}

// predecessor is the highest version below that of d.
func predecessor(d *document, all map[string]*document) (best *document) {
	for _, other := range all {
		a, b := other.key, d.key
		if a.Vendor == b.Vendor && a.Name == b.Name && a.Format == b.Format && less(a, b) && (best == nil || less(best.key, a)) {
			best = other
		}
	}
	return best
}

func less(a, b key) bool {
	return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Addition, b.Addition)) < 0
}

// bumpFor is how far the change from one schema to another must raise the version.
func bumpFor(before, now *document) (Bump, []Finding) {
	if now.tree.essence().equal(before.tree.essence()) {
		return BumpNone, nil
	}
	bump := BumpAddition
	probe := &document{file: now.file, text: now.text}
	evolution{func(at *node, sure bool, change string) {
		bump = BumpRevision
		if sure {
			probe.add(Error, "addition", at, "%s", change)
		} else {
			probe.add(Warning, "addition", at, "%s", change)
		}
	}}.compare(before.tree, now.tree)
	return bump, probe.findings
}

// raised is the version that a bump leads to.
func raised(k key, b Bump) key {
	switch b {
	case BumpModel:
		k.Model, k.Revision, k.Addition = k.Model+1, 0, 0
	case BumpRevision:
		k.Revision, k.Addition = k.Revision+1, 0
	case BumpAddition:
		k.Addition++
	}
	return k
}

// prose are the keywords for people. A property may be called the same, so
// they are told apart by where they stand.
var prose = []string{"title", "description", "$comment", "examples", "default", "deprecated", "readOnly", "writeOnly"}

// essence is the schema without prose and "self".
func (n *node) essence() *node {
	if n.kind != object {
		return n
	}
	c := *n
	c.members = nil
	for _, m := range n.members {
		if slices.Contains(prose, m.name) || n.parent == nil && m.name == "self" {
			continue
		}
		switch m.name {
		case "properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies":
			m.value = m.value.each((*node).essence)
		case "allOf", "anyOf", "oneOf", "prefixItems", "items":
			if m.value.kind == array {
				m.value = m.value.each((*node).essence)
			} else {
				m.value = m.value.essence()
			}
		case "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema":
			m.value = m.value.essence()
		}
		c.members = append(c.members, m)
	}
	return &c
}

// each applies f to the members or items of n.
func (n *node) each(f func(*node) *node) *node {
	c := *n
	c.members, c.items = slices.Clone(n.members), slices.Clone(n.items)
	for i := range c.members {
		c.members[i].value = f(c.members[i].value)
	}
	for i := range c.items {
		c.items[i] = f(c.items[i])
	}
	return &c
}
