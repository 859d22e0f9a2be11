package segment

import (
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	const message = `{"type":"track","event":"e","userId":"u","context":{"page":{"url":"https://a.example/","path":"/"},"library":{"name":"analytics.js"}},"timestamp":"2026-11-20T23:03:24Z","x":1}`
	f.Add("batch", "Basic a2V5Og==", `{"batch":[`+message+`,7,{"type":"page","properties":{"url":"u"}}],"context":{"ip":"::1","a":{}},"sentAt":"2026-11-20T23:03:25Z","writeKey":"k"}`)
	f.Add("t", "", message)
	f.Add("p/", "", `{"properties":{"path":"/","url":null,"title":1.5},"name":"n","cont\u0065xt":{"screen":{"width":1,"height":2.5}}}`)
	f.Add("track", "", `[{"event":"iglu:a/b/c/1-0-0"},{"event":7,"event":8,"messageId":"m","userId":{}}]`)
	f.Add("b", "", `{"batch":[`)
	f.Add("b", "", `{"batch":[{"type":"alias"}]} x`)
	f.Add("batch", "", `{"batch":{},"batch":[[]],"context":{"library":{"name":"\u0069os","version":""}}}`)
	a := New()
	a.NameApps([]protocol.App{{Key: "k", ID: "shop"}})
	f.Fuzz(func(t *testing.T, resource, authorization, body string) {
		r := &protocol.Request{
			Method: "POST", Path: Prefix + resource, Body: []byte(body),
			Headers: []protocol.Header{{Name: "Authorization", Value: authorization}},
		}
		if a.Match(r) {
			protocoltest.Check(t, a, r)
		}
	})
}

func TestMatch(t *testing.T) {
	a := New()
	for path, want := range map[string]bool{
		"/v1/track": true, "/v1/batch/": true, "/v1/import": true, "/v1/i": true, "/v1/g": true, "/v1/s": true, "/v1/a": true,
		"/v1/": false, "/v1/logs": false, "/v1/m": false, "/v1/tracks": false, "/v2/track": false, "/v1": false, "track": false,
	} {
		if got := a.Match(&protocol.Request{Method: "POST", Path: path}); got != want {
			t.Errorf("POST %s: %t", path, got)
		}
	}
	if a.Match(&protocol.Request{Method: "GET", Path: "/v1/track"}) {
		t.Error("GET is taken for a message")
	}
}

// A message that is sent twice has one id, in whatever it is sent; others have others.
func TestEventID(t *testing.T) {
	a := New()
	id := func(path, body string) string {
		events := protocoltest.Check(t, a, &protocol.Request{Method: "POST", Path: path, Body: []byte(body)})
		if len(events) != 1 {
			t.Fatalf("%d events", len(events))
		}
		return string([]byte(events[0].Get(envelope.EventID))) // valid until the next request only
	}
	first := id("/v1/track", `{"event":"e","userId":"u","messageId":"m-1"}`)
	if !envelope.IsUUID(first) || first != id("/v1/batch", `{"batch":[{"type":"track","event":"e","userId":"u","messageId":"m\u002d1"}]}`) {
		t.Errorf("%q in a request of its own, another in a batch", first)
	}
	if first == id("/v1/track", `{"event":"e","userId":"u","messageId":"m-2"}`) {
		t.Error("other messages have the same id")
	}
	if got := id("/v1/track", `{"event":"e","userId":"u"}`); got != "" {
		t.Errorf("without a messageId the id is %s", got)
	}
}
