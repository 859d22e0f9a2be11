package compile

import (
	"fmt"
	"testing"
)

func TestIndex(t *testing.T) {
	x, err := NewIndex([]Source{
		{Key: "iglu:com.acme/price/jsonschema/1-0-0", Path: "price", JSON: []byte("{\n\"type\":\"number\",\n  \"minimum\": 0 }")},
		{Key: "iglu:com.acme/order/jsonschema/1-0-0", Path: "order", JSON: []byte(`{
  "properties": {
    "price": {"$ref": "iglu:com.acme/price/jsonschema/1-0-0"},
    "a/b": {"maxLength": 5},
    "n": {"$ref": "#/definitions/n"}
  },
  "definitions": {"n": {"maximum": 1e2}}
}`)},
		{Path: "tree.json", JSON: []byte(`{"$id":"https://example.com/tree","$dynamicAnchor":"node","properties":{
"child":{"$dynamicRef":"#node"},
"part":{"$id":"part","type":"null"}}}`)},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, pointer, want string }{
		{"iglu:com.acme/order/jsonschema/1-0-0", "/properties/price/$ref/minimum", "iglu:com.acme/price/jsonschema/1-0-0#/minimum price:3:14 0"},
		{"iglu:com.acme/order/jsonschema/1-0-0", "/properties/n/$ref/maximum", "iglu:com.acme/order/jsonschema/1-0-0#/definitions/n/maximum order:7:36 1e2"},
		{"iglu:com.acme/order/jsonschema/1-0-0", "/properties/a~1b/maxLength", "iglu:com.acme/order/jsonschema/1-0-0#/properties/a~1b/maxLength order:4:26 5"},
		{"iglu:com.acme/order/jsonschema/1-0-0", "/properties/n/$ref", `iglu:com.acme/order/jsonschema/1-0-0#/properties/n/$ref order:5:19 "#/definitions/n"`},
		{"iglu:com.acme/price/jsonschema/1-0-0", "", "iglu:com.acme/price/jsonschema/1-0-0# price:1:1 {\n\"type\":\"number\",\n  \"minimum\": 0 }"},
		{"https://example.com/tree", "/properties/part/type", `https://example.com/part#/type tree.json:3:29 "null"`},
		{"https://example.com/tree", "/properties/child/$dynamicRef/properties/part/type", ` tree.json:2:24 "#node"`},
		{"https://example.com/tree", "/properties/none/type", ""},
		{"urn:none", "", ""},
	} {
		got := ""
		if p, ok := x.Place(c.key, c.pointer); ok {
			got = fmt.Sprintf("%s %s:%d:%d %s", p.URI, p.Path, p.Line, p.Column, p.Value)
		}
		if got != c.want {
			t.Errorf("%s%s:\n got %s\nwant %s", c.key, c.pointer, got, c.want)
		}
	}
}

func TestIndexFaults(t *testing.T) {
	if _, err := NewIndex([]Source{{Path: "s", JSON: []byte("{")}}, Options{}); err == nil {
		t.Error("a source that is not JSON is taken")
	}
}
