package cloudevents

import (
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	const event = `{"specversion":"1.0","type":"t","source":"/s","id":"1","time":"2026-11-20T23:03:00Z","dataschema":"iglu:a/b/c/1-0-0","data":{"a":1}}`
	f.Add("application/cloudevents+json", "", "", event)
	f.Add("application/cloudevents-batch+json", "", "", "["+event+`,{"data_base64":"eyJhIjoxfQ==","id":null,"x":{}},7]`)
	f.Add("application/json", "1", "a%20%E2%82%AC", `{"a":1}`)
	f.Add("text/plain", "\"1\"", "%FF", "hello")
	f.Add("application/octet-stream", "1", "x", "\x00\xff")
	f.Add("application/cloudevents+avro", "", "", "Obj")
	f.Add("application/cloudevents+json", "", "", `{"data":1,"data":2,"data_base64":"\u0041","i\u0064":"3"}`)
	a := New()
	f.Fuzz(func(t *testing.T, media, id, extension, body string) {
		r := &protocol.Request{
			Method: "POST", Path: Path, Body: []byte(body),
			Headers: []protocol.Header{{Name: "Content-Type", Value: media}, {Name: "CE-Id", Value: id}, {Name: "ce-Extension", Value: extension}},
		}
		if !a.Match(r) {
			t.Fatal("no match")
		}
		protocoltest.Check(t, a, r)
	})
}

// An event that is sent twice, in whichever mode, has one id; others have others.
func TestEventID(t *testing.T) {
	a := New()
	id := func(source, id string, structured bool) string {
		r := &protocol.Request{Method: "POST", Path: Path, Headers: []protocol.Header{
			{Name: "ce-id", Value: id}, {Name: "ce-source", Value: source}, {Name: "ce-specversion", Value: "1.0"}, {Name: "ce-type", Value: "t"},
		}}
		if structured {
			r.Headers = []protocol.Header{{Name: "Content-Type", Value: "application/cloudevents+json"}}
			r.Body = []byte(`{"specversion":"1.0","type":"t","source":"` + source + `","id":"` + id + `"}`)
		}
		events := protocoltest.Check(t, a, r)
		if len(events) != 1 {
			t.Fatalf("%d events", len(events))
		}
		return strings.Clone(events[0].Get(envelope.EventID)) // valid until the next request only
	}
	first := id("/s", "1", false)
	if !envelope.IsUUID(first) || first != id("/s", "1", true) {
		t.Errorf("%s in the binary mode, %s in the structured", first, id("/s", "1", true))
	}
	if first == id("/s", "2", false) || first == id("/t", "1", false) || id("/s1", "", false) == id("/s", "1", false) {
		t.Error("other events have the same id")
	}
	const own = "b3a5a7f0-3c1e-4a55-9d6f-0a3d2f6c1b11"
	if got := id("/s", own, true); got != own {
		t.Errorf("the event's own UUID became %s", got)
	}
}
