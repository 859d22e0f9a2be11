package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// compareVersions holds each schema against the version before it. SchemaVer
// promises that an ADDITION accepts all data that the version before accepted.
func compareVersions(documents []*document) {
	families := map[[3]string][]*document{}
	for _, d := range documents {
		if d.tree != nil && d.key.Model > 0 {
			family := [3]string{d.key.Vendor, d.key.Name, d.key.Format}
			families[family] = append(families[family], d)
		}
	}
	for _, versions := range families {
		slices.SortFunc(versions, func(a, b *document) int {
			return cmp.Or(cmp.Compare(a.key.Model, b.key.Model), cmp.Compare(a.key.Revision, b.key.Revision), cmp.Compare(a.key.Addition, b.key.Addition))
		})
		versions[0].checkFirst()
		for i := 1; i < len(versions); i++ {
			older, newer := versions[i-1], versions[i]
			newer.checkSuccession(older)
			if older.key.Model == newer.key.Model && older.key.Revision == newer.key.Revision {
				evolution{func(at *node, sure bool, change string) {
					if sure {
						newer.add(Error, "addition", at, "%s: data that %s accepted is refused, so this is a new REVISION or MODEL, not an ADDITION", change, older.key.version())
					} else {
						newer.add(Warning, "addition", at, "%s: make sure that all data that %s accepted is accepted still, or this is a new REVISION", change, older.key.version())
					}
				}}.compare(older.tree, newer.tree)
			}
		}
	}
}

// evolution looks for what a newer version refuses and an older one accepted.
type evolution struct {
	// report is told of each change, and whether it is sure to break data.
	report func(at *node, sure bool, change string)
}

func (e evolution) breaks(at *node, format string, args ...any) {
	e.report(at, true, fmt.Sprintf(format, args...))
}

func (e evolution) mayBreak(at *node, format string, args ...any) {
	e.report(at, false, fmt.Sprintf(format, args...))
}

// compare holds a schema against its older self. It judges what can be judged
// keyword by keyword, and is in doubt about the logic of oneOf and the like.
func (e evolution) compare(older, newer *node) {
	if older.kind != object || newer.kind != object {
		return
	}
	e.compareTypes(older, newer)
	e.compareBounds(older, newer)
	e.compareValues(older, newer)
	e.compareProperties(older, newer)
	e.compareLogic(older, newer)
	switch a, b := older.get("items"), newer.get("items"); {
	case b == nil || a.equal(b):
	case a == nil && b.kind == object && !saysNothing(b):
		e.mayBreak(b, "items is added")
	case a != nil && a.kind == object && b.kind == object:
		e.compare(a, b)
	case a != nil && (a.kind == array || b.kind == array):
		e.mayBreak(b, "items is changed")
	}
}

// logic are the keywords whose change this package does not follow.
var logic = []string{
	"$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
	"dependencies", "dependentRequired", "dependentSchemas", "propertyNames", "patternProperties",
	"additionalItems", "prefixItems", "contains", "unevaluatedProperties", "unevaluatedItems",
}

func (e evolution) compareLogic(older, newer *node) {
	for _, keyword := range logic {
		before, now := older.get(keyword), newer.get(keyword)
		switch {
		case now == nil || before.equal(now) || now.kind == boolean && now.text == "true":
		case keyword == "anyOf" && before != nil && !slices.ContainsFunc(before.items, func(b *node) bool { return !slices.ContainsFunc(now.items, b.equal) }):
			// Another branch can only let more in.
		case before == nil:
			e.mayBreak(now, "%s is added", keyword)
		default:
			e.mayBreak(now, "%s is changed", keyword)
		}
	}
	before, now := older.get("additionalProperties"), newer.get("additionalProperties")
	if now != nil && now.kind == object && !saysNothing(now) && !isFalse(before) && !before.equal(now) {
		e.mayBreak(now, "additionalProperties is a schema")
	}
}

// saysNothing reports whether every value conforms to the schema.
func saysNothing(s *node) bool {
	if s.kind == boolean {
		return s.text == "true"
	}
	return s.kind == object && !slices.ContainsFunc(s.members, func(m member) bool {
		return !slices.Contains(annotations, m.name) && !strings.HasPrefix(m.name, "x-")
	})
}

// annotations are the keywords that assert nothing.
var annotations = []string{
	"$schema", "id", "$id", "$comment", "$anchor", "$defs", "definitions", "title", "description", "default", "examples",
	"deprecated", "readOnly", "writeOnly", "self", "$supersedes", "$supersededBy",
}

func (e evolution) compareTypes(older, newer *node) {
	now := typesOf(newer)
	if len(now) == 0 {
		return
	}
	before := typesOf(older)
	if len(before) == 0 {
		values := older.get("enum")
		narrow := values == nil || slices.ContainsFunc(values.items, func(v *node) bool {
			return !slices.ContainsFunc(now, func(t string) bool { return hasType(v, t) })
		})
		if narrow {
			e.breaks(newer.get("type"), "type %s was not asked for before", strings.Join(now, ", "))
		}
		return
	}
	for _, t := range before {
		if !slices.Contains(now, t) && !(t == "integer" && slices.Contains(now, "number")) {
			e.breaks(newer.get("type"), "type %s is no longer allowed", t)
		}
	}
}

func (e evolution) compareBounds(older, newer *node) {
	for _, pair := range pairs {
		for i, keyword := range pair {
			before, now := older.get(keyword), newer.get(keyword)
			switch {
			case now == nil || now.kind != number:
			case keyword == "maxLength" && longest(older) >= 0 && longest(newer) >= longest(older):
			case keyword == "minLength" && now.text == "0":
			case before == nil:
				e.breaks(now, "%s %s is added", keyword, now.text)
			case i == 0 && compare(now, before) > 0, i == 1 && compare(now, before) < 0:
				e.breaks(now, "%s was %s and is %s", keyword, before.text, now.text)
			}
		}
	}
	for _, keyword := range []string{"pattern", "format", "multipleOf", "exclusiveMinimum", "exclusiveMaximum", "uniqueItems"} {
		before, now := older.get(keyword), newer.get(keyword)
		switch {
		case now == nil || before.equal(now) || isFalse(now):
		case before == nil:
			e.breaks(now, "%s is added", keyword)
		default:
			e.breaks(now, "%s is changed", keyword)
		}
	}
}

func (e evolution) compareValues(older, newer *node) {
	if before, now := older.get("const"), newer.get("const"); now != nil && !before.equal(now) {
		if before == nil {
			e.breaks(now, "const is added")
		} else {
			e.breaks(now, "const is changed")
		}
	}
	before, now := older.get("enum"), newer.get("enum")
	switch {
	case now == nil:
	case before == nil:
		e.breaks(now, "enum is added")
	default:
		for _, value := range before.items {
			if !slices.ContainsFunc(now.items, value.equal) {
				e.breaks(now, "enum no longer holds %s", value.text)
			}
		}
	}
}

func (e evolution) compareProperties(older, newer *node) {
	closed := isFalse(newer.get("additionalProperties"))
	if closed && !isFalse(older.get("additionalProperties")) && older.get("type") != nil {
		e.breaks(newer.get("additionalProperties"), "additionalProperties is closed")
	}
	if required := newer.get("required"); required != nil {
		before := older.get("required")
		for _, name := range required.items {
			if before == nil || !slices.ContainsFunc(before.items, name.equal) {
				e.breaks(name, "%q is required", name.text)
			}
		}
	}
	before, now := older.get("properties"), newer.get("properties")
	if before == nil {
		return
	}
	for _, m := range before.members {
		var same *node
		if now != nil {
			same = now.get(m.name)
		}
		switch {
		case same != nil:
			e.compare(m.value, same)
		case closed && newer.get("patternProperties") == nil:
			e.breaks(newer.get("additionalProperties"), "property %q is gone", m.name)
		}
	}
}
