package lint

import (
	"bytes"
	"slices"

	"weir/schemas/compile"
)

// local are the assertions that need nothing but the value and themselves.
var local = []string{
	"type", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required",
}

// checkValues finds values of enum and const that another keyword of the same
// schema refuses, and defaults and examples that would not be valid. It asks
// the engine itself.
func (d *document) checkValues(s *node) {
	allowed := slices.Clone(local)
	if enum := s.get("enum"); enum != nil && enum.kind == array && len(enum.items) > 0 {
		types := typesOf(s)
		for _, value := range enum.items {
			// checkBounds tells of the type.
			if len(types) == 0 || slices.ContainsFunc(types, func(t string) bool { return hasType(value, t) }) {
				d.checkValue(s, local[1:], value, "unreachable", "the enum allows the value, but it %s")
			}
		}
		allowed = append(allowed, "enum")
	}
	if value := s.get("const"); value != nil && d.draft >= draft6 {
		d.checkValue(s, local, value, "bounds", "const is the only value allowed, and it %s")
		allowed = append(allowed, "const")
	}
	if value := s.get("default"); value != nil {
		d.checkValue(s, allowed, value, "example", "the default is not valid: it %s")
	}
	if list := s.get("examples"); list != nil && list.kind == array && d.draft >= draft6 {
		for _, value := range list.items {
			d.checkValue(s, allowed, value, "example", "the example is not valid: it %s")
		}
	}
}

// checkValue holds a value against some keywords of s.
func (d *document) checkValue(s *node, keywords []string, value *node, rule, message string) {
	var schema bytes.Buffer
	for _, m := range s.members {
		if slices.Contains(keywords, m.name) {
			if schema.Len() == 0 {
				schema.WriteByte('{')
			} else {
				schema.WriteByte(',')
			}
			schema.WriteString(`"` + m.name + `":`)
			schema.Write(d.text[m.value.offset:m.value.end])
		}
	}
	if schema.Len() == 0 {
		return
	}
	schema.WriteByte('}')
	drafts := [...]compile.Draft{compile.Draft4, compile.Draft6, compile.Draft7, compile.Draft2019, compile.Draft2020}
	program, err := compile.Schema(schema.Bytes(), compile.Options{Draft: drafts[d.draft]})
	if err != nil {
		return // what is wrong with these keywords is told elsewhere
	}
	if violations := program.Validate(nil, d.text[value.offset:value.end]); len(violations) > 0 {
		severity := Warning
		if rule == "bounds" {
			severity = Error
		}
		v := &violations[0]
		d.add(severity, rule, value, message+" [%s]", v.AppendMessage(nil), v.Keyword())
	}
}
