package host

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/sinks"
)

// TestCanariesAtTheHost hands a host what no edge could judge: data whose schema,
// which the host alone has, says what must be hidden. Nothing of it may stand in
// what a sink gets, in dead letters and failed events, in the tail, in metrics and in the log.
func TestCanariesAtTheHost(t *testing.T) {
	const canary = "canary.Hidden-Name"
	r := newRig(t, "a")
	r.cfg.Schemas = []string{t.TempDir()}
	path := filepath.Join(r.cfg.Schemas[0], "com.acme", "person", "jsonschema", "1-0-0")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(`{"self":{"vendor":"com.acme","name":"person","format":"jsonschema","version":"1-0-0"},"type":"object","additionalProperties":false,"properties":{
		"id":{"type":"integer"},
		"email":{"type":"string","x-weir-privacy":{"action":"hash"}},
		"name":{"type":"string","x-weir-privacy":{"action":"mask"}},
		"note":{"type":"string","x-weir-privacy":{"action":"scrub","find":["email"]}},
		"home":{"type":"object","properties":{"street":{"type":"string"}},"x-weir-privacy":{"action":"drop"}}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	written := make(chan string, 16)
	r.sink("a").do(func(_ context.Context, b sinks.Batch) error {
		var failed []sinks.EventError
		for i, e := range b.Events {
			written <- string(e.Envelope)
			failed = append(failed, sinks.EventError{Index: i, Err: errors.New("no such table"), Permanent: true})
		}
		return &sinks.BatchError{Failed: failed}
	})
	r.start()
	tail, err := http.Get("http://" + r.host.AdminAddr() + "/api/tail")
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Body.Close()

	person := `{"id":ID,"email":"` + canary + `@mail.example","name":"` + canary + `","note":"to ` + canary + `@mail.example","home":{"street":"` + canary + `"}}`
	var lines []string
	for _, id := range []string{`1`, `"x"`} { // valid, and not
		payload := `{"schema":"iglu:com.acme/person/jsonschema/1-0-0","data":` + strings.Replace(person, "ID", id, 1) + `}`
		_, line := event("unresolved", `,"unstruct_event":`+payload)
		lines = append(lines, line)
		_, line = event("unresolved", `,"contexts":[`+payload+`]`)
		lines = append(lines, line)
	}
	r.send(lines...)
	streams := map[string]string{}
	for range lines {
		streams["the sink"] += <-written
	}
	seen := 0
	for s := bufio.NewScanner(tail.Body); seen < len(lines) && s.Scan(); {
		if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
			streams["the tail"] += data
			seen++
		}
	}
	until(t, "all are dead letters", func() bool {
		var text string
		r.get("/api/deadletters?route=a&limit=10", &text)
		streams["dead letters"] = text
		return strings.Count(text, "no such table") >= len(lines)
	})
	for name, path := range map[string]string{"failed events": "/api/failed?limit=10", "metrics": "/metrics", "the status": "/api/status"} {
		var text string
		r.get(path, &text)
		streams[name] = text
	}
	r.post("canary", []byte(`{"weir_batch":"`+canary+`"`)) // nothing that a log should repeat
	r.drain()
	streams["the log"] = r.logs.String()
	for _, name := range []string{"the sink", "the tail", "dead letters"} {
		if strings.Count(streams[name], `"receipts":[`) < len(lines) || !strings.Contains(streams[name], `"verdict":"failed"`) || !strings.Contains(streams[name], `"verdict":"good"`) {
			t.Errorf("%s has not what this is about: %s", name, streams[name])
		}
	}
	for name, text := range streams {
		if text == "" {
			t.Errorf("%s is empty", name)
		}
		if i := strings.Index(text, "Hidden"); i >= 0 {
			t.Errorf("a canary got out in %s: …%s…", name, text[max(0, i-160):min(len(text), i+60)])
		}
	}
}
