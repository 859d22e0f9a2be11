package inspect_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/inspect"
	"weir/schemas/registry"
)

// open compiles schemas of draft 2020-12, known by their names.
func open(t *testing.T, schemas map[string]string) (*bundle.Bundle, int) {
	t.Helper()
	var sources []compile.Source
	for name, schema := range schemas {
		sources = append(sources, compile.Source{Key: "urn:" + name, JSON: []byte(schema)})
	}
	b, err := compile.Bundle(sources, compile.Options{Formats: compile.FormatAssert})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return opened, len(b)
}

func TestList(t *testing.T) {
	b, n := open(t, map[string]string{
		"b": `{"properties":{"x":{"$ref":"urn:a"},"y":{"pattern":"^[a-f]{4}$"},"z":{"pattern":"^(ab|cd)*e$"}},"patternProperties":{"^p":{"format":"uuid"}}}`,
		"a": `{"anyOf":[{"format":"uuid"},{"type":"null"}]}`,
	})
	l := inspect.List(b, n)
	total := 24 + 8*len(l.Sections)
	for _, s := range l.Sections {
		total += s.Bytes
	}
	if l.Bytes != n || total > n || total < n-8*len(l.Sections) {
		t.Errorf("sections and header take %d of %d bytes", total, n)
	}
	if got := fmt.Sprint(l.Patterns); !strings.HasPrefix(got, "[{dfa8 1 ") || !strings.Contains(got, "{prefix 1 2}") || !strings.Contains(got, "{segments 1 ") {
		t.Errorf("patterns: %s", got)
	}
	if got := fmt.Sprint(l.Formats, l.Keywords); got != "[{uuid 1 0}] [{anyOf 1 0}]" {
		t.Errorf("formats and keywords: %s", got)
	}
	// a: itself, the format, the type. b: itself, true for other members, the
	// reference and what it leads to, two patterns.
	if got := fmt.Sprintf("%s %d, %s %d", l.Schemas[0].Key, l.Schemas[0].Nodes, l.Schemas[1].Key, l.Schemas[1].Nodes); got != "urn:a 3, urn:b 8" {
		t.Errorf("schemas: %s", got)
	}
	var w strings.Builder
	if err := l.Write(&w); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bundle " + b.Hash(), "nodes ", "patterns, by kind", "urn:a "} {
		if !strings.Contains(w.String(), want) {
			t.Errorf("the listing lacks %q:\n%s", want, w.String())
		}
	}
}

// TestDiff changes one thing at a time.
func TestDiff(t *testing.T) {
	const tree = `{"$id":"urn:tree","properties":{"next":{"$ref":"#"},"n":{"maximum":%s}}}`
	for _, c := range []struct{ older, newer string }{
		{`{"type":"null"}`, `{"type":"string"}`},
		{`{"maxLength":1}`, `{"maxLength":2}`},
		{`{"pattern":"a"}`, `{"pattern":"b"}`},
		{`{"format":"uuid"}`, `{"format":"date"}`},
		{`{"minimum":1}`, `{"minimum":2}`},
		{`{"minimum":0.1}`, `{"minimum":0.2}`},
		{`{"minimum":1}`, `{"exclusiveMinimum":1}`},
		{`{"multipleOf":2}`, `{"multipleOf":3}`},
		{`{"items":{"type":"null"}}`, `{"items":{"type":"string"}}`},
		{`{"maxItems":1}`, `{"maxItems":2}`},
		{`{"prefixItems":[{"type":"null"}]}`, `{"prefixItems":[{"type":"null"},{"type":"null"}]}`},
		{`{"contains":{"type":"null"}}`, `{}`},
		{`{"properties":{"a":true}}`, `{"properties":{"b":true}}`},
		{`{"properties":{"a":true},"required":["a"]}`, `{"properties":{"a":true}}`},
		{`{"additionalProperties":false}`, `{}`},
		{`{"propertyNames":{"maxLength":1}}`, `{}`},
		{`{"patternProperties":{"^a":false}}`, `{"patternProperties":{"^b":false}}`},
		{`{"dependentRequired":{"a":["b"]}}`, `{"dependentRequired":{"b":["a"]}}`},
		{`{"maxProperties":1}`, `{"maxProperties":2}`},
		{`{"enum":["a"]}`, `{"enum":["b"]}`},
		{`{"enum":[1]}`, `{"enum":[2]}`},
		{`{"enum":[null]}`, `{"enum":[true]}`},
		{`{"anyOf":[{"type":"null"},{"maxLength":1}]}`, `{"oneOf":[{"type":"null"},{"maxLength":1}]}`},
		{`{"anyOf":[{"type":"null"},{"maxLength":1}]}`, `{"anyOf":[{"type":"null"},{"maxLength":2}]}`},
		{`{"if":{"type":"null"},"then":false}`, `{"if":{"type":"null"},"else":false}`},
		{`{"not":{"type":"null"}}`, `{"not":{"type":"string"}}`},
		{`{"x-weir-privacy":{"action":"drop"}}`, `{"x-weir-privacy":{"action":"hash"}}`},
		{fmt.Sprintf(tree, "1"), fmt.Sprintf(tree, "2")},
	} {
		// What else is in the bundle moves things about and changes nothing.
		older, _ := open(t, map[string]string{"x": c.older, "same": `{"properties":{"a":{"minimum":3,"maxLength":7}}}`, "gone": `{"enum":[1,"z"]}`})
		newer, _ := open(t, map[string]string{"x": c.newer, "same": `{"description":"other words","properties":{"a":{"minimum":3,"maxLength":7}}}`, "fresh": `{"enum":["y",[3]],"items":{"type":"null"}}`})
		var got []string
		for _, d := range inspect.Diff(older, newer) {
			if d.Key != "urn:tree" {
				got = append(got, d.What+" "+d.Key)
			}
		}
		if want := "added urn:fresh, removed urn:gone, changed urn:x"; strings.Join(got, ", ") != want {
			t.Errorf("%s and %s: got %s, want %s", c.older, c.newer, strings.Join(got, ", "), want)
		}
	}
}

// TestDiffOfOwnSchemas recompiles weir's schemas in another order.
func TestDiffOfOwnSchemas(t *testing.T) {
	sources, err := registry.Folder(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	var bundles [2]*bundle.Bundle
	for i := range bundles {
		b, err := compile.Bundle(sources, compile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if bundles[i], err = bundle.Open(b); err != nil {
			t.Fatal(err)
		}
		for a, z := 0, len(sources)-1; a < z; a, z = a+1, z-1 {
			sources[a], sources[z] = sources[z], sources[a]
		}
	}
	if bundles[0].Hash() == bundles[1].Hash() {
		t.Fatal("the order makes no difference: this test shows nothing")
	}
	if changes := inspect.Diff(bundles[0], bundles[1]); len(changes) > 0 {
		t.Errorf("%d programs differ, %v first", len(changes), changes[0])
	}
}
