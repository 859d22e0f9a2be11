package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestFields(t *testing.T) {
	root := fstest.MapFS{"com.acme/order/jsonschema/1-0-0": {Data: []byte(`{
  "properties": {
    "email": {"type": "string"},
    "buyer": {"$ref": "#/definitions/person"},
    "items": {"type": "array", "x-weir-privacy": {"action": "scrub", "find": ["email"]}, "items": {"properties": {"note": {"type": "string", "x-weir-privacy": {"action": "keep", "why": "w"}}}}}
  },
  "patternProperties": {"^x_": {"type": "string"}},
  "anyOf": [{"properties": {"mail": {"x-weir-privacy": {"personal": "mail"}}}}, {"$ref": "#"}],
  "definitions": {"id": {"x-weir-privacy": {"action": "hash"}}, "person": {"properties": {"phone": {"type": "string"}, "parent": {"$ref": "#/definitions/person"}, "id": {"$ref": "#/definitions/id"}}}}
}`)}}
	fields, err := Fields(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fields {
		if f.Schema != "iglu:com.acme/order/jsonschema/1-0-0" || len(f.Annotations) != len(f.Path)+1 {
			t.Errorf("%+v", f)
		}
		above := slices.ContainsFunc(f.Annotations[:len(f.Annotations)-1], func(s string) bool { return s != "" })
		got = append(got, fmt.Sprintf("%s %d:%d %q marked=%q looks=%t leaf=%t above=%t", strings.Join(f.Path, "."), f.Line, f.Column, f.Annotations[len(f.Path)], f.Marked, f.Looks, f.Leaf, above))
	}
	want := []string{
		`email 3:14 "" marked="" looks=true leaf=true above=false`,
		`buyer 4:14 "" marked="" looks=false leaf=false above=false`,
		`buyer.phone 9:100 "" marked="" looks=true leaf=true above=false`,
		`buyer.parent 9:130 "" marked="" looks=false leaf=true above=false`,
		`buyer.id 9:170 "{\"action\": \"hash\"}" marked="" looks=false leaf=true above=false`,
		`items 5:14 "{\"action\": \"scrub\", \"find\": [\"email\"]}" marked="" looks=false leaf=false above=false`,
		`items.* 5:99 "" marked="" looks=false leaf=false above=true`,
		`items.*.note 5:123 "{\"action\": \"keep\", \"why\": \"w\"}" marked="" looks=false leaf=true above=true`,
		`* 7:32 "" marked="" looks=false leaf=true above=false`,
		`mail 8:37 "{\"personal\": \"mail\"}" marked="mail" looks=false leaf=true above=false`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	root["com.acme/order/jsonschema/1-0-1"] = &fstest.MapFile{Data: []byte("{\n 5}")}
	if _, err := Fields(root); err == nil || !strings.HasPrefix(err.Error(), "com.acme/order/jsonschema/1-0-1:2:2: ") {
		t.Errorf("a file that is no JSON: %v", err)
	}
}
