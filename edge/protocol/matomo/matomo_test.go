package matomo

import (
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	f.Add("idsite=1&rec=1&url=https%3A%2F%2Fa.example%2F&urlref=&action_name=A+B&_id=0123456789abcdef&cid=0&uid=u&res=1x2&h=1&cdt=2026-11-20+23:03:24&cookie=1&dimension1=x&token_auth=s", "")
	f.Add("idsite=1&e_c=a&e_a=b&e_n=c&e_v=1.5&cdt=1795215804", "search=a&search_count=x&send_image=0")
	f.Add("", "idsite=1&idgoal=0&ec_id=O&revenue=1.5&ec_items=%5B%5B%22P%22%2C%22n%22%5D%5D&ping=1")
	f.Add("", `{"requests":["?idsite=1&rec=1","https://a.example/matomo.php?idsite=2&link=l",{"idsite":3,"c_n":"n","idsi\u0074e":null,"x":{}},7,"?\u00e4=%FF"],"token_auth":"s"}`)
	f.Add("token_auth=s", ` {"requests":["?idsite=1&download=d"`)
	f.Add("", `{"requests":["?idsite=1"]} x`)
	f.Add("e_c=%FF", `{"requests":{}}`)
	a := New()
	a.NameApps([]protocol.App{{Key: "1", ID: "shop"}})
	f.Fuzz(func(t *testing.T, query, body string) {
		r := &protocol.Request{Method: "POST", Path: "/matomo.php", Query: query, Body: []byte(body)}
		answer := a.Answer(r)
		events := protocoltest.Check(t, a, r)
		a.Report(&answer, r, events)
		if a.bulk && a.tracked > len(events) {
			t.Fatalf("%d of %d events are said to be tracked", a.tracked, len(events))
		}
	})
}

func TestMatch(t *testing.T) {
	a := New()
	for request, want := range map[[2]string]bool{
		{"GET", "/matomo.php"}: true, {"HEAD", "/matomo.php"}: true, {"POST", "/piwik.php"}: true,
		{"PUT", "/matomo.php"}: false, {"GET", "/matomo.js"}: false, {"GET", "/matomo/matomo.php"}: false,
	} {
		if got := a.Match(&protocol.Request{Method: request[0], Path: request[1]}); got != want {
			t.Errorf("%s: %t", request, got)
		}
	}
}

func TestKind(t *testing.T) {
	a := New()
	for query, want := range map[string]string{
		"":                            "page_view",
		"action_name=A":               "page_view",
		"ping=1&e_c=a":                "page_ping",
		"ping=0":                      "page_view",
		"e_c=a&e_a=b":                 "event",
		"idgoal=0&ec_id=1":            "ecommerce",
		"idgoal=7&e_c=a&e_a=b":        "goal",
		"c_n=ad&c_i=click":            "content",
		"search=tea&search_count=0":   "search",
		"link=https://b.example/":     "link",
		"download=https://a.example/": "link",
	} {
		events := protocoltest.Check(t, a, &protocol.Request{Method: "GET", Path: "/matomo.php", Query: "idsite=1&" + query})
		if got := events[0].Get(envelope.EventName); got != want || events[0].Verdict != envelope.Good {
			t.Errorf("%q is a %s, want %s: %v", query, got, want, events[0].Violations)
		}
	}
}

func TestMillis(t *testing.T) {
	a := New()
	for text, want := range map[string]int64{"1795215804": 1795215804000, "0": 0, "4102444800": 4102444800000, "2026-11-20 23:03:24": 1795215804000} {
		if got, ok := a.millis(text); !ok || got != want {
			t.Errorf("%s: %d, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "-1", "2026-11-20", "2026-11-20T23:03:24", "2026-02-30 00:00:00", "yesterday", "1795215804123"} {
		if got, ok := a.millis(text); ok {
			t.Errorf("%s is taken for %d", text, got)
		}
	}
}
