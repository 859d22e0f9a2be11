package plausible

import (
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	f.Add("", `{"name":"pageview","url":"https://a.example/","domain":"a.example","referrer":"https://b.example/","props":{"plan":"pro"}}`)
	f.Add("", `{"n":"Signup","u":"https://a.example/","d":"a.example,b.example","r":null,"w":1280,"h":0,"p":"{\"plan\":\"\\u0070ro\"}","$":{"currency":"EUR","amount":"13.29"},"i":false,"x":1}`)
	f.Add("aid=shop&eid=c6ef3124-b53a-4b13-a233-0088f79dcbcb", `{"n":"iglu:com.acme/a/jsonschema/1-0-0","meta":{"a":1},"n":"b","e":7,"sd":1e2}`)
	f.Add("", `[{"n":"engagement","p":"{"},7,{"\u006e":"a","p":"{} x","m":[]}]`)
	f.Add("", `{"n":"a","p":"{\"a\":`)
	a := New()
	a.NameApps([]protocol.App{{Key: "a.example", ID: "shop"}})
	f.Fuzz(func(t *testing.T, query, body string) {
		protocoltest.Check(t, a, &protocol.Request{Method: "POST", Path: path, Query: query, Body: []byte(body)})
	})
}

func TestMatch(t *testing.T) {
	a := New()
	for request, want := range map[[2]string]bool{
		{"POST", "/api/event"}: true, {"POST", "/api/event/"}: true,
		{"GET", "/api/event"}: false, {"POST", "/api/events"}: false, {"POST", "/api"}: false,
	} {
		if got := a.Match(&protocol.Request{Method: request[0], Path: request[1]}); got != want {
			t.Errorf("%s: %t", request, got)
		}
	}
}

// Scripts of every age and the documented API say the same in other words.
func TestNames(t *testing.T) {
	a := New()
	decode := func(body string) (fields, data string) {
		events := protocoltest.Check(t, a, &protocol.Request{Method: "POST", Path: path, Body: []byte(body)})
		if len(events) != 1 || events[0].Verdict != envelope.Good {
			t.Fatalf("%s: %d events, %v", body, len(events), events[0].Violations)
		}
		e := &events[0]
		return e.Get(envelope.AppID) + " " + e.Get(envelope.PageURL) + " " + e.Get(envelope.PageReferrer), string(e.Unstruct.Data)
	}
	columns, data := decode(`{"name":"Signup","url":"https://a.example/","domain":"a.example","referrer":"https://b.example/","props":{"a":"b"},"interactive":false}`)
	for _, body := range []string{
		`{"n":"Signup","u":"https://a.example/","d":"a.example","r":"https://b.example/","p":{"a":"b"},"i":false}`,
		`{"n":"Signup","u":"https://a.example/","d":"a.example","r":"https://b.example/","p":"{\"a\":\"b\"}","i":false}`,
		`{"n":"Signup","u":"https://a.example/","d":"a.example","r":"https://b.example/","m":"{\"a\":\"b\"}","i":false,"w":null}`,
		`{"name":"Signup","url":"https:\/\/a.example\/","domain":"a.example","referrer":"https://b.example/","meta":{"a":"b"},"interactive":false}`,
	} {
		if c, d := decode(body); c != columns || d != data {
			t.Errorf("%s:\n%s %s, want\n%s %s", body, c, d, columns, data)
		}
	}
}
