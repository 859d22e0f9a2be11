package validate_test

import (
	"testing"

	"weir/schemas/compile"
	"weir/schemas/validate"
)

func TestAnnotated(t *testing.T) {
	const private = `{"type":"string","x-weir-privacy":{"action":"drop"}}`
	for schema, want := range map[string]bool{
		`{"type":"object"}`: false,
		`{"properties":{"a":{"properties":{"b":` + private + `}}}}`:                                       true,
		`{"additionalProperties":` + private + `}`:                                                        true,
		`{"patternProperties":{"^a":` + private + `}}`:                                                    true,
		`{"items":` + private + `}`:                                                                       true,
		`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"null"},` + private + `]}`: true,
		`{"anyOf":[{"type":"null"},` + private + `]}`:                                                     true,
		`{"oneOf":[{"type":"null"},` + private + `]}`:                                                     true,
		`{"allOf":[{"minLength":1},` + private + `]}`:                                                     true,
		`{"if":{"type":"null"},"then":{},"else":` + private + `}`:                                         true,
		`{"not":{"type":"null"}}`:                                                                         false,
		`{"dependencies":{"a":{"properties":{"b":` + private + `}}}}`:                                     true,
		`{"definitions":{"p":` + private + `},"properties":{"x":{"$ref":"#/definitions/p"}}}`:             true,
		`{"definitions":{"p":` + private + `},"properties":{"x":{"$ref":"#"}}}`:                           false,
		`{"contains":` + private + `}`:                                                                    true,
	} {
		_, prog, err := bundleOf([]byte(schema), compile.Options{})
		if err != nil {
			t.Fatalf("%s: %v", schema, err)
		}
		var r validate.Run
		for range 2 {
			if got := prog.Annotated(&r); got != want {
				t.Errorf("%s: %t", schema, got)
			}
		}
	}
}
