package validate_test

import (
	"fmt"
	"log"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/validate"
)

// Compile once, validate bytes.
func Example() {
	compiled, err := compile.Bundle([]compile.Source{{
		Key:  "https://example.com/order.json",
		Path: "order.json",
		JSON: []byte(`{
			"type": "object",
			"properties": {
				"id":    {"type": "string", "format": "uuid"},
				"price": {"type": "number", "minimum": 0, "multipleOf": 0.01},
				"items": {"type": "array", "items": {"type": "string", "maxLength": 8}}
			},
			"required": ["id", "price"]
		}`),
	}}, compile.Options{})
	if err != nil {
		log.Fatal(err) // one line a fault: file, line, JSON pointer, what to do
	}
	opened, err := bundle.Open(compiled)
	if err != nil {
		log.Fatal(err)
	}
	order, ok := validate.NewSet(opened).Lookup([]byte("https://example.com/order.json"))
	if !ok {
		log.Fatal("no such schema")
	}
	for _, v := range order.Validate(nil, []byte(`{"price": 19.999, "items": ["apple", "watermelon"]}`)) {
		fmt.Printf("%s: %s %s\n", v.AppendDotPath(nil), v.Keyword(), v.AppendMessage(nil))
	}
	// Output:
	// $.price: multipleOf must be a multiple of 0.01
	// $.items[1]: maxLength must be at most 8 characters long
	// $: required must have the member "id"
}

// A Run that is used again allocates nothing, and says where annotated values lie.
func ExampleProgram_Run() {
	compiled, err := compile.Bundle([]compile.Source{{
		Key:  "urn:user",
		JSON: []byte(`{"properties": {"mail": {"type": "string", "x-weir-privacy": {"action": "drop"}}}}`),
	}}, compile.Options{})
	if err != nil {
		log.Fatal(err)
	}
	opened, err := bundle.Open(compiled)
	if err != nil {
		log.Fatal(err)
	}
	set := validate.NewSet(opened)
	user, _ := set.Lookup([]byte("urn:user"))

	var run validate.Run
	doc := []byte(`{"id": 7, "mail": "ann@example.com"}`)
	valid := user.Run(&run, doc)
	fmt.Println(valid)
	for _, c := range run.Captures {
		fmt.Printf("%s %s\n", set.Annotation(c.ID), doc[c.Start:c.End])
	}
	// Output:
	// true
	// {"action":"drop"} "ann@example.com"
}
