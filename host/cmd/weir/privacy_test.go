package main

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"weir/schemas/compile"
)

// TestAuditSaysWhatTheEdgeDoes lets the edge read every good example of the shop
// and compares what became of each field with what the audit says of it.
func TestAuditSaysWhatTheEdgeDoes(t *testing.T) {
	const folder = "../../../schemas"
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(`{"privacy":{"signals":[],"key":{"id":"k","secret":"MDEyMzQ1Njc4OWFiY2RlZg=="},"rules":[
		{"name":"items","schemas":["iglu:com.example/checkout/*"],"fields":["items.*.sku"],"do":{"action":"mask","keepEnd":1}},
		{"name":"names","schemas":["iglu:com.example/*"],"fields":["name","language"],"do":{"action":"truncate","length":1}},
		{"name":"delivery","schemas":["iglu:com.example/checkout/jsonschema/1-0-0"],"fields":["delivery"],"do":{"action":"hash"}},
		{"name":"notes","schemas":["iglu:com.example/*"],"fields":["email"],"do":{"action":"mask"}}]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := readPolicy(file)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := readFields(folder)
	if err != nil {
		t.Fatal(err)
	}
	a := audit{policy: p}
	says := map[string]string{} // by schema and field
	for _, f := range fields {
		if err := a.field(f); err != nil {
			t.Fatal(err)
		}
		if e := a.entries[len(a.entries)-1]; len(e.Does) > 0 {
			says[e.Schema+" "+e.Field], _, _ = strings.Cut(e.Does[0].Action, ",")
		}
	}
	sources, err := readSchemas(folder)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string]bool{}
	examples, err := filepath.Glob(folder + "/com.example/*/jsonschema/*.good.ndjson")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range examples {
		key := "iglu:" + strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), folder+"/"), ".good.ndjson")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			x := explainer{policy: p, bundle: bundle, places: placesOf(fields)}
			if x.request, err = sampleRequest([]byte(`{"schema":"` + key + `","data":` + lines.Text() + `}`)); err != nil {
				t.Fatal(err)
			}
			events, err := x.explain()
			if err != nil || len(events) != 1 {
				t.Fatalf("%s: %d events, %v", file, len(events), err)
			}
			did := map[string]string{}
			for _, f := range events[0].Fields {
				field, _ := receiptField(f.Field, gjson.Result{})
				if name, ok := strings.CutPrefix(field, "unstruct_event."); ok && len(f.Why) == 1 {
					did[name], _, _ = strings.Cut(f.Why[0].Action, ":")
				}
			}
			flatten(gjson.Parse(lines.Text()), "", func(path, raw string) {
				field, _ := receiptField("unstruct_event.data."+path, gjson.Result{})
				name := strings.TrimPrefix(field, "unstruct_event.")
				want := says[key+" "+name]
				compared[want] = true
				if want == "keep" || did[name] == "" && (want == "scrub" || want == "generalise" || want == "truncate" && len(raw) == len(`"x"`)) {
					want = "" // the examples have nothing that it would change
				}
				if did[name] != want {
					t.Errorf("%s: %s: the audit says %q, the edge did %q", key, name, want, did[name])
				}
			})
		}
	}
	for _, action := range []string{"", "drop", "hash", "mask", "truncate", "generalise", "scrub"} {
		if !compared[action] {
			t.Errorf("no example has a field to %q", action)
		}
	}
}
