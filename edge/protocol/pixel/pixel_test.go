package pixel

import (
	"testing"

	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	f.Add("com.example/product_view/jsonschema/1-0-0", "sku=P&sku=Q&aid=shop&p=web")
	f.Add("a/b/c/1-0-0", "hbp=eyJza3UiOiJwLTE3In0")
	f.Add("a/b/c/1-0-0", "hbp=W3sic2t1IjoicC0xNyJ9LHsi&%FF=%00")
	f.Add("", "&&=&=a&%=")
	a := New()
	f.Fuzz(func(t *testing.T, key, query string) {
		r := &protocol.Request{Method: "GET", Path: Prefix + key, Query: query}
		if !a.Match(r) {
			t.Fatal("no match")
		}
		protocoltest.Check(t, a, r)
	})
}

func TestMatch(t *testing.T) {
	for _, r := range []protocol.Request{{Method: "POST", Path: Prefix + "a/b/c/1-0-0"}, {Method: "GET", Path: "/pixels/a/b/c/1-0-0"}, {Method: "GET", Path: "/pixel"}} {
		if New().Match(&r) {
			t.Errorf("%s %s is taken for a pixel", r.Method, r.Path)
		}
	}
}
