package compile_test

import (
	"fmt"
	"log"

	"weir/schemas/compile"
)

// One schema, many documents.
func ExampleSchema() {
	order, err := compile.Schema([]byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object",
		"properties": {
			"id":    {"type": "string", "format": "uuid"},
			"price": {"type": "number", "multipleOf": 0.01}
		},
		"required": ["id"]
	}`), compile.Options{Formats: compile.FormatAssert})
	if err != nil {
		log.Fatal(err)
	}
	for _, doc := range []string{
		`{"id": "a3bb189e-8bf9-3888-9912-ace4e6543002", "price": 19.99}`,
		`{"id": "7", "price": 19.999}`,
	} {
		violations := order.Validate(nil, []byte(doc))
		fmt.Println("valid:", len(violations) == 0)
		for i := range violations {
			v := &violations[i]
			fmt.Printf("  %s %s\n", v.AppendPath(nil), v.AppendMessage(nil))
		}
	}
	// Output:
	// valid: true
	// valid: false
	//   /id must have the format uuid
	//   /price must be a multiple of 0.01
}

// Schemas that refer to each other, and a fault in one of them.
func ExampleSet() {
	price := compile.Source{Key: "https://example.com/price", Path: "price.json", JSON: []byte(`{"type": "number", "minimum": 0}`)}
	order := compile.Source{Key: "https://example.com/order", Path: "order.json", JSON: []byte("{\n  \"properties\": {\"price\": {\"$ref\": \"price\"}}\n}")}

	set, err := compile.Set([]compile.Source{price, order}, compile.Options{})
	if err != nil {
		log.Fatal(err)
	}
	p, _ := set.Lookup([]byte("https://example.com/order"))
	fmt.Println(len(p.Validate(nil, []byte(`{"price": -1}`))), "violation")

	_, err = compile.Set([]compile.Source{order}, compile.Options{})
	fmt.Println(err)
	// Output:
	// 1 violation
	// order.json:2:36: /properties/price/$ref: refers to https://example.com/price, which is not among the schemas; add it, or accept remote references as Snowplow does
}

// An Index says where in a file a keyword stands.
func ExampleIndex() {
	sources := []compile.Source{{Key: "https://example.com/a", Path: "a.json", JSON: []byte("{\n  \"items\": {\n    \"maxLength\": 3\n  }\n}")}}
	index, err := compile.NewIndex(sources, compile.Options{})
	if err != nil {
		log.Fatal(err)
	}
	place, _ := index.Place("https://example.com/a", "/items/maxLength")
	fmt.Printf("%s:%d:%d is %s\n", place.Path, place.Line, place.Column, place.URI)
	// Output:
	// a.json:3:18 is https://example.com/a#/items/maxLength
}
