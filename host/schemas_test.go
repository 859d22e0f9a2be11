package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A schema that is added while the host runs judges what comes later, and one
// with a fault in it is reported and changes nothing.
func TestSchemasAreReadAgain(t *testing.T) {
	r := newRig(t, "good")
	r.cfg.Routes[0].Events = "good"
	root := t.TempDir()
	r.cfg.Schemas = []string{root}
	r.start()
	send := func() {
		_, line := event("unresolved", `,"unstruct_event":{"schema":"iglu:com.acme/late/jsonschema/1-0-0","data":{"sku":"a"}}`)
		r.send(line)
	}
	judged := func(verdict string, n float64) {
		t.Helper()
		until(t, verdict, func() bool {
			var text string
			r.get("/metrics", &text)
			return sum(text, "weir_events_stored_total", `verdict="`+verdict+`"`) == n
		})
	}
	write := func(text string) {
		t.Helper()
		path := filepath.Join(root, "com.acme", "late", "jsonschema", "1-0-0")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		r.host.Refresh()
	}
	send()
	judged("failed", 1)
	write(`{"self":{"vendor":"com.acme","name":"late","format":"jsonschema","version":"1-0-0"},"type":"object","required":["sku"]}`)
	send()
	judged("good", 1)
	write(`{"type":"objekt"}`)
	var text string
	if r.get("/metrics", &text); sum(text, "weir_schemas_stale") != 1 || !strings.Contains(r.logs.String(), "com.acme/late/jsonschema/1-0-0") {
		t.Errorf("a schema with a fault is not reported:\n%s", r.logs)
	}
	send()
	judged("good", 2)
}
