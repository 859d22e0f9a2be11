package judge

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/sinks"
)

// An edge that lacks a schema cannot know what is private in it: the host does
// what the edge would have done, before any sink or person sees the event.
func TestPrivateData(t *testing.T) {
	root := folder(t)
	path := filepath.Join(root, "com.acme", "person", "jsonschema", "1-0-0")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	const person = `{"self":{"vendor":"com.acme","name":"person","format":"jsonschema","version":"1-0-0"},
		"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{
			"name":{"type":"string","x-weir-privacy":{"action":"drop"}},
			"phone":{"type":"string","x-weir-privacy":{"action":"mask","keepEnd":2}},
			"email":{"type":"string","x-weir-privacy":{"action":"hash"}},
			"contact":{"oneOf":[{"type":"string","x-weir-privacy":{"action":"drop"}},{"type":"null"}]}},"required":["name"]}`
	if err := os.WriteFile(path, []byte(person), 0o644); err != nil {
		t.Fatal(err)
	}
	j, err := New([]string{root}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	const schema = `{"schema":"iglu:com.acme/person/jsonschema/1-0-0","data":`
	for name, c := range map[string]struct {
		payloads, weir string
		verdict        string
		want, hidden   []string
	}{
		"good": {
			`"event_fingerprint":"0123","contexts":[` + known + `,` + schema + `{"name":"Ada Secret","phone":"4466","n":1}}],"unstruct_event":` + schema + `{"name": "Ada Secret", "email":"ada@secret.example"}},`,
			before + after, "good",
			[]string{`"event_fingerprint":""`, `{"phone":"**66","n":1}`, `"data":{}`, `{"rule":"r","field":"user_ipaddress","action":"truncate"},{`, `"field":"contexts.phone"`, `"field":"unstruct_event.email"`, known},
			[]string{"Secret", "secret", "0123"},
		},
		"failed, without receipts": {
			`"unstruct_event":` + schema + `{"phone":7,"email":["ada@secret.example"]}},`, before + `}}`, "failed",
			[]string{`"receipts":[{`, `"data":{"phone":"*"}`}, []string{"secret"},
		},
		"no branch holds": {
			`"unstruct_event":` + schema + `{"name":"Secret","contact":{"secret":1}}},`, before + `}}`, "failed",
			[]string{`"data":null`}, []string{"Secret"},
		},
		"nothing private": {`"unstruct_event":` + known + `,`, before + after, "good", []string{known}, []string{"Secret"}},
	} {
		e := j.Event(parse(t, head+c.payloads+c.weir))
		line := string(e.Envelope)
		if !json.Valid(e.Envelope) || e.Verdict != c.verdict {
			t.Errorf("%s: verdict %s: %s", name, e.Verdict, line)
		}
		if again, err := sinks.ParseEvent(e.Envelope); err != nil || again.Fingerprint != e.Fingerprint {
			t.Errorf("%s: fingerprint %q in the envelope, %q beside it: %v", name, again.Fingerprint, e.Fingerprint, err)
		}
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%s: %s is missing in %s", name, want, line)
			}
		}
		data := line
		if i := strings.Index(line, `"violations"`); i > 0 {
			data = line[:i] // paths name members
		}
		for _, hidden := range c.hidden {
			if strings.Contains(data, hidden) {
				t.Errorf("%s: %s is still in %s", name, hidden, line)
			}
		}
	}
}
