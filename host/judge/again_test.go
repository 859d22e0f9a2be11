package judge

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

func TestAgain(t *testing.T) {
	root := folder(t)
	add := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, "com.acme", name, "jsonschema", "1-0-0")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	add("person", `{"self":{"vendor":"com.acme","name":"person","format":"jsonschema","version":"1-0-0"},
		"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{
			"name":{"type":"string","x-weir-privacy":{"action":"drop"}},"email":{"type":"string","x-weir-privacy":{"action":"hash"}}}}`)
	j, err := New([]string{root}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_795_215_804_123)
	const (
		product   = "iglu:com.acme/product/jsonschema/1-0-0"
		person    = "iglu:com.acme/person/jsonschema/1-0-0"
		violation = `,"violations":[{"schema":"` + product + `","path":"/unstruct_event/data/sku","keyword":"maxLength","message":"m"}]`
		late      = `,"violations":[{"schema":"` + product + `","path":"/unstruct_event/schema","keyword":"unknownSchema","message":"m"}]`
		ada       = `"event_fingerprint":"0123","unstruct_event":{"schema":"` + person + `","data":{"name":"Ada","email":"h4sh","n":1}},`
		stranger  = `,"violations":[{"schema":"` + person + `","path":"/unstruct_event/%s","keyword":"%s","message":"m"}]`
	)
	personal := func(path, keyword string) string {
		return strings.Replace(strings.Replace(stranger, "%s", path, 1), "%s", keyword, 1)
	}
	for name, c := range map[string]struct {
		payloads, weir string
		outcome        Outcome
		why            string
		want, hidden   []string
	}{
		"schema was fixed": {`"unstruct_event":` + known + `,`, violation + after, Passes, "", []string{known, `"rejudged":"2026-11-20T23:03:24.123Z"`, `"edge":{"country":"NO"}`, `"field":"user_ipaddress"`}, nil},
		"schema came late": {`"unstruct_event":` + known + `,`, late + `}}`, Passes, "", []string{known}, nil},
		"many violations":  {`"unstruct_event":` + known + `,`, violation + `,"violations_more":3}}`, Passes, "", []string{known}, nil},
		"still broken":     {`"unstruct_event":` + broken + `,`, violation + after, Fails, "/unstruct_event/data/sku maxLength: ", nil, nil},
		"an entity is":     {`"unstruct_event":` + known + `,"contexts":[` + known + `,` + broken + `],`, violation + after, Fails, "/contexts/1/data/sku maxLength: ", nil, nil},
		"schema is away":   {`"unstruct_event":` + unknown + `,`, strings.ReplaceAll(late, "product", "other") + `}}`, Unknown, "/unstruct_event/schema: no folder listed under schemas holds iglu:com.acme/other/", nil, nil},
		"a column":         {`"unstruct_event":` + known + `,`, `,"violations":[{"schema":"iglu:a/atomic/jsonschema/1-0-0","path":"/page_url","keyword":"format","message":"must be a URL"}]}}`, Other, "/page_url format: must be a URL", nil, nil},
		"and a column":     {`"unstruct_event":` + known + `,`, violation + `,"violations_more":1,"rejected":{"res":"abc"}}}`, Other, "", nil, nil},
		"too large":        {``, `,"violations":[{"schema":"","path":"","keyword":"size_violation","message":"too large"}],"payload":"{}"}}`, Other, "size_violation", nil, nil},
		"payload beside":   {`"unstruct_event":` + known + `,`, violation + `,"payload":"{}"}}`, Other, "", nil, nil},
		"another schema's": {`"unstruct_event":` + known + `,`, strings.Replace(violation, "product", "products", 1) + `}}`, Other, "maxLength", nil, nil},
		"no violation":     {`"unstruct_event":` + known + `,`, `}}`, Other, "", nil, nil},

		// An edge that held the schema has redacted already, one that did not has not.
		"redacted and good":   {ada, personal("data/n", "type") + `,"receipts":[{"rule":"` + person + `","field":"unstruct_event.email","action":"hash:k1"}]}}`, Passes, "", []string{"h4sh", "0123"}, nil},
		"to be redacted":      {ada, personal("schema", KeywordUnknown) + `}}`, Passes, "", []string{`"data":{"n":1}`, `"event_fingerprint":""`, `"action":"drop"`}, []string{"Ada", "h4sh"}},
		"changed and broken":  {`"unstruct_event":` + broken + `,`, violation + `,"receipts":[{"rule":"mask-sku","field":"unstruct_event.sku","action":"mask"}]}}`, Redacted, "(mask by mask-sku)", nil, nil},
		"dropped as a whole":  {`"unstruct_event":{"schema":"` + product + `","data":null},`, violation + `,"receipts":[{"rule":"` + product + `","field":"unstruct_event","action":"drop"}]}}`, Redacted, "what was sent is gone", nil, nil},
		"changed at any rate": {`"unstruct_event":` + broken + `,`, violation + `,"receipts":[{"rule":"r","field":"*","action":"drop"}]}}`, Redacted, "(drop by r)", nil, nil},
		"null as sent":        {`"unstruct_event":{"schema":"` + product + `","data":null},`, violation + `}}`, Fails, "type", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			line := head + c.payloads + strings.Replace(before, "unresolved", "failed", 1) + c.weir
			e, outcome, why := j.Again(parse(t, line), now)
			if outcome != c.outcome || !strings.Contains(why, c.why) || (why == "") != (outcome == Passes) {
				t.Fatalf("%s: %q, want %s: %q", outcome, why, c.outcome, c.why)
			}
			got := string(e.Envelope)
			if outcome != Passes {
				if got != line || e.Verdict != "failed" {
					t.Errorf("an event that does not pass became %s: %s", e.Verdict, got)
				}
				return
			}
			again := parse(t, got)
			weir := gjson.Get(got, "weir")
			if !json.Valid(e.Envelope) || e.Verdict != "good" || again.Verdict != "good" || again.Fingerprint != e.Fingerprint ||
				weir.Get("violations").Exists() || weir.Get("violations_more").Exists() || weir.Get("rejudged").String() != "2026-11-20T23:03:24.123Z" {
				t.Errorf("an event that passes became %s", got)
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s is missing in %s", want, got)
				}
			}
			for _, hidden := range c.hidden {
				if strings.Contains(got, hidden) {
					t.Errorf("%s is still in %s", hidden, got)
				}
			}
		})
	}
}
