package compile

import (
	"slices"

	"weir/schemas/bundle"
	"weir/schemas/scan"
)

func (c *compiler) arrays(t *tree, r *resource, n *node) {
	d := r.dialect.draft
	a := array{items: anything, max: bundle.None, minMatch: 1, maxMatch: bundle.None}
	said := false
	if r.dialect.validation {
		if k := t.get("minItems"); k != nil {
			a.min, said = c.count(k), true
		}
		if k := t.get("maxItems"); k != nil {
			a.max, said = c.count(k), true
		}
		if t.get("uniqueItems").isTrue() {
			a.flags, said = a.flags|bundle.UniqueItems, true
		}
	}
	if r.dialect.applicator {
		said = c.items(t, r, &a) || said
		if k := t.get("contains"); k != nil && d >= Draft6 {
			a.contains, said = c.schema(k, r), true
			if k := t.get("minContains"); k != nil && d >= Draft2019 && r.dialect.validation {
				a.minMatch = c.count(k)
			}
			if k := t.get("maxContains"); k != nil && d >= Draft2019 && r.dialect.validation {
				a.maxMatch = c.count(k)
			}
			if d >= Draft2020 {
				a.flags |= bundle.ContainsMarks
			}
		}
	}
	if said {
		n.array = &a
	}
}

// items reads items and what goes with it, in the spelling of the draft.
func (c *compiler) items(t *tree, r *resource, a *array) bool {
	prefix, rest := t.get("items"), t.get("additionalItems")
	switch {
	case r.dialect.draft >= Draft2020:
		prefix, rest = t.get("prefixItems"), prefix
	case prefix == nil || prefix.kind != scan.Array:
		prefix, rest = nil, prefix // additionalItems means nothing without a tuple
		a.flags |= bundle.LegacyItems
	default:
		a.flags |= bundle.LegacyItems
	}
	if prefix != nil {
		a.prefix = c.list(prefix, r)
	}
	if rest != nil {
		a.items = c.schema(rest, r)
		a.flags |= bundle.HasAdditional
	}
	return prefix != nil || rest != nil
}

func (c *compiler) objects(t *tree, r *resource, n *node) {
	o := object{additional: anything, names: anything, max: bundle.None}
	said := false
	if r.dialect.validation {
		if k := t.get("minProperties"); k != nil {
			o.min, said = c.count(k), true
		}
		if k := t.get("maxProperties"); k != nil {
			o.max, said = c.count(k), true
		}
	}
	if r.dialect.applicator {
		said = c.properties(t, r, &o) || said
	}
	if r.dialect.validation {
		if k := t.get("required"); k != nil && k.kind == scan.Array {
			for _, name := range k.children {
				o.require(name.text)
			}
			said = true
		}
	}
	said = c.dependencies(t, r, &o) || said
	if said {
		n.object = &o
	}
}

func (c *compiler) properties(t *tree, r *resource, o *object) bool {
	said := false
	if k := t.get("properties"); k != nil {
		said = true
		for i, name := range k.names {
			o.slots = append(o.slots, slot{name, c.schema(k.children[i], r)})
		}
	}
	if k := t.get("patternProperties"); k != nil {
		said = true
		for i, source := range k.names {
			if p := c.pattern(k.children[i], source); p != nil {
				o.patterns = append(o.patterns, patternProperty{p, c.schema(k.children[i], r)})
			}
		}
	}
	if k := t.get("additionalProperties"); k != nil {
		said = true
		o.additional = c.schema(k, r)
		o.flags |= bundle.HasAdditional
	}
	if k := t.get("propertyNames"); k != nil && r.dialect.draft >= Draft6 {
		said = true
		o.names = c.schema(k, r)
	}
	return said
}

// dependencies reads dependencies and, since 2019-09, the two keywords it was
// split into. The old one is still understood there.
func (c *compiler) dependencies(t *tree, r *resource, o *object) bool {
	said := false
	if k := t.get("dependencies"); k != nil && k.kind == scan.Object {
		for i, trigger := range k.names {
			said = c.dependency(o, trigger, k.children[i], r, true) || said
		}
	}
	if r.dialect.draft < Draft2019 {
		return said
	}
	if k := t.get("dependentRequired"); k != nil && r.dialect.validation {
		for i, trigger := range k.names {
			said = c.dependency(o, trigger, k.children[i], r, false) || said
		}
	}
	if k := t.get("dependentSchemas"); k != nil && r.dialect.applicator {
		for i, trigger := range k.names {
			said = c.dependency(o, trigger, k.children[i], r, false) || said
		}
	}
	return said
}

func (c *compiler) dependency(o *object, trigger string, v *tree, r *resource, legacy bool) bool {
	switch v.kind {
	case scan.Array:
		for _, name := range v.children {
			o.mention(trigger)
			o.mention(name.text)
			o.deps = append(o.deps, dependency{trigger: trigger, required: name.text, legacy: legacy})
		}
		return len(v.children) > 0
	case scan.String: // draft 3, still met in the wild
		o.mention(trigger)
		o.mention(v.text)
		o.deps = append(o.deps, dependency{trigger: trigger, required: v.text, legacy: legacy})
	default:
		o.mention(trigger)
		o.deps = append(o.deps, dependency{trigger: trigger, node: c.schema(v, r), legacy: legacy})
	}
	return true
}

// mention makes sure that a name has a slot.
func (o *object) mention(name string) {
	if !slices.ContainsFunc(o.slots, func(s slot) bool { return s.name == name }) {
		o.slots = append(o.slots, slot{name: name})
	}
}

func (o *object) require(name string) {
	o.mention(name)
	if !slices.Contains(o.required, name) {
		o.required = append(o.required, name)
	}
}
