package compile

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"weir/schemas/bundle"
)

// TestFaults checks that what is wrong with a schema is reported with file,
// line, pointer and a hint.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{"{\n\"type\": \"strng\"}", `s.json:2:9: /type: must be one of "array", "boolean", "integer", "null", "number", "object", "string"`},
		{`{"properties":{"a/b":{"maxLength":-1}}}`, `s.json:1:35: /properties/a~1b/maxLength: must be at least 0`},
		{"{\n\n\"items\":{\"pattern\":\"(?=x)\"}}", `s.json:3:20: /items/pattern: pattern "(?=x)": `},
		{`{"$ref":"#/definitions/x"}`, `s.json:1:9: /$ref: there is nothing at #/definitions/x in`},
		{`{"$ref":"https://example.com/other.json"}`, `s.json:1:9: /$ref: refers to https://example.com/other.json, which is not among the schemas`},
		{`{"$ref":"#"}`, `s.json:1:1: refers to itself without a member or item in between`},
		{`{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"allOf":[{"$ref":"#/$defs/a"}]}}, "$ref":"#/$defs/a"}`, `refers to itself`},
		{`{"$schema":"http://json-schema.org/draft-03/schema#"}`, `s.json:1:12: /$schema: http://json-schema.org/draft-03/schema# is no draft that can be compiled`},
		{"{\n\"a\":1,\n\"a\":2}", `s.json:3:5: /a: the member occurs twice in its object, with different values`},
		{"{\"a\":\n1", `s.json:2:2: not JSON: the document ends inside a value`},
		{`{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}`, `s.json:1:46: /$defs/b/$anchor: the anchor "x" is already at /$defs/a`},
		{`{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":5}`, `s.json:1:85: /exclusiveMinimum: must be true or false`},
		{`{"$schema":"http://json-schema.org/draft-04/schema#","multipleOf":0}`, `s.json:1:67: /multipleOf: must be greater than 0`},
		{`7`, `s.json:1:1: must be an object or true or false`},
	} {
		_, err := Bundle([]Source{{Path: "s.json", JSON: []byte(c.schema)}}, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.schema, err, c.want)
			continue
		}
		var fault *Error
		if !errors.As(err, &fault) || fault.Path != "s.json" {
			t.Errorf("%s: %v is not an *Error", c.schema, err)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := Bundle([]Source{
		{Path: "a.json", JSON: []byte(`{"properties":{"x":{"type":1},"y":{"required":[2]}}}`)},
		{Path: "b.json", JSON: []byte(`{"maxItems":"3"}`)},
	}, Options{})
	for _, want := range []string{"a.json:1:28: /properties/x/type", "a.json:1:48: /properties/y/required/0", "b.json:1:13: /maxItems"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

func TestSameKeyTwice(t *testing.T) {
	s := []byte(`{"type":"null"}`)
	_, err := Bundle([]Source{{Key: "iglu:a/b/jsonschema/1-0-0", Path: "x", JSON: s}, {Key: "iglu:a/b/jsonschema/1-0-0", Path: "y", JSON: s}}, Options{})
	if err == nil || !strings.Contains(err.Error(), "iglu:a/b/jsonschema/1-0-0 is already the URI of another schema") {
		t.Errorf("got %v", err)
	}
}

// TestDedupe compiles schemas that say the same in other places and other
// documents, some of them recursive, and counts what is left.
func TestDedupe(t *testing.T) {
	sources := make([]Source, 20)
	for i := range sources {
		sources[i] = Source{Key: fmt.Sprintf("iglu:com.acme/s%d/jsonschema/1-0-0", i), JSON: []byte(`{
			"description": "number ` + fmt.Sprint(i) + `",
			"type": "object",
			"properties": {
				"name": {"type": "string", "maxLength": 10},
				"title": {"maxLength": 10, "type": "string", "description": "the same"},
				"children": {"type": "array", "items": {"$ref": "#"}}
			}
		}`)}
	}
	b, err := Bundle(sources, Options{})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	// true, false, the object, the string, the array, the reference
	if len(opened.Nodes) != 6 || len(opened.Schemas) != 20 || len(opened.Slots) != 3 {
		t.Errorf("%d nodes, %d schemas, %d slots", len(opened.Nodes), len(opened.Schemas), len(opened.Slots))
	}
}

func TestSameBytesEveryTime(t *testing.T) {
	source := []Source{{Key: "urn:x", JSON: []byte(`{"$ref":"https://json-schema.org/draft/2020-12/schema","properties":{"z":{"enum":[1,"a",{"b":2}]},"y":{"pattern":"^a+$"}}}`)}}
	first, err := Bundle(source, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, _ := Bundle(source, Options{}); string(again) != string(first) {
			t.Fatal("two compilations differ")
		}
	}
}
