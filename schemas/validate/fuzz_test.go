package validate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/validate"
	"weir/schemas/validate/decimal"
)

// fuzzSchemas cover the keywords; the fuzzer picks one and makes up documents.
// Formats are left to their own tests: the oracle reads some of them otherwise.
var fuzzSchemas = []string{
	`{"$schema":"http://json-schema.org/draft-04/schema#","type":["object","null"],"properties":{"a":{"type":"integer","minimum":-3,"maximum":10,"exclusiveMaximum":true},"b":{"type":["string","null"],"minLength":1,"maxLength":3},"c":{"enum":["x",1,null,[1,{"y":2}]]},"abcdefghij":{"type":"boolean"}},"required":["a"],"additionalProperties":false}`,
	`{"properties":{"a":{"multipleOf":0.01},"b":{"multipleOf":3},"n":{"minimum":1e3,"maximum":9223372036854775808}},"patternProperties":{"^a":{"minimum":0},"b$":{"maximum":100}},"additionalProperties":{"type":"string"},"propertyNames":{"maxLength":3}}`,
	`{"items":{"$ref":"#"},"uniqueItems":true,"maxItems":4,"contains":{"type":"number"},"minContains":0,"maxContains":2}`,
	`{"anyOf":[{"type":"string","pattern":"^[a-c]+$"},{"required":["a"]},{"items":{"type":"null"},"type":"array"}],"not":{"const":"b"}}`,
	`{"oneOf":[{"minimum":0},{"multipleOf":2},{"type":"object","maxProperties":1}],"if":{"type":"object"},"then":{"properties":{"a":{"$ref":"#"}}},"else":{"not":{"const":4}}}`,
	`{"allOf":[{"properties":{"a":true}},{"if":{"required":["b"]},"then":{"properties":{"b":true}}}],"patternProperties":{"^x":true},"unevaluatedProperties":{"type":"integer"}}`,
	`{"prefixItems":[{"type":"integer"},{"type":"string"}],"anyOf":[{"contains":{"const":null}},{"items":false}],"unevaluatedItems":{"type":"boolean"}}`,
	`{"$id":"https://example.com/tree","$dynamicAnchor":"node","type":"object","properties":{"v":true,"c":{"type":"array","items":{"$dynamicRef":"#node"}}},"unevaluatedProperties":false}`,
	`{"dependentRequired":{"a":["b","c"]},"dependentSchemas":{"b":{"minProperties":3}},"minProperties":1,"maxProperties":4,"$ref":"#/$defs/x","$defs":{"x":{"properties":{"a":{"const":1}}}}}`,
}

var fuzzDocs = []string{
	`{"a":1,"b":"xyz"}`, `{"a":9.99,"b":3,"c":4}`, `[1,"a",null,true]`, `"abc"`, `4`, `{"c":[{"v":1,"c":[]},{"w":2}]}`, `[[1],[1.0]]`,
	`{"abcdefghij":true,"a":-3}`, `{"\u0061":1e2,"x":0.5}`, `{"n":9223372036854775807,"ab":7}`, `{"c":[1,{"y":2}],"a":0}`, `[[],[[null]],false]`,
	`[{"a":1,"b":{"c":"d"}},{"b":{"c":"d"},"a":1.0}]`, `{"a":123456789012345678901234567890.25}`, `{"x1":1,"x2":2,"a":3}`,
}

var fuzzPrograms = sync.OnceValues(func() ([]validate.Program, []*jsonschema.Schema) {
	var programs []validate.Program
	var oracles []*jsonschema.Schema
	for i, s := range fuzzSchemas {
		p, err := program([]byte(s), compile.Options{})
		if err != nil {
			panic(err)
		}
		programs = append(programs, p)
		v, _ := jsonschema.UnmarshalJSON(strings.NewReader(s))
		c := jsonschema.NewCompiler()
		if err := c.AddResource(fmt.Sprintf("urn:fuzz:%d", i), v); err != nil {
			panic(err)
		}
		oracles = append(oracles, c.MustCompile(fmt.Sprintf("urn:fuzz:%d", i)))
	}
	return programs, oracles
})

// FuzzVerdict compares verdicts with those of santhosh-tekuri, on documents
// where the two mean to agree.
func FuzzVerdict(f *testing.F) {
	for i := range fuzzSchemas {
		for _, doc := range fuzzDocs {
			f.Add(uint8(i), []byte(doc))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, doc []byte) {
		programs, oracles := fuzzPrograms()
		i := int(which) % len(programs)
		violations := programs[i].Validate(nil, doc)
		if !json.Valid(doc) {
			if len(violations) == 0 {
				t.Fatalf("%q is not JSON, yet valid", doc)
			}
			return
		}
		for k := range violations {
			v := &violations[k]
			switch v.Keyword() {
			case "duplicateKey", "depth", "fuel":
				return // the oracle has no such rules
			case "syntax":
				if utf8.Valid(doc) {
					t.Fatalf("%q: %s", doc, describe(violations))
				}
				return
			}
			if path := v.AppendPath(nil); len(path) > 0 && path[0] != '/' {
				t.Fatalf("%q: path %q", doc, path)
			}
			if v.Offset() > len(doc) || len(v.AppendMessage(nil)) == 0 {
				t.Fatalf("%q: violation at %d says nothing", doc, v.Offset())
			}
		}
		if bytes.Contains(doc, []byte("e")) || bytes.Contains(doc, []byte("E")) {
			if hugeExponent(doc) {
				return // the oracle would take hours over 1e999999999
			}
		}
		if strings.Contains(fuzzSchemas[i], "draft-04") && wholeFraction(doc) {
			return // the oracle takes 1.0 for an integer in draft 4; optional/zeroTerminatedFloats does not
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
		if err != nil {
			return
		}
		if want := oracles[i].Validate(v); (want == nil) != (len(violations) == 0) {
			t.Fatalf("%s\nagainst %s\ngot %s\nsanthosh-tekuri says %v", doc, fuzzSchemas[i], describe(violations), want)
		}
	})
}

// hugeExponent looks for an exponent of three digits or more.
func hugeExponent(doc []byte) bool {
	digits, inside := 0, false
	for _, c := range doc {
		switch {
		case c|0x20 == 'e':
			inside, digits = true, 0
		case inside && (c == '+' || c == '-'):
		case inside && c >= '0' && c <= '9':
			if digits++; digits > 2 {
				return true
			}
		default:
			inside = false
		}
	}
	return false
}

// wholeFraction looks for a whole number that is written with a fraction or an exponent.
func wholeFraction(doc []byte) bool {
	for _, token := range bytes.FieldsFunc(doc, func(c rune) bool { return !strings.ContainsRune("+-.0123456789eE", c) }) {
		if n, ok := decimal.Parse(token); ok && n.IsInteger() && !decimal.IsIntegerToken(token) {
			return true
		}
	}
	return false
}

// FuzzBundle corrupts a bundle. What Open still accepts must run without a
// panic, and to an end.
func FuzzBundle(f *testing.F) {
	var sources []compile.Source
	for i, s := range fuzzSchemas {
		sources = append(sources, compile.Source{Key: fmt.Sprintf("urn:fuzz:%d", i), JSON: []byte(s)})
	}
	good, err := compile.Bundle(sources, compile.Options{Formats: compile.FormatAssert})
	if err != nil {
		f.Fatal(err)
	}
	docs := []string{
		`{"a":1,"b":"xyz","c":[1,{"y":2}],"abcdefghij":true}`, `[[1],"a",[null,{"a":[2.50,1e2]}],1,1]`, `"abcabc"`, `-12.5`, `{"v":1,"c":[{"c":[]}]}`, `{}`, `null`,
	}
	f.Add(uint32(300), uint32(7), uint32(900), uint32(1<<31), uint8(0))
	f.Add(uint32(5000), uint32(1), uint32(400), uint32(2), uint8(3))
	f.Fuzz(func(t *testing.T, at1, value1, at2, value2 uint32, which uint8) {
		b := bytes.Clone(good)
		corrupt(b, at1, value1)
		corrupt(b, at2, value2)
		bundle.Seal(b)
		opened, err := bundle.Open(b)
		if err != nil {
			return
		}
		set := validate.NewSet(opened)
		var r validate.Run
		for i := range fuzzSchemas {
			p, ok := set.Lookup(fmt.Appendf(nil, "urn:fuzz:%d", i))
			if !ok {
				continue
			}
			for _, doc := range docs {
				p.Run(&r, []byte(doc))
				for k := range r.Violations {
					r.Violations[k].AppendMessage(nil)
					r.Violations[k].AppendPath(nil)
					r.Violations[k].AppendSchemaPath(nil)
				}
			}
		}
	})
}

// corrupt overwrites four bytes somewhere behind the hash.
func corrupt(b []byte, at, value uint32) {
	const afterHash = 24
	at = at%uint32(len(b)-afterHash-4) + afterHash
	b[at], b[at+1], b[at+2], b[at+3] = byte(value), byte(value>>8), byte(value>>16), byte(value>>24)
}
