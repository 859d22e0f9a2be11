package selfdescribing

import (
	"testing"

	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

func FuzzDecode(f *testing.F) {
	const event = `{"schema":"iglu:com.example/product_view/jsonschema/1-0-0","data":{"sku":"P"},"contexts":[{"schema":"iglu:a/b/c/1-0-0","data":1}]}`
	f.Add("POST", "aid=shop", "", event)
	f.Add("POST", "", "", "["+event+",7,{\"schema\":1},"+event+"]")
	f.Add("POST", "schema=iglu:a/b/c/1-0-0", "", "[1,2]")
	f.Add("POST", "schema=iglu:a/b/c/1-0-0", "application/x-www-form-urlencoded", "a=b&c")
	f.Add("GET", "schema=iglu:a/b/c/1-0-0&a=%22", "", "")
	f.Add("POST", "", "", `{"\u0073chema":"iglu:a/b/c/1-0-0","data":null,"contexts":[],"contexts":[]}`)
	a := New()
	f.Fuzz(func(t *testing.T, method, query, media, body string) {
		r := &protocol.Request{
			Method: method, Path: Path, Query: query, Body: []byte(body),
			Headers: []protocol.Header{{Name: "Content-Type", Value: media}},
		}
		if a.Match(r) {
			protocoltest.Check(t, a, r)
		}
	})
}
