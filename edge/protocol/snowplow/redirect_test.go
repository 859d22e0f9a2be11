package snowplow

import (
	"encoding/json"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func TestRedirect(t *testing.T) {
	const unstruct = "unstruct https://shop.example/?a=1&b=2"
	for query, want := range map[string]string{
		"u=https%3A%2F%2Fshop.example%2F%3Fa%3D1%26b%3D2":                          unstruct,
		"u=https://other.example/&u=https%3A%2F%2Fshop.example%2F%3Fa%3D1%26b%3D2": unstruct,
		"ue_pr=x&ue_px=y&u=https%3A%2F%2Fshop.example%2F%3Fa%3D1%26b%3D2":          unstruct,
		"e=pv&u=https%3A%2F%2Fshop.example%2F%3Fa%3D1%26b%3D2":                     "page_view https://shop.example/?a=1&b=2",
		"e=pv&u=%22%5C%00":                         `page_view "\` + "\x00",
		"e=pv&co=nonsense&u=https://shop.example/": "page_view https://shop.example/",
		"e=pv": "page_view ",
		"":     " ",
	} {
		a := New()
		events := protocoltest.Check(t, a, &protocol.Request{Method: "POST", Path: Redirect, Query: query, Body: []byte("no matter")})
		if len(events) != 1 {
			t.Fatalf("%s: %d events", query, len(events))
		}
		e := &events[0]
		target := e.Unstruct
		if len(e.Contexts) > 0 {
			target = e.Contexts[0]
		}
		got := e.Get(envelope.EventType) + " " + uri(t, target)
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if named := strings.Contains(query, "u="); named != (target.Schema == redirectSchema) {
			t.Errorf("%s: %q", query, target.Schema)
		}
		if e.Get(envelope.VTracker) != "r-tp2" || e.Get(envelope.Platform) != "web" {
			t.Errorf("%s: tracker %s, platform %s", query, e.Get(envelope.VTracker), e.Get(envelope.Platform))
		}
	}
}

func uri(t *testing.T, s envelope.SelfDescribing) string {
	var data struct{ URI string }
	if s.Schema != "" {
		if err := json.Unmarshal(s.Data, &data); err != nil {
			t.Fatal(err)
		}
	}
	return data.URI
}
