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
	f.Add("LAID OUT", "eid=c6ef3124-b53a-4b13-a233-0088f79dcbcb", "", `[{"self":{"schema":"iglu:a/b/c/1-0-0"},"payload":{"data":1},"meta":[{"schema":"iglu:a/b/c/1-0-0","data":2}]},{"self":{},"self":{"schema":7}},7,{"payload":1}]`)
	a := New()
	a.ReadDocuments([]protocol.Document{{Path: "/laid/out", Schema: []string{"self", "schema"}, Data: []string{"payload", "data"}, Contexts: []string{"meta"}}})
	f.Fuzz(func(t *testing.T, method, query, media, body string) {
		path := Path
		if method == "LAID OUT" {
			method, path = "POST", "/laid/out"
		}
		r := &protocol.Request{
			Method: method, Path: path, Query: query, Body: []byte(body),
			Headers: []protocol.Header{{Name: "Content-Type", Value: media}},
		}
		if a.Match(r) {
			protocoltest.Check(t, a, r)
		}
	})
}

func TestLayout(t *testing.T) {
	const schema = `"schema":"iglu:a/b/c/1-0-0"`
	for body, want := range map[string]string{
		`{"self":{` + schema + `},"payload":{"data":{"x":1}}}`:                              `{"x":1}`,
		`{"payload":{"data":null},"self":{"\u0073chema":"iglu:a/b/c/1-0-0"},"other":1}`:     `null`,
		`{"self":{` + schema + `},"payload":{"data":1},"meta":[{` + schema + `,"data":2}]}`: `1 2`,
		`{"self":{"schema":"nonsense"},"payload":{"data":1}}`:                               `failed pattern`,
		`{"self":{"schema":7},"payload":{"data":1}}`:                                        `failed required`,
		`{"self":[],"payload":{"data":1}}`:                                                  `failed required`,
		`{"self":{` + schema + `}}`:                                                         `failed required`,
		`{"self":{` + schema + `},"payload":{}}`:                                            `failed required`,
		`{"self":{` + schema + `,` + schema + `},"payload":{"data":1}}`:                     `failed required`,
		`{"self":{` + schema + `},"payload":{"data":1},"payload":{}}`:                       `failed required`,
		`{"self":{` + schema + `},"payload":{"data":1},"meta":{}}`:                          `failed required`,
		`{"self":{` + schema + `},"payload":{"data":1},"meta":[{"schema":"x","data":2}]}`:   `failed required`,
		`{"self":{` + schema + `},"payload":{"data":1},"meta":[],"meta":[]}`:                `failed duplicateKey`,
		`7`: `failed required`,
	} {
		a := New()
		a.ReadDocuments([]protocol.Document{{Path: "/laid/out", Schema: []string{"self", "schema"}, Data: []string{"payload", "data"}, Contexts: []string{"meta"}}})
		events := protocoltest.Check(t, a, &protocol.Request{Method: "POST", Path: "/laid/out", Body: []byte(body)})
		if len(events) != 1 {
			t.Errorf("%s: %d events", body, len(events))
			continue
		}
		e := &events[0]
		got := string(e.Unstruct.Data)
		for _, c := range e.Contexts {
			got += " " + string(c.Data)
		}
		if len(e.Violations) > 0 {
			got = "failed " + e.Violations[0].Keyword
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
