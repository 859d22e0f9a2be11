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
	order, err := compile.Schema([]byte(`{
		"type": "object",
		"properties": {
			"id":    {"type": "string", "format": "uuid"},
			"price": {"type": "number", "minimum": 0, "multipleOf": 0.01},
			"items": {"type": "array", "items": {"type": "string", "maxLength": 8}}
		},
		"required": ["id", "price"]
	}`), compile.Options{})
	if err != nil {
		log.Fatal(err) // one line a fault: file, line, JSON pointer, what to do
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
	user, err := compile.Schema([]byte(`{"properties": {"mail": {"type": "string", "x-weir-privacy": {"action": "drop"}}}}`), compile.Options{})
	if err != nil {
		log.Fatal(err)
	}

	var run validate.Run
	doc := []byte(`{"id": 7, "mail": "ann@example.com"}`)
	valid := user.Run(&run, doc)
	fmt.Println(valid)
	for _, c := range run.Captures {
		fmt.Printf("%s %s\n", user.Set().Annotation(c.ID), doc[c.Start:c.End])
	}
	// Output:
	// true
	// {"action":"drop"} "ann@example.com"
}

// Compile in one place, open the bytes in another.
func ExampleSet_Lookup() {
	compiled, err := compile.Bundle([]compile.Source{{Key: "https://example.com/flag", JSON: []byte(`{"type": "boolean"}`)}}, compile.Options{})
	if err != nil {
		log.Fatal(err)
	}

	b, err := bundle.Open(compiled) // verified: it cannot make the engine read out of range or loop
	if err != nil {
		log.Fatal(err)
	}
	set := validate.NewSet(b)
	flag, ok := set.Lookup([]byte("https://example.com/flag"))
	fmt.Println(ok, len(flag.Validate(nil, []byte(`true`))), len(flag.Validate(nil, []byte(`"true"`))))
	_, ok = set.Lookup([]byte("https://example.com/other"))
	fmt.Println(ok)
	// Output:
	// true 0 1
	// false
}

// A bundle that is not sound leaves the one in use.
func ExampleSwap() {
	bundleOf := func(schema string) []byte {
		b, err := compile.Bundle([]compile.Source{{Key: "urn:event", JSON: []byte(schema)}}, compile.Options{})
		if err != nil {
			log.Fatal(err)
		}
		return b
	}
	var schemas validate.Swap
	accepts := func(doc string) bool {
		event, ok := schemas.Set().Lookup([]byte("urn:event"))
		return ok && len(event.Validate(nil, []byte(doc))) == 0
	}
	for _, next := range [][]byte{bundleOf(`{"type": "string"}`), bundleOf(`{"type": "null"}`), []byte("damaged")} {
		if _, err := schemas.Load(next); err != nil {
			fmt.Println(err)
		}
		fmt.Println(accepts(`"text"`), accepts(`null`))
	}
	if err := schemas.Rollback(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(accepts(`"text"`), accepts(`null`))
	// Output:
	// true false
	// false true
	// opening bundle: these bytes are not a bundle
	// false true
	// true false
}
