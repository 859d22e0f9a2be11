package lint

import (
	"slices"
	"strings"

	"weir/schemas/validate/format"
)

// draft is a version of JSON Schema, ordered by age.
type draft uint8

const (
	draft4 draft = iota
	draft6
	draft7
	draft2019
	draft2020
)

var draftNames = [...]string{"draft-04", "draft-06", "draft-07", "2019-09", "2020-12"}

func (d draft) String() string { return draftNames[d] }

// dialects are the values of "$schema", without a trailing '#'. Iglu's own is draft-04.
var dialects = map[string]draft{
	"http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0": draft4,
	"http://json-schema.org/draft-04/schema":                                                 draft4,
	"http://json-schema.org/draft-06/schema":                                                 draft6,
	"http://json-schema.org/draft-07/schema":                                                 draft7,
	"https://json-schema.org/draft/2019-09/schema":                                           draft2019,
	"https://json-schema.org/draft/2020-12/schema":                                           draft2020,
}

// span is the drafts that know a keyword, both ends included.
type span struct{ since, until draft }

var keywords = map[string]span{
	"$ref": {draft4, draft2020}, "$schema": {draft4, draft2020}, "id": {draft4, draft4},
	"title": {draft4, draft2020}, "description": {draft4, draft2020}, "default": {draft4, draft2020},
	"type": {draft4, draft2020}, "enum": {draft4, draft2020},
	"multipleOf": {draft4, draft2020}, "minimum": {draft4, draft2020}, "maximum": {draft4, draft2020},
	"exclusiveMinimum": {draft4, draft2020}, "exclusiveMaximum": {draft4, draft2020},
	"minLength": {draft4, draft2020}, "maxLength": {draft4, draft2020}, "pattern": {draft4, draft2020}, "format": {draft4, draft2020},
	"items": {draft4, draft2020}, "additionalItems": {draft4, draft2019}, "minItems": {draft4, draft2020}, "maxItems": {draft4, draft2020}, "uniqueItems": {draft4, draft2020},
	"properties": {draft4, draft2020}, "patternProperties": {draft4, draft2020}, "additionalProperties": {draft4, draft2020},
	"required": {draft4, draft2020}, "minProperties": {draft4, draft2020}, "maxProperties": {draft4, draft2020},
	"dependencies": {draft4, draft7}, "definitions": {draft4, draft2020},
	"allOf": {draft4, draft2020}, "anyOf": {draft4, draft2020}, "oneOf": {draft4, draft2020}, "not": {draft4, draft2020},

	"$id": {draft6, draft2020}, "const": {draft6, draft2020}, "contains": {draft6, draft2020}, "propertyNames": {draft6, draft2020}, "examples": {draft6, draft2020},

	"$comment": {draft7, draft2020}, "if": {draft7, draft2020}, "then": {draft7, draft2020}, "else": {draft7, draft2020},
	"readOnly": {draft7, draft2020}, "writeOnly": {draft7, draft2020}, "contentEncoding": {draft7, draft2020}, "contentMediaType": {draft7, draft2020},

	"$defs": {draft2019, draft2020}, "$anchor": {draft2019, draft2020}, "$vocabulary": {draft2019, draft2020},
	"$recursiveRef": {draft2019, draft2019}, "$recursiveAnchor": {draft2019, draft2019},
	"dependentRequired": {draft2019, draft2020}, "dependentSchemas": {draft2019, draft2020},
	"unevaluatedItems": {draft2019, draft2020}, "unevaluatedProperties": {draft2019, draft2020},
	"minContains": {draft2019, draft2020}, "maxContains": {draft2019, draft2020}, "deprecated": {draft2019, draft2020}, "contentSchema": {draft2019, draft2020},

	"prefixItems": {draft2020, draft2020}, "$dynamicRef": {draft2020, draft2020}, "$dynamicAnchor": {draft2020, draft2020},
}

// igluKeywords stand at the root of a self-describing schema only.
var igluKeywords = []string{"self", "$supersedes", "$supersededBy"}

// privacyKeyword is weir's annotation; see privacy.go.
const privacyKeyword = "x-weir-privacy"

// formats are those that the engine asserts.
var formats = func() (names []string) {
	for id := format.ID(1); id.Name() != ""; id++ {
		names = append(names, id.Name())
	}
	return names
}()

// appliesTo is the type that a keyword constrains. Beside another type it does nothing.
var appliesTo = map[string]string{
	"minLength": "string", "maxLength": "string", "pattern": "string", "format": "string",
	"minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number", "multipleOf": "number",
	"items": "array", "additionalItems": "array", "minItems": "array", "maxItems": "array", "uniqueItems": "array", "contains": "array",
	"properties": "object", "patternProperties": "object", "additionalProperties": "object", "required": "object",
	"minProperties": "object", "maxProperties": "object", "dependencies": "object", "propertyNames": "object",
}

func (d *document) checkDialect() {
	schema := d.tree.get("$schema")
	if schema == nil {
		d.add(Warning, "dialect", d.tree, `"$schema" is missing: the schema is read as draft-04`)
		return
	}
	draft, ok := dialects[strings.TrimSuffix(schema.text, "#")]
	if !ok {
		d.add(Error, "dialect", schema, `%q is not a dialect of JSON Schema that weir knows: use Iglu's or one from draft-04 to 2020-12`, schema.text)
		return
	}
	d.draft = draft
}

func (d *document) checkKeywords(s *node) {
	types := typesOf(s)
	for _, m := range s.members {
		d.checkKeyword(s, m)
		if wants := appliesTo[m.name]; wants != "" && len(types) > 0 && !admits(types, wants) {
			d.add(Warning, "keyword", m.value, "%s does nothing beside type %s", m.name, strings.Join(types, ", "))
		}
	}
	if f := s.get("format"); f != nil && !slices.Contains(formats, f.text) {
		d.add(Warning, "format", f, "format %q is not checked%s", f.text, didYouMean(f.text, formats))
	}
	if s.get("$ref") != nil && d.draft <= draft7 {
		for _, m := range s.members {
			if m.name != "$ref" && keywords[m.name] != (span{}) && !slices.Contains(annotations, m.name) {
				d.add(Warning, "keyword", m.value, "%s is ignored beside $ref: %s reads nothing else there; put both into allOf", m.name, d.draft)
			}
		}
	}
}

func (d *document) checkKeyword(s *node, m member) {
	if m.name == privacyKeyword || s == d.tree && slices.Contains(igluKeywords, m.name) {
		return
	}
	use, known := keywords[m.name]
	switch {
	case known && d.draft < use.since:
		d.add(Warning, "keyword", m.value, "%s is ignored: it came with %s and this schema is %s", m.name, use.since, d.draft)
	case known && d.draft > use.until:
		d.add(Warning, "keyword", m.value, "%s is ignored: it went after %s and this schema is %s", m.name, use.until, d.draft)
	case known || strings.HasPrefix(m.name, "x-"):
	default:
		names := make([]string, 0, len(keywords))
		for name := range keywords {
			names = append(names, name)
		}
		slices.Sort(names)
		meant := didYouMean(m.name, append(names, igluKeywords...))
		severity := Warning
		if meant != "" {
			severity = Error // a misspelling constrains nothing, and nobody would notice
		}
		d.add(severity, "keyword", m.value, "unknown keyword %q is ignored%s", m.name, meant)
	}
}

func typesOf(s *node) []string {
	t := s.get("type")
	if t == nil {
		return nil
	}
	if t.kind == text {
		return []string{t.text}
	}
	var types []string
	for _, item := range t.items {
		types = append(types, item.text)
	}
	return types
}

func admits(types []string, wanted string) bool {
	return slices.ContainsFunc(types, func(t string) bool {
		return t == wanted || t == "integer" && wanted == "number"
	})
}

// didYouMean names the one of names that is at most two edits away.
func didYouMean(word string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		if n := edits(strings.ToLower(word), strings.ToLower(name)); n < least {
			best, least = name, n
		}
	}
	if best == "" || least*3 > len(word) {
		return ""
	}
	return ": did you mean " + best + "?"
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := diagonal
			if a[i-1] != b[j-1] {
				substitute++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, substitute)
		}
	}
	return row[len(b)]
}

// subschemas are the schemas directly inside s.
func subschemas(s *node) (subs []*node) {
	for _, m := range s.members {
		switch m.name {
		case "properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies":
			for _, p := range m.value.members {
				subs = append(subs, p.value)
			}
		case "allOf", "anyOf", "oneOf", "prefixItems", "items":
			subs = append(subs, m.value.items...)
			if m.value.kind == object {
				subs = append(subs, m.value)
			}
		case "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema":
			subs = append(subs, m.value)
		}
	}
	return subs
}
