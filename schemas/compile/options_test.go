package compile

import (
	"strings"
	"testing"

	"weir/schemas/bundle"
	"weir/schemas/validate"
)

// judge compiles the sources and reports whether the schema known by the URI
// accepts the document.
func judge(t *testing.T, sources []Source, opt Options, uri, doc string) bool {
	t.Helper()
	b, err := Bundle(sources, opt)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := validate.NewSet(opened).Lookup([]byte(uri))
	if !ok {
		t.Fatalf("the bundle lacks %s", uri)
	}
	return len(p.Validate(nil, []byte(doc))) == 0
}

func TestRemotePolicy(t *testing.T) {
	source := []Source{{Key: "urn:x", JSON: []byte(`{"properties":{"a":{"$ref":"https://example.com/other.json"},"b":{"type":"null"}}}`)}}
	if _, err := Bundle(source, Options{}); err == nil {
		t.Error("strict accepts an unknown document")
	}
	accept := Options{Remote: RemoteAccept}
	if !judge(t, source, accept, "urn:x", `{"a":1,"b":null}`) || judge(t, source, accept, "urn:x", `{"a":1,"b":1}`) {
		t.Error("accept does not accept the reference alone")
	}
	load := Options{Load: func(uri string) ([]byte, bool) {
		return []byte(`{"type":"string"}`), uri == "https://example.com/other.json"
	}}
	if !judge(t, source, load, "urn:x", `{"a":"s"}`) || judge(t, source, load, "urn:x", `{"a":1}`) {
		t.Error("a loaded document does not count")
	}
}

func TestReferences(t *testing.T) {
	sources := []Source{
		{Key: "iglu:com.acme/price/jsonschema/1-0-0", JSON: []byte(`{"type":"number","minimum":0,"definitions":{"currency":{"enum":["EUR"]}}}`)},
		{Key: "urn:a", JSON: []byte(`{"properties":{"p":{"$ref":"iglu:com.acme/price/jsonschema/1-0-0"},"c":{"$ref":"http://iglucentral.com/schemas/com.acme/price/jsonschema/1-0-0#/definitions/currency"}}}`)},
		{Key: "urn:b", JSON: []byte(`{"$ref":"http://json-schema.org/draft-04/schema#"}`)},
		{Path: "dir/c.json", JSON: []byte(`{"$ref":"d.json"}`)},
		{Path: "dir/d.json", JSON: []byte(`{"type":"null"}`)},
	}
	for _, c := range []struct {
		uri, doc string
		valid    bool
	}{
		{"urn:a", `{"p":1,"c":"EUR"}`, true},
		{"urn:a", `{"p":-1}`, false},
		{"urn:a", `{"c":"SEK"}`, false},
		{"urn:b", `{"type":"string"}`, true},
		{"urn:b", `{"type":"strng"}`, false},
		{"file:///dir/c.json", `null`, true},
		{"file:///dir/c.json", `1`, false},
	} {
		if got := judge(t, sources, Options{}, c.uri, c.doc); got != c.valid {
			t.Errorf("%s against %s: %t", c.doc, c.uri, got)
		}
	}
}

func TestFormatPolicy(t *testing.T) {
	const draft7 = `"$schema":"http://json-schema.org/draft-07/schema#",`
	for _, c := range []struct {
		schema string
		policy FormatPolicy
		valid  bool
	}{
		{`{` + draft7 + `"format":"uuid"}`, FormatByDraft, false},
		{`{` + draft7 + `"format":"uuid"}`, FormatAnnotate, true},
		{`{"format":"uuid"}`, FormatByDraft, true},
		{`{"format":"uuid"}`, FormatAssert, false},
	} {
		source := []Source{{Key: "urn:x", JSON: []byte(c.schema)}}
		if got := judge(t, source, Options{Formats: c.policy}, "urn:x", `"no uuid"`); got != c.valid {
			t.Errorf("%s under policy %d: %t", c.schema, c.policy, got)
		}
	}
}

func TestDefaultDraft(t *testing.T) {
	schema := []byte(`{"type":"integer"}`)
	for _, c := range []struct {
		key   string
		draft Draft
		valid bool // of 1.0
	}{
		{"urn:x", 0, true},
		{"iglu:com.acme/x/jsonschema/1-0-0", 0, false},
		{"urn:x", Draft4, false},
		{"iglu:com.acme/x/jsonschema/1-0-0", Draft7, true},
	} {
		if got := judge(t, []Source{{Key: c.key, JSON: schema}}, Options{Draft: c.draft}, c.key, `1.0`); got != c.valid {
			t.Errorf("%s with %s: %t", c.key, c.draft, got)
		}
	}
}

// TestLongNames has names at the edges of what a slot holds itself.
func TestLongNames(t *testing.T) {
	for _, n := range []int{0, 7, 8, 9, 254, 255, 256, 70_000} {
		name := strings.Repeat("n", n)
		source := []Source{{Key: "urn:x", JSON: []byte(`{"properties":{"` + name + `":{"type":"null"}},"additionalProperties":{"type":"string"},"required":["` + name + `"]}`)}}
		for doc, want := range map[string]bool{
			`{"` + name + `":null}`:                     true,
			`{"` + name + `":1}`:                        false,
			`{"` + name + `x":"s"}`:                     false,
			`{"a":"b","` + name + `":null,"c":"d"}`:     true,
			`{"` + name + `":null,"` + name + `x":"s"}`: true,
		} {
			if got := judge(t, source, Options{}, "urn:x", doc); got != want {
				t.Errorf("a name of %d bytes: %.40s… is %t", n, doc, got)
			}
		}
	}
}
