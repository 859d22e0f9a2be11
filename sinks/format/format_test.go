package format_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"weir/sinks"
	"weir/sinks/format"
)

const line = `{"app_id":"shop & co","platform":"web","collector_tstamp":"2026-11-20T23:03:24.123Z",` +
	`"event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10","event_fingerprint":"00112233445566778899aabbccddeeff","page_urlport":443,"br_cookies":true,` +
	`"se_value":19.90,"unstruct_event":{"schema":"iglu:com.acme/click/jsonschema/1-0-0","data":{"id":"a\"b"}},"weir":{"v":1,"verdict":"good"}}`

func event(t *testing.T, line string) sinks.Event {
	t.Helper()
	e, err := sinks.ParseEvent([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFormats(t *testing.T) {
	want := map[string]string{
		"envelope": line,
		"flat": `{"app_id":"shop & co","platform":"web","collector_tstamp":"2026-11-20T23:03:24.123Z",` +
			`"event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10","page_urlport":443,"se_value":19.90,` +
			`"unstruct_event":"{\"schema\":\"iglu:com.acme/click/jsonschema/1-0-0\",\"data\":{\"id\":\"a\\\"b\"}}","br_cookies":true,` +
			`"event_fingerprint":"00112233445566778899aabbccddeeff","weir":"{\"v\":1,\"verdict\":\"good\"}"}`,
	}
	for _, name := range format.Names {
		t.Run(name, func(t *testing.T) {
			f, err := format.New(name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Append([]byte("before "), event(t, line))
			if err != nil {
				t.Fatal(err)
			}
			text, ok := strings.CutPrefix(string(got), "before ")
			if !ok {
				t.Fatalf("what stood in dst is gone: %s", got)
			}
			if w, ok := want[name]; ok && sortedMembers(t, text) != sortedMembers(t, w) {
				t.Errorf("got  %s\nwant %s", text, w)
			}
			broken := event(t, line)
			broken.Envelope = []byte("{}\n{}")
			if got, err := f.Append([]byte("before"), broken); err == nil || string(got) != "before" {
				t.Errorf("a broken line gave %q, %v", got, err)
			}
		})
	}
}

// sortedMembers spells an object with its members in order, each as it was.
func sortedMembers(t *testing.T, object string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		t.Fatalf("%v: %s", err, object)
	}
	var list []string
	for name, value := range members {
		list = append(list, name+":"+string(value))
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

func TestUnknown(t *testing.T) {
	if _, err := format.New("avro"); err == nil || !strings.Contains(err.Error(), "envelope") {
		t.Errorf("the error is %v, want one that names the formats", err)
	}
}

// An event whose columns cannot be read is the event's fault alone.
func TestFlatRefuses(t *testing.T) {
	e := event(t, strings.Replace(line, "443", `"443"`, 1))
	if _, err := (format.Flat{}).Append(nil, e); err == nil || !strings.Contains(err.Error(), "page_urlport") {
		t.Errorf("the error is %v, want one that names page_urlport", err)
	}
}
