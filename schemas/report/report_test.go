package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/report"
	"weir/schemas/validate"
)

var update = flag.Bool("update", false, "rewrite the renderings in testdata")

const key = "iglu:com.acme/case/jsonschema/1-0-0"

// program compiles schemas; the first is known by key, others by their names.
func program(t *testing.T, opt compile.Options, files ...txtar.File) (validate.Program, *compile.Index) {
	t.Helper()
	var sources []compile.Source
	for i, f := range files {
		s := compile.Source{Key: "iglu:com.acme/" + f.Name + "/jsonschema/1-0-0", Path: f.Name, JSON: f.Data}
		if i == 0 {
			s.Key = key
		}
		sources = append(sources, s)
	}
	b, err := compile.Bundle(sources, opt)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	x, err := compile.NewIndex(sources, opt)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := validate.NewSet(opened).Lookup([]byte(key))
	if !ok {
		t.Fatal("the bundle lacks " + key)
	}
	return p, x
}

// TestGolden renders what each document in testdata violates in every format.
// Archives hold schemas, "document" and the renderings.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no case in testdata: %v", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for archive.Files[n].Name != "document" {
				n++
			}
			p, x := program(t, compile.Options{}, archive.Files[:n]...)
			document := bytes.TrimSpace(archive.Files[n].Data)
			var run validate.Run
			p.Run(&run, document)
			opt := report.Options{Key: key, Index: x}
			if strings.Contains(string(archive.Comment), "with values") {
				opt.Values = 10
			}
			if strings.Contains(string(archive.Comment), "without sources") {
				opt.Index = nil
			}
			if strings.Contains(string(archive.Comment), "at most two") {
				opt.Limit = 2
			}
			r := report.New(run.Violations, run.More, opt)
			basic := r.Basic()
			conforms(t, basic)
			got := []txtar.File{
				{Name: "text", Data: []byte(r.String())},
				{Name: "flag", Data: encode(t, r.Flag())},
				{Name: "basic", Data: encode(t, basic)},
				{Name: "snowplow", Data: encode(t, r.Snowplow())},
			}
			if *update {
				archive.Files = append(archive.Files[:n+1:n+1], got...)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := archive.Files[n+1:]
			if len(want) != len(got) {
				t.Fatalf("%d renderings, want %d", len(want), len(got))
			}
			for i := range got {
				if got[i].Name != want[i].Name || string(got[i].Data) != string(want[i].Data) {
					t.Errorf("%s:\n got %s\nwant %s", got[i].Name, got[i].Data, want[i].Data)
				}
			}
		})
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// conforms holds the output against what section 12 of JSON Schema 2020-12
// asks of basic output.
func conforms(t *testing.T, basic report.Basic) {
	t.Helper()
	p, _ := program(t, compile.Options{Draft: compile.Draft2020, Formats: compile.FormatAssert}, txtar.File{Name: "output", Data: []byte(`{
		"type": "object", "required": ["valid"],
		"properties": {"valid": {"type": "boolean"}, "errors": {"type": "array", "items": {
			"required": ["keywordLocation", "instanceLocation", "error"],
			"properties": {
				"valid": {"const": false},
				"keywordLocation": {"type": "string", "format": "json-pointer"},
				"instanceLocation": {"type": "string", "format": "json-pointer"},
				"absoluteKeywordLocation": {"type": "string", "format": "uri"},
				"error": {"type": "string", "minLength": 1}
			}
		}}},
		"if": {"properties": {"valid": {"const": false}}}, "then": {"required": ["errors"]}, "else": {"not": {"required": ["errors"]}}
	}`)})
	for _, v := range p.Validate(nil, encode(t, basic)) {
		t.Errorf("basic output: %s %s", v.AppendPath(nil), v.AppendMessage(nil))
	}
}

// TestTargets lists what Snowplow's reports say of each keyword.
func TestTargets(t *testing.T) {
	for _, c := range []struct{ schema, document, want string }{
		{`{"type":["integer","null"]}`, `"x"`, `$ type ["string" "integer, null"]`},
		{`{"type":"string"}`, `1.5`, `$ type ["number" "string"]`},
		{`{"required":["a"]}`, `{}`, `$ required ["a"]`},
		{`{"additionalProperties":false}`, `{"b":1}`, `$ additionalProperties ["b"]`},
		{`{"properties":{"a":{"properties":{"b":{"maxLength":1}}}}}`, `{"a":{"b":"xx"}}`, `$.a.b maxLength ["1"]`},
		{`{"minLength":2}`, `""`, `$ minLength ["2"]`},
		{`{"pattern":"^a\"$"}`, `""`, `$ pattern ["^a\"$"]`},
		{`{"format":"ipv4"}`, `""`, `$ format ["ipv4"]`},
		{`{"minimum":1e2}`, `1`, `$ minimum ["1e2"]`},
		{`{"maximum":0.5}`, `1`, `$ maximum ["0.5"]`},
		{`{"multipleOf":3}`, `1`, `$ multipleOf ["3"]`},
		{`{"items":{"minItems":1}}`, `[[]]`, `$[0] minItems ["1"]`},
		{`{"maxItems":0}`, `[[]]`, `$ maxItems ["0"]`},
		{`{"minProperties":1}`, `{}`, `$ minProperties ["1"]`},
		{`{"maxProperties":0}`, `{"a":1}`, `$ maxProperties ["0"]`},
		{`{"enum":["a",1]}`, `2`, `$ enum ["\"a\", 1"]`},
		{`{"not":{}}`, `2`, `$ not []`},
		{`{"anyOf":[{"type":"null"}]}`, `2`, `$ anyOf []`},
		{`{}`, `{"a":{"b":1,"b":2}}`, `$.a duplicateKey ["b"]`},
		{`{}`, `{`, `$ syntax []`},
	} {
		p, x := program(t, compile.Options{}, txtar.File{Name: "s", Data: []byte(c.schema)})
		r := report.New(p.Validate(nil, []byte(c.document)), 0, report.Options{Key: key, Index: x}).Snowplow().DataReports
		if len(r) != 1 {
			t.Errorf("%s against %s: %d reports", c.document, c.schema, len(r))
			continue
		}
		if got := fmt.Sprintf("%s %s %q", r[0].Path, r[0].Keyword, r[0].Targets); got != c.want {
			t.Errorf("%s against %s: got %s, want %s", c.document, c.schema, got, c.want)
		}
	}
}

// TestNoValues makes sure that nothing of a value gets into a report unasked.
func TestNoValues(t *testing.T) {
	p, x := program(t, compile.Options{}, txtar.File{Name: "s", Data: []byte(`{"items":{"type":"null","enum":[null],"maxLength":1,"pattern":"^b","format":"uuid","anyOf":[{"minLength":99}],"not":{"type":"string"}}}`)})
	violations := p.Validate(nil, []byte(`["secret"]`))
	if len(violations) < 5 {
		t.Fatalf("only %d violations", len(violations))
	}
	for _, values := range []int{0, 4} {
		r := report.New(violations, 0, report.Options{Key: key, Index: x, Values: values})
		for _, rendered := range []string{r.String(), string(encode(t, r.Basic())), string(encode(t, r.Snowplow()))} {
			if strings.Contains(rendered, "sec") != (values > 0) || strings.Contains(rendered, "secret") {
				t.Errorf("with %d bytes of values: %s", values, rendered)
			}
		}
	}
}

func ExampleReport_Basic() {
	source := []compile.Source{{Key: "iglu:com.acme/price/jsonschema/1-0-0", Path: "price.json", JSON: []byte("{\n  \"minimum\": 0\n}")}}
	compiled, _ := compile.Bundle(source, compile.Options{})
	opened, _ := bundle.Open(compiled)
	price, _ := validate.NewSet(opened).Lookup([]byte(source[0].Key))
	index, _ := compile.NewIndex(source, compile.Options{})

	r := report.New(price.Validate(nil, []byte(`-1`)), 0, report.Options{Key: source[0].Key, Index: index})
	fmt.Print(r)
	out, _ := json.MarshalIndent(r.Basic(), "", "  ")
	fmt.Println(string(out))
	// Output:
	// $: must be at least 0 [minimum]
	// 	price.json:2:14: /minimum
	// {
	//   "valid": false,
	//   "errors": [
	//     {
	//       "valid": false,
	//       "keywordLocation": "/minimum",
	//       "absoluteKeywordLocation": "iglu:com.acme/price/jsonschema/1-0-0#/minimum",
	//       "instanceLocation": "",
	//       "error": "must be at least 0"
	//     }
	//   ]
	// }
}
