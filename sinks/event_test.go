package sinks_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"weir/sinks"
)

const line = `{"app_id":"shop","platform":"web","collector_tstamp":"2026-11-20T23:03:24.123Z","event":"unstruct",` +
	`"event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10","contexts":[{"schema":"iglu:a/b/jsonschema/1-0-0","data":{"event_id":"no","weir":{}}}],` +
	`"unstruct_event":{"schema":"iglu:com.example/add_to_cart/jsonschema/1-0-0","data":{"sku":"\u00fc"}},` +
	`"event_vendor":"com.example","event_name":"add_to_cart","event_format":"jsonschema","event_version":"1-0-0",` +
	`"event_fingerprint":"0123456789abcdef0123456789abcdef","weir":{"version":1,"protocol":"snowplow","verdict":"good","batch":"b","index":0}}`

func TestParseEvent(t *testing.T) {
	buf := []byte(line)
	e, err := sinks.ParseEvent(buf)
	if err != nil {
		t.Fatal(err)
	}
	want := sinks.Event{
		ID:          "0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10",
		Fingerprint: "0123456789abcdef0123456789abcdef",
		App:         "shop",
		Name:        "add_to_cart",
		Schema:      "iglu:com.example/add_to_cart/jsonschema/1-0-0",
		Verdict:     "good",
		Collected:   time.Date(2026, 11, 20, 23, 3, 24, 123e6, time.UTC),
	}
	if !bytes.Equal(e.Envelope, buf) {
		t.Errorf("Envelope is %s", e.Envelope)
	}
	// What was read must not refer to the line.
	for i := range buf {
		buf[i] = 'x'
	}
	e.Envelope = nil
	if !equal(e, want) {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
}

func equal(a, b sinks.Event) bool {
	return a.ID == b.ID && a.Fingerprint == b.Fingerprint && a.App == b.App && a.Name == b.Name &&
		a.Schema == b.Schema && a.Verdict == b.Verdict && a.Collected.Equal(b.Collected)
}

func TestParseEventSchema(t *testing.T) {
	unclassified := strings.NewReplacer(`"event_vendor":"com.example",`, ``).Replace(line)
	e, err := sinks.ParseEvent([]byte(unclassified))
	if err != nil {
		t.Fatal(err)
	}
	if want := "iglu:com.example/add_to_cart/jsonschema/1-0-0"; e.Schema != want {
		t.Errorf("without event_vendor the schema is %q, want that of unstruct_event, %q", e.Schema, want)
	}
}

func TestParseEventRejects(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"empty", line, ``, "does not begin"},
		{"array", line, `[1]`, "does not begin"},
		{"torn", `"index":0}}`, `"index":}`, "not valid JSON"},
		{"two lines", `"platform"`, "\n\"platform\"", "newline"},
		{"two values", line, line + line, "not valid JSON"},
		{"no id", `"event_id":"0c5d`, `"event_ix":"0c5d`, "event_id"},
		{"short id", `"event_id":"0c5d`, `"event_id":"c5d`, "event_id"},
		{"bad digit", `"event_id":"0c5d`, `"event_id":"0g5d`, "event_id"},
		{"numeric id", `"event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10"`, `"event_id":12`, "event_id"},
		{"no time", `"collector_tstamp"`, `"collector_ts"`, "collector_tstamp"},
		{"bad time", `2026-11-20T23`, `2026-11-20 23`, "collector_tstamp"},
		{"no verdict", `"verdict":"good"`, `"verdict":"fine"`, "weir.verdict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(line, c.old, c.new, 1)
			if bad == line {
				t.Fatal("the case changes nothing")
			}
			_, err := sinks.ParseEvent([]byte(bad))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that says %q", err, c.want)
			}
		})
	}
}

func BenchmarkParseEvent(b *testing.B) {
	buf := []byte(line)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sinks.ParseEvent(buf); err != nil {
			b.Fatal(err)
		}
	}
}
