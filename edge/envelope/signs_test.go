package envelope

import "testing"

// One sign may err; the CDN's two words are one.
func TestBot(t *testing.T) {
	for want, all := range map[string][]Signs{
		"":    {{}},
		"one": {{UserAgent: "crawler"}, {Score: 1}, {Verified: true}, {Score: 1, Verified: true}, {Signature: true}, {Headers: true}, {Network: true}},
		"two": {{UserAgent: "library", Network: true}, {Score: 29, Headers: true}, {Verified: true, Signature: true}, {Headers: true, Network: true},
			{UserAgent: "agent", Score: 1, Verified: true, Signature: true, Headers: true, Network: true}},
	} {
		for _, s := range all {
			if got := s.Bot(); got != (want == "two") {
				t.Errorf("%+v: bot is %v", s, got)
			}
		}
	}
}

func TestVerdict(t *testing.T) {
	var e Event
	e.Set(EventID, "c6ef3124-b53a-4b13-a233-0088f79dcbcb")
	if got, want := string(e.AppendVerdict(nil)), `{"event_id":"c6ef3124-b53a-4b13-a233-0088f79dcbcb","verdict":"good"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e.Violate(Violation{Schema: "iglu:a/b/jsonschema/1-0-0", Path: "/x", Keyword: "type", Message: "must be a string"})
	e.MoreViolations = 2
	e.Receive(Receipt{"r", "f", "drop"})
	e.Signs = Signs{UserAgent: "agent", Score: 2, Verified: true, Signature: true, Headers: true, Network: true}
	want := `{"event_id":"c6ef3124-b53a-4b13-a233-0088f79dcbcb","verdict":"failed","violations":[{"schema":"iglu:a/b/jsonschema/1-0-0","path":"/x","keyword":"type","message":"must be a string"}],` +
		`"violations_more":2,"receipts":[{"rule":"r","field":"f","action":"drop"}],` +
		`"bot":true,"signs":{"user_agent":"agent","score":2,"verified":true,"signature":true,"headers":true,"network":true}}`
	if got := string(e.AppendVerdict(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e.Reset()
	if e.Signs != (Signs{}) || e.Key != "" || e.Server {
		t.Errorf("left of the event before: %+v", e.Signs)
	}
}
