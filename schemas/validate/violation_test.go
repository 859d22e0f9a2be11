package validate_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/validate"
)

// violations renders what a schema of draft 2020-12 (or the one it names) has
// against a document, one line each: path, keyword, schema path, sentence.
func violations(t *testing.T, schema, doc string) []string {
	t.Helper()
	p, err := program([]byte(schema), compile.Options{Formats: compile.FormatAssert})
	if err != nil {
		t.Fatalf("%s: %v", schema, err)
	}
	var lines []string
	for _, v := range p.Validate(nil, []byte(doc)) {
		lines = append(lines, fmt.Sprintf("%s | %s | %s | %s", v.AppendPath(nil), v.Keyword(), v.AppendSchemaPath(nil), v.AppendMessage(nil)))
	}
	return lines
}

func TestViolations(t *testing.T) {
	for _, c := range []struct {
		schema, doc string
		want        []string
	}{
		{`{"type":"string"}`, `1`, []string{` | type | /type | must be a string`}},
		{`{"type":["integer","null","array"]}`, `"x"`, []string{` | type | /type | must be an array, an integer or null`}},
		{`{"properties":{"a":{"properties":{"b":{"maxLength":1}}}}}`, `{"a":{"b":"été"}}`,
			[]string{`/a/b | maxLength | /properties/a/properties/b/maxLength | must be at most 1 character long`}},
		{`{"items":{"minLength":2}}`, `["ab","é"]`, []string{`/1 | minLength | /items/minLength | must be at least 2 characters long`}},
		{`{"required":["a","b"]}`, `{"b":1}`, []string{` | required | /required | must have the member "a"`}},
		{`{"properties":{"a":true},"additionalProperties":false}`, `{"a":1,"~/":2}`,
			[]string{`/~0~1 | additionalProperties | /additionalProperties | is not a member that the schema declares`}},
		{`{"properties":{"a":false}}`, `{"a":1}`, []string{`/a | properties | /properties/a | must not be present`}},
		{`{"enum":["a","b",1,null]}`, `2`, []string{` | enum | /enum | must be one of "a", "b", 1, null`}},
		{`{"enum":["1","2","3","4","5","6","7","8","9","10"]}`, `""`, []string{` | enum | /enum | must be one of "1", "2", "3", "4", "5", "6", "7", "8" and 2 more`}},
		{`{"const":{"a":[1]}}`, `{"a":[2]}`, []string{` | const | /const | must be {"a":[1]}`}},
		{`{"minimum":0.5}`, `0.4999`, []string{` | minimum | /minimum | must be at least 0.5`}},
		{`{"exclusiveMaximum":10}`, `10`, []string{` | exclusiveMaximum | /exclusiveMaximum | must be less than 10`}},
		{`{"$schema":"http://json-schema.org/draft-04/schema#","maximum":10,"exclusiveMaximum":true}`, `10`, []string{` | maximum | /maximum | must be less than 10`}},
		{`{"multipleOf":0.01}`, `0.015`, []string{` | multipleOf | /multipleOf | must be a multiple of 0.01`}},
		{`{"pattern":"^a"}`, `"b"`, []string{` | pattern | /pattern | must match the pattern of the schema`}},
		{`{"format":"uuid"}`, `"b"`, []string{` | format | /format | must have the format uuid`}},
		{`{"uniqueItems":true}`, `[1,2,1.0]`, []string{` | uniqueItems | /uniqueItems | must not repeat an item, as item 2 does`}},
		{`{"minItems":2,"maxProperties":1}`, `[1]`, []string{` | minItems | /minItems | must have at least 2 items`}},
		{`{"contains":{"const":1},"minContains":2}`, `[1]`, []string{` | minContains | /minContains | must contain at least 2 items of those the schema asks for`}},
		{`{"prefixItems":[{"type":"null"}],"items":false}`, `[null,1]`, []string{`/1 | items | /items | is one item more than the schema allows`}},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"null"}],"additionalItems":{"type":"null"}}`, `[1,2]`, []string{
			`/0 | type | /items/0/type | must be null`, `/1 | type | /additionalItems/type | must be null`}},
		{`{"$ref":"#/$defs/x","$defs":{"x":{"type":"null"}}}`, `1`, []string{` | type | /$ref/type | must be null`}},
		{`{"properties":{"a":{"$ref":"#/$defs/x","maxLength":1}},"$defs":{"x":{"minLength":3}}}`, `{"a":"bb"}`, []string{
			`/a | maxLength | /properties/a/maxLength | must be at most 1 character long`,
			`/a | minLength | /properties/a/$ref/minLength | must be at least 3 characters long`}},
		{`{"allOf":[true,{"type":"null"}]}`, `1`, []string{` | type | /allOf/1/type | must be null`}},
		{`{"not":{"type":"string"}}`, `"x"`, []string{` | not | /not | must not conform to the schema in not`}},
		{`{"anyOf":[{"type":"null"},{"type":"object","properties":{"a":{"type":"null"}}}]}`, `{"a":1}`, []string{
			` | anyOf | /anyOf | must conform to at least one of the schemas in anyOf: 2 branches failed`,
			`/a | type | /anyOf/1/properties/a/type | must be null`}},
		{`{"oneOf":[true,true]}`, `{"a":1}`, []string{` | oneOf | /oneOf | must conform to exactly one of the schemas in oneOf, not to several`}},
		{`{"oneOf":[{"type":"null"},{"type":"string"}]}`, `1`, []string{` | oneOf | /oneOf | must conform to exactly one of the schemas in oneOf: 2 branches failed`}},
		{`{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}`, `{"a":1}`, []string{` | required | /then/required | must have the member "b"`}},
		{`{"dependentRequired":{"a":["b"]},"dependentSchemas":{"a":{"minProperties":3}}}`, `{"a":1}`, []string{
			` | dependentRequired | /dependentRequired | must have the member "b", since it has another that calls for it`,
			` | minProperties | /dependentSchemas/a/minProperties | must have at least 3 members`}},
		{`{"patternProperties":{"^x/":{"type":"null"}},"propertyNames":{"maxLength":2}}`, `{"x/y":1}`, []string{
			`/x~1y | maxLength | /propertyNames/maxLength | must be at most 2 characters long`,
			`/x~1y | type | /patternProperties/^x~1/type | must be null`}},
		{`{"properties":{"a":true},"unevaluatedProperties":false}`, `{"a":1,"b":2}`, []string{
			`/b | unevaluatedProperties | /unevaluatedProperties | is not a member that the schema declares`}},
		{`false`, `1`, []string{` | false |  | must not be present`}},

		// What the text itself breaks.
		{`true`, `{"a":1,"\u0061":2}`, []string{`/a | duplicateKey |  | must stand in its object once, not twice`}},
		{`{"properties":{"a":true}}`, `{"\u0061":1,"a":2}`, []string{`/a | duplicateKey |  | must stand in its object once, not twice`}},
		{`{"properties":{"a":{"type":"null"}}}`, `{"a":1,"b":[tru]}`, []string{
			`/a | type | /properties/a/type | must be null`,
			`/b/0 | syntax |  | is not JSON: unexpected character at byte 15`}},
		{`true`, `1 1`, []string{` | syntax |  | is not JSON: unexpected data after the value at byte 2`}},
		{`true`, ``, []string{` | syntax |  | is not JSON: the document ends inside a value at byte 0`}},
		{`true`, strings.Repeat("[", 41) + strings.Repeat("]", 41), []string{strings.Repeat("/0", 40) + ` | depth |  | is nested too deep`}},
	} {
		if got := violations(t, c.schema, c.doc); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s against %s:\n got %s\nwant %s", c.doc, c.schema, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

func TestDotPath(t *testing.T) {
	p, err := program([]byte(`{"properties":{"a":{"items":{"properties":{"b c":{"type":"null"}}}}}}`), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := p.Validate(nil, []byte(`{"a":[{},{"b c":1}]}`))
	if len(v) != 1 || string(v[0].AppendDotPath(nil)) != "$.a[1].b c" || v[0].Offset() != 16 {
		t.Errorf("got %s at %d", v[0].AppendDotPath(nil), v[0].Offset())
	}
}

// TestSemantics is the table of readings that weir shares with Iglu, or has
// made its own.
func TestSemantics(t *testing.T) {
	const draft4 = `"$schema":"http://json-schema.org/draft-04/schema#",`
	const draft6 = `"$schema":"http://json-schema.org/draft-06/schema#",`
	for _, c := range []struct {
		schema, doc string
		valid       bool
	}{
		{`{` + draft4 + `"type":"integer"}`, `1`, true},
		{`{` + draft4 + `"type":"integer"}`, `1.0`, false},
		{`{` + draft4 + `"type":"integer"}`, `1e0`, false},
		{`{` + draft4 + `"type":"number"}`, `1.0`, true},
		{`{` + draft6 + `"type":"integer"}`, `1.0`, true},
		{`{` + draft6 + `"type":"integer"}`, `10e-1`, true},
		{`{` + draft6 + `"type":"integer"}`, `1.5`, false},
		{`{"maxLength":2}`, `"😀😀"`, true},
		{`{"maxLength":2}`, `"\ud83d\ude00\ud83d\ude00"`, true},
		{`{"maxLength":1}`, `"\ud83d"`, true},
		{`{"minLength":2}`, `"😀"`, false},
		{`{"pattern":"b"}`, `"abc"`, true},
		{`{"pattern":"b$"}`, `"b\n"`, false},
		{`{"pattern":"^\\u00e9$"}`, `"\u00e9"`, true},
		{`{"properties":{"a":{"type":"null"}}}`, `{"\u0061":1}`, false},
		{`{"properties":{"a\"b\\":{"type":"null"}}}`, `{"a\"b\\":1}`, false},
		{`{"properties":{"a\"b\\":{"type":"null"}}}`, `{"a\"b\\":null}`, true},
		{`{"required":["a"]}`, `{"\u0061":1}`, true},
		{`{"multipleOf":0.1}`, `0.3`, true},
		{`{"multipleOf":0.01}`, `19.99`, true},
		{`{"multipleOf":0.01}`, `123456789012345678`, true},
		{`{"multipleOf":3}`, `1e30`, false},
		{`{"multipleOf":10}`, `1e30`, true},
		{`{"maximum":9223372036854775807}`, `9223372036854775807`, true},
		{`{"maximum":9223372036854775807}`, `9223372036854775808`, false},
		{`{"maximum":9223372036854776000}`, `9223372036854775999`, true},
		{`{"maximum":9007199254740992}`, `9007199254740993`, false},
		{`{"maximum":1e400}`, `1e399`, true},
		{`{"maximum":1e400}`, `1e401`, false},
		{`{"minimum":-1e400}`, `-5`, true},
		{`{"exclusiveMinimum":0.5}`, `1`, true},
		{`{"minimum":-1,"maximum":3}`, `-0.5`, true},
		{`{"minimum":-1,"maximum":3}`, `-1.5`, false},
		{`{"minimum":-1,"maximum":3}`, `-1.0`, true},
		{`{"minimum":-1,"maximum":3}`, `3.0`, true},
		{`{"minimum":-1,"maximum":3}`, `3.01`, false},
		{`{"minimum":0.5,"maximum":3.5}`, `3.4`, true},
		{`{"minimum":0.5,"maximum":3.5}`, `0.4`, false},
		{`{"exclusiveMinimum":1,"exclusiveMaximum":2}`, `1.0`, false},
		{`{"exclusiveMinimum":1,"exclusiveMaximum":2}`, `1.5`, true},
		{`{"exclusiveMinimum":1,"exclusiveMaximum":2}`, `2.000`, false},
		{`{"exclusiveMinimum":1}`, `1`, false},
		{`{"enum":[1]}`, `1.0`, true},
		{`{"enum":[100]}`, `1e2`, true},
		{`{"enum":["a\u00e9"]}`, `"\u0061é"`, true},
		{`{"enum":[{"a":[1,{"b":null}],"c":"d"}]}`, ` { "c" : "\u0064" , "a" : [ 1.0 , {"b":null} ] } `, true},
		{`{"enum":[{"a":1}]}`, `{"a":1,"b":1}`, false},
		{`{"enum":["a"],"const":"a"}`, `"a"`, true},
		{`{"enum":["a"],"const":"b"}`, `"b"`, false},
		{`{"uniqueItems":true}`, `[{"a":1,"b":2},{"b":2,"a":1.0}]`, false},
		{`{"uniqueItems":true}`, `[0,false,"0","",null,[],{},[0]]`, true},
		{`{"uniqueItems":true}`, `[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,"1",1e0]`, false},
		{`{"format":"date-time"}`, `"2026-11-20T23:03:24Z"`, true},
		{`{"format":"date-time"}`, `"2026-11-20T23:03:24"`, false},
		{`{"format":"strict-uri"}`, `"anything"`, true},
		{`{"format":"uuid"}`, `1`, true},
		{`{"minProperties":2}`, `{"a":1,"b":1}`, true},
		{`{"type":"object"}`, "\ufeff{}", false},
	} {
		got := violations(t, c.schema, c.doc)
		if (len(got) == 0) != c.valid {
			t.Errorf("%s against %s: want valid=%t, got %s", c.doc, c.schema, c.valid, got)
		}
	}
}

// TestManyMembers declares more members than fit one machine word, and sends
// them in and out of order, with one missing and one twice.
func TestManyMembers(t *testing.T) {
	var properties, required, forward, backward []string
	for i := range 200 {
		name := fmt.Sprintf("a rather long name %d", i)
		properties = append(properties, fmt.Sprintf(`%q:{"type":"integer","minimum":%d,"maximum":%d}`, name, i, i))
		required = append(required, fmt.Sprintf("%q", name))
		forward = append(forward, fmt.Sprintf(`%q:%d`, name, i))
		backward = append([]string{forward[i]}, backward...)
	}
	schema := fmt.Sprintf(`{"properties":{%s},"required":[%s],"additionalProperties":false}`, strings.Join(properties, ","), strings.Join(required, ","))
	object := func(members []string) string { return "{" + strings.Join(members, " , ") + "}" }
	if got := violations(t, schema, object(forward)); got != nil {
		t.Errorf("in order: %s", got)
	}
	if got := violations(t, schema, object(backward)); got != nil {
		t.Errorf("in reverse: %s", got)
	}
	if got := violations(t, schema, object(forward[:199])); len(got) != 1 || !strings.Contains(got[0], `must have the member "a rather long name 199"`) {
		t.Errorf("one missing: %s", got)
	}
	if got := violations(t, schema, object(append(forward, forward[130]))); len(got) != 1 || !strings.Contains(got[0], "/a rather long name 130 | duplicateKey") {
		t.Errorf("one twice: %s", got)
	}
}

func TestRepeatedUnknownNames(t *testing.T) {
	var members []string
	for i := range 1000 {
		members = append(members, fmt.Sprintf(`"name%d":%d`, i, i))
	}
	doc := "{" + strings.Join(members, ",") + "}"
	if got := violations(t, `true`, doc); got != nil {
		t.Errorf("all different: %s", got)
	}
	doc = "{" + strings.Join(append(members, `"n\u0061me500":0`), ",") + "}"
	if got := violations(t, `true`, doc); len(got) != 1 || !strings.HasPrefix(got[0], "/name500 | duplicateKey") {
		t.Errorf("one twice: %s", got)
	}
}

func TestMore(t *testing.T) {
	p, err := program([]byte(`{"items":{"type":"null"}}`), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var r validate.Run
	if p.Run(&r, []byte("["+strings.Repeat("1,", 99)+"1]")) || len(r.Violations) != validate.MaxViolations || r.More != 100-validate.MaxViolations {
		t.Errorf("%d violations and %d more", len(r.Violations), r.More)
	}
	// A fault is kept even then, or nobody would know that the rest went unread.
	if p.Run(&r, []byte("["+strings.Repeat("1,", 99)+"]")) || r.Violations[validate.MaxViolations-1].Keyword() != "syntax" {
		t.Errorf("the last violation is %s", r.Violations[len(r.Violations)-1].Keyword())
	}
	if !p.Run(&r, []byte("[null]")) || r.More != 0 {
		t.Error("a run is not clean after another")
	}
}

func TestCaptures(t *testing.T) {
	p, err := program([]byte(`{
		"properties": {
			"ip": {"type":"string","x-weir-privacy":{"action":"truncate"}},
			"users": {"items":{"anyOf":[
				{"properties":{"name":{"x-weir-privacy":"drop"},"kind":{"const":"a"}}},
				{"properties":{"mail":{"x-weir-privacy":"drop"}}}
			]}}
		}
	}`), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	doc := []byte(`{"users":[{"name":"n1","mail":"m1","kind":"a"},{"name":"n2","mail":"m2","kind":"b"}],"ip":"203.0.113.7"}`)
	var r validate.Run
	if !p.Run(&r, doc) {
		t.Fatal(describe(r.Violations))
	}
	var got []string
	for _, c := range r.Captures {
		got = append(got, fmt.Sprintf("%s %s", p.Set().Annotation(c.ID), doc[c.Start:c.End]))
	}
	want := `"drop" "n1", "drop" "m2", {"action":"truncate"} "203.0.113.7"`
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestZeroProgram(t *testing.T) {
	var p validate.Program
	if v := p.Validate(nil, []byte(`{}`)); len(v) != 1 || v[0].Keyword() != "false" {
		t.Errorf("got %s", describe(v))
	}
}

func TestLookup(t *testing.T) {
	b, err := compile.Bundle([]compile.Source{
		{JSON: []byte(`{"self":{"vendor":"com.acme","name":"a","format":"jsonschema","version":"1-0-0"},"$schema":"http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#","type":"string"}`)},
		{JSON: []byte(`{"$id":"https://example.com/b","$ref":"iglu:com.acme/a/jsonschema/1-0-0"}`)},
	}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	set := validate.NewSet(opened)
	for uri, want := range map[string]bool{
		"iglu:com.acme/a/jsonschema/1-0-0": true, "https://example.com/b": true,
		"iglu:com.acme/a/jsonschema/1-0-1": false, "": false,
	} {
		p, ok := set.Lookup([]byte(uri))
		if ok != want {
			t.Errorf("Lookup(%q) is %t", uri, ok)
		}
		if ok && (len(p.Validate(nil, []byte(`""`))) != 0 || len(p.Validate(nil, []byte(`1`))) != 1) {
			t.Errorf("%s judges wrongly", uri)
		}
	}
	if len(opened.Hash()) != 16 {
		t.Errorf("hash %q", opened.Hash())
	}
}

// TestNoAllocation: a run that is used again allocates for no document, and
// Validate for no valid one.
func TestNoAllocation(t *testing.T) {
	for _, p := range payloads(t) {
		prog, err := program(p.schema, compile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var r validate.Run
		if n := testing.AllocsPerRun(100, func() { prog.Run(&r, p.docs[0]) }); n != 0 {
			t.Errorf("%s: Run allocates %v times", p.name, n)
		}
		if !p.valid {
			continue
		}
		if n := testing.AllocsPerRun(100, func() { prog.Validate(nil, p.docs[0]) }); n != 0 {
			t.Errorf("%s: Validate allocates %v times", p.name, n)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	list := payloads(t)
	var wg sync.WaitGroup
	for _, p := range list {
		prog, err := program(p.schema, compile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for g := range 4 {
			wg.Go(func() {
				for i := range 200 {
					v := prog.Validate(nil, p.docs[(i+g)%variants])
					if (len(v) == 0) != p.valid {
						t.Errorf("%s: %s", p.name, describe(v))
						return
					}
				}
			})
		}
	}
	wg.Wait()
}
