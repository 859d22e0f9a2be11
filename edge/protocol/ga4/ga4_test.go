package ga4

import (
	"testing"

	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	f.Add("POST", measurement, "measurement_id=G-1&api_secret=s", `{"client_id":"1.2","timestamp_micros":"1795215804123456","user_properties":{"a":{"value":1}},"device":{"language":"de","brand":"B"},"events":[{"name":"purchase","params":{"page_location":"https://a.example/","value":1.5}},7,{"name":1,"timestamp_micros":1}]}`)
	f.Add("POST", debug, "", `{"events":{}}`)
	f.Add("POST", debug, "", `[]`)
	f.Add("POST", measurement, "", `{"events":[{}`)
	f.Add("GET", gtag, "v=2&tid=G-1&cid=1.2&en=page_view&dl=https%3A%2F%2Fa.example&sr=1x2&ep.a=b&epn.c=1e3&epn.d=x&epn.e=+1", "")
	f.Add("POST", gtag, "v=2&tid=G-1&sct=x&en=a", "en=scroll&epn.percent=90\r\n\nen=click&sct=2&%FF\nen=a&en=b")
	a := New()
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r := &protocol.Request{Method: method, Path: path, Query: query, Body: []byte(body)}
		if a.Match(r) {
			protocoltest.Check(t, a, r)
		}
	})
}

func TestMatch(t *testing.T) {
	a := New()
	for request, want := range map[[2]string]bool{
		{"POST", "/mp/collect"}: true, {"POST", "/mp/collect/"}: true, {"POST", "/debug/mp/collect"}: true, {"GET", "/g/collect"}: true, {"POST", "/g/collect"}: true,
		{"GET", "/mp/collect"}: false, {"POST", "/collect"}: false, {"PUT", "/g/collect"}: false,
	} {
		if got := a.Match(&protocol.Request{Method: request[0], Path: request[1]}); got != want {
			t.Errorf("%s: %t", request, got)
		}
	}
}

func TestMillis(t *testing.T) {
	for text, want := range map[string]int64{"1795215804123456": 1795215804123, "1000": 1, "99999999999999999": 99999999999999} {
		if got, ok := millis(text); !ok || got != want {
			t.Errorf("%s: %d, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "1", "-1795215804123456", "1795215804.123", "999999999999999999", "1e15"} {
		if got, ok := millis(text); ok {
			t.Errorf("%s is taken for %d", text, got)
		}
	}
}
