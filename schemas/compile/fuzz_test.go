package compile

import (
	"errors"
	"testing"

	"weir/schemas/bundle"
	"weir/schemas/validate"
)

// FuzzBundle compiles what is hardly a schema. It must compile to a bundle that
// opens and runs, or fail with faults that name a place; it must not panic.
func FuzzBundle(f *testing.F) {
	for _, s := range []string{
		`{"type":["string","null"],"properties":{"a":{"$ref":"#/definitions/b"}},"definitions":{"b":{"minimum":1e400}}}`,
		`{"$id":"http://x/y","$defs":{"a":{"$id":"z","$anchor":"q"}},"$ref":"z#q","unevaluatedProperties":false}`,
		`{"$schema":"http://json-schema.org/draft-04/schema#","id":"#a","items":[{"id":"#b"}],"additionalItems":{"$ref":"#b"},"exclusiveMinimum":true,"minimum":1}`,
		`{"$dynamicRef":"#x","$dynamicAnchor":"x","patternProperties":{"^[a-z]":{"pattern":"\\p{L}+"}}}`,
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"items":{"$recursiveRef":"#"},"contains":true,"minContains":2}`,
		`{"dependencies":{"a":["b"],"c":{"not":{}}},"enum":[[],{},1,"a",null],"const":{}}`,
		`{"if":{"a":1},"then":false,"else":{"oneOf":[{"allOf":[true]}]},"multipleOf":1e-5,"maxLength":2.0}`,
		`{"self":{"vendor":"a.b","name":"c","format":"jsonschema","version":"1-0-0"},"x-weir-privacy":{"a":[1, 2]}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, schema []byte) {
		b, err := Bundle([]Source{{Path: "fuzz.json", JSON: schema}}, Options{Formats: FormatAssert})
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 1 || fault.Message == "" {
				t.Fatalf("%q: %v", schema, err)
			}
			return
		}
		opened, err := bundle.Open(b)
		if err != nil {
			t.Fatalf("%q: %v", schema, err)
		}
		set := validate.NewSet(opened)
		if len(opened.Schemas) == 0 {
			t.Fatalf("%q: no way in", schema)
		}
		for i := range opened.Schemas {
			p, ok := set.Lookup(opened.Text(opened.Schemas[i].URI))
			if !ok {
				t.Fatalf("%q: lost", schema)
			}
			for _, doc := range []string{`{"a":[1,"b",null],"c":{"a":-1.5e3}}`, `[[],{},"x",10]`, string(schema)} {
				p.Validate(nil, []byte(doc))
			}
		}
	})
}
