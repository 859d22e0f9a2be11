package webhook

import (
	"testing"

	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	f.Add("com.example/product_view/jsonschema/1-0-0", "aid=shop&eid=c6ef3124-b53a-4b13-a233-0088f79dcbcb", "", `[{"sku":"P"},1,"x"]`)
	f.Add("../a/b/1-0-0", "tv=%FF", "application/x-www-form-urlencoded", "a=%22&b=%FF&a=\x00")
	f.Add("a/b/c/1-0-0/", "", "application/json", `{"a":`)
	a := New()
	f.Fuzz(func(t *testing.T, key, query, media, body string) {
		r := &protocol.Request{
			Method: "POST", Path: Prefix + key, Query: query, Body: []byte(body),
			Headers: []protocol.Header{{Name: "Content-Type", Value: media}},
		}
		if !a.Match(r) {
			t.Fatal("no match")
		}
		protocoltest.Check(t, a, r)
	})
}

func TestMatch(t *testing.T) {
	for _, r := range []protocol.Request{
		{Method: "GET", Path: Prefix + "a/b/c/1-0-0"}, {Method: "POST", Path: "/webhooks/a/b/c/1-0-0"}, {Method: "POST", Path: "/webhook"},
	} {
		if New().Match(&r) {
			t.Errorf("%s %s is taken for a webhook", r.Method, r.Path)
		}
	}
}
