package main

import (
	"strings"
	"testing"
)

func TestEventLine(t *testing.T) {
	for _, tt := range []struct{ name, envelope, want string }{
		{
			"page view",
			`{"app_id":"shop","event_name":"page_view","page_url":"https://example.com/","collector_tstamp":"2026-11-20T23:03:24.123Z","weir":{"verdict":"good"}}`,
			"23:03:24.123  good        shop  page_view  https://example.com/",
		},
		{
			"violations",
			`{"event_name":"x","collector_tstamp":"2026-11-20T23:03:24.123Z","unstruct_event":{"schema":"iglu:a/b/jsonschema/1-0-0"},` +
				`"weir":{"verdict":"failed","violations":[{"path":"/a","keyword":"type","message":"must be a string"},{"path":"/b"}],"violations_more":3}}`,
			"23:03:24.123  failed      -  x  iglu:a/b/jsonschema/1-0-0  /a type: must be a string (and 4 more)",
		},
		{
			"what a terminal would obey",
			`{"app_id":"\u001b[2J\u202e","event_name":"a\nb","weir":{"verdict":"good"}}`,
			"  good        \uFFFD[2J\uFFFD  a\uFFFDb",
		},
		{"nothing", `{}`, "              -  -"},
		{"not JSON", `x`, "              -  -"},
	} {
		if got := eventLine([]byte(tt.envelope)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestReadEvents(t *testing.T) {
	const stream = ": hello\n\nevent: envelope\ndata: {\"a\":1}\n\nevent: gap\ndata: 7\n\nevent: envelope\r\ndata: {\r\ndata: }\r\n\r\nevent: envelope\ndata: cut"
	var got []string
	err := readEvents(strings.NewReader(stream), func(data []byte) { got = append(got, string(data)) })
	if err == nil || len(got) != 2 || got[0] != `{"a":1}` || got[1] != "{\n}" {
		t.Errorf("got %q, %v", got, err)
	}
}
