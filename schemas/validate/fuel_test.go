package validate_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/schemas/compile"
	"weir/schemas/validate"
)

// TestFuel evaluates a schema whose branches branch again at every level.
func TestFuel(t *testing.T) {
	p, err := program([]byte(`{"allOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}`), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	doc := []byte(strings.Repeat("[", 39) + strings.Repeat("]", 39))
	v := p.Validate(nil, doc)
	if len(v) != 1 || v[0].Keyword() != "fuel" {
		t.Errorf("got %s", describe(v))
	}
	if v := p.Validate(nil, []byte(`[[[]]]`)); len(v) > 0 {
		t.Errorf("got %s", describe(v))
	}
}

// TestDoubling evaluates branches that double thirty times over and fail at their
// end: 16 KB would be read for hours.
func TestDoubling(t *testing.T) {
	schema := `{"$ref":"#/$defs/n30","$defs":{"n0":{"required":["c"]}`
	for i := 1; i <= 30; i++ {
		schema += fmt.Sprintf(`,"n%d":{"anyOf":[{"$ref":"#/$defs/n%d"},{"$ref":"#/$defs/n%d"}]}`, i, i-1, i-1)
	}
	p, err := program([]byte(schema+`}}`), compile.Options{Draft: compile.Draft2020})
	if err != nil {
		t.Fatal(err)
	}
	v := p.Validate(nil, []byte(`{"a":"`+strings.Repeat("x", 16<<10)+`"}`))
	if len(v) != 1 || v[0].Keyword() != "fuel" {
		t.Errorf("got %s", describe(v))
	}
}

// TestUnions judges documents under unions of 500 schemas: wherever the member
// is that tells the branches apart, whatever is around it, they are not refused
// for the work that they take.
func TestUnions(t *testing.T) {
	const branches = 500
	list := func(n int, f func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = f(i)
		}
		return strings.Join(parts, ",")
	}
	union := func(keyword, branch string) string {
		return `{"items":{"` + keyword + `":[` + list(branches, func(i int) string { return fmt.Sprintf(branch, i) }) + `]}}`
	}
	long := strings.Repeat("x", 4000)
	for _, c := range []struct{ name, schema, doc string }{
		{"told apart first", union("oneOf", `{"required":["kind"],"properties":{"kind":{"const":"k%d"}}}`),
			list(100, func(i int) string { return fmt.Sprintf(`{"kind":"k%d","text":"%s"}`, i*5, long) })},
		{"told apart last", union("oneOf", `{"required":["kind"],"properties":{"kind":{"const":"k%d"}}}`),
			list(20, func(i int) string { return fmt.Sprintf(`{"text":"%s","kind":"k%d"}`, long, 499-i) })},
		{"told apart by what is required", union("anyOf", `{"required":["m%d"]}`),
			list(20, func(i int) string { return fmt.Sprintf(`{"text":["%s"],"m%d":1}`, long, 499-i) })},
		{"numbers of one digit", union("oneOf", `{"minimum":%[1]d,"maximum":%[1]d}`), list(5000, func(i int) string { return fmt.Sprint(i % 10) })},
		{"two properties", union("oneOf", `{"properties":{"a":{"maximum":%[1]d,"minimum":%[1]d}}}`), list(3000, func(i int) string { return fmt.Sprintf(`{"a":%d}`, i%10) })},
		{"conditionals", `{"items":{"allOf":[` + list(branches, func(i int) string {
			return fmt.Sprintf(`{"if":{"required":["m%[1]d"]},"then":{"properties":{"m%[1]d":{"type":"integer"}}}}`, i)
		}) + `]}}`, list(20, func(i int) string { return fmt.Sprintf(`{"text":"%s","m%d":1}`, long, i) })},
		{"a union in a union", union("oneOf", `{"required":["kind","in"],"properties":{"kind":{"const":"k%[1]d"},"in":{"oneOf":[{"type":"null"},{"required":["a%[1]d"]},{"required":["b%[1]d"]}]}}}`),
			list(50, func(i int) string { return fmt.Sprintf(`{"kind":"k%[1]d","in":{"b%[1]d":"%[2]s"}}`, 499-i, long) })},
	} {
		p, err := program([]byte(c.schema), compile.Options{Draft: compile.Draft7})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if v := p.Validate(nil, []byte("["+c.doc+"]")); len(v) > 0 {
			t.Errorf("%s: %s", c.name, describe(v))
		}
	}
}

// TestFuelIsPaid holds branches that fail late, or look as if they failed early,
// to paying for all that they read.
func TestFuelIsPaid(t *testing.T) {
	const branches = 10
	long := strings.Repeat("x", 4000)
	inner := `{"a":"` + long + `","b":1}`
	for _, c := range []struct{ name, branch, doc string }{
		{"a pattern", `{"pattern":"^x*y$"}`, `"` + long + `"`},
		{"a length", `{"maxLength":2}`, `"` + long + `"`},
		{"a format", `{"format":"uri"}`, `"` + long + `"`},
		{"an enum", `{"enum":["y"]}`, `"` + long + `"`},
		{"a value that is false", `{"properties":{"a":false}}`, inner},
		{"a number", `{"maximum":2}`, "1" + strings.Repeat("0", 4000)},
		{"a type of number", `{"type":"integer"}`, "1." + strings.Repeat("1", 4000)},
		{"a constant", `{"const":{"b":1}}`, inner},
		{"the last member", `{"properties":{"b":{"const":2}}}`, inner},
		{"a missing member", `{"required":["c"]}`, inner},
		{"the number of members", `{"minProperties":9}`, inner},
		{"the name of a member", `{"propertyNames":{"maxLength":1}}`, `{"` + long + `":1}`},
		{"a member twice, then more", `{"type":"object"}`, `{"z":1,"z":2,"a":"` + long + `"}`},
		{"a declared member twice", `{"properties":{"z":true}}`, `{"a":"` + long + `","z":1,"z":2}`},
		{"what nobody evaluated", `{"unevaluatedProperties":false}`, inner},
		{"the number of items", `{"minItems":9}`, `["` + long + `"]`},
		{"an item twice", `{"uniqueItems":true}`, `[1,1,"` + long + `"]`},
		{"what an array must contain", `{"contains":{"type":"null"}}`, `["` + long + `"]`},
		{"the negation of anything", `{"not":{"minItems":0}}`, `["` + long + `"]`},
		{"one of all", `{"allOf":[{"minItems":0},{"maxItems":0}]}`, `[[],"` + long + `"]`},
		{"a branch beside others", `{"oneOf":[{"required":["c"]},{"required":["d"]}]}`, inner},
	} {
		schema := `{"anyOf":[` + c.branch + strings.Repeat(","+c.branch, branches-1) + `]}`
		p, err := program([]byte(schema), compile.Options{Draft: compile.Draft2020, Formats: compile.FormatAssert})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var r validate.Run
		if p.Run(&r, []byte(c.doc)) {
			t.Errorf("%s: valid", c.name)
		}
		if paid := r.Spent(); paid < branches*4000 {
			t.Errorf("%s: %d bytes paid for, of %d", c.name, paid, branches*len(c.doc))
		}
	}
}
