package columns_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/sinks/columns"
)

var update = flag.Bool("update", false, "write README.md anew")

const minimal = `"collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10","weir":{}`

func read(t *testing.T, members string) (*columns.Row, error) {
	t.Helper()
	var r columns.Row
	err := r.Read([]byte("{" + members + "," + minimal + "}"))
	return &r, err
}

func column(t *testing.T, name string) int {
	t.Helper()
	for i, c := range columns.All {
		if c.Name == name {
			return i
		}
	}
	t.Fatalf("no column %s", name)
	return 0
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		member string
		want   columns.Value
	}{
		{`"app_id":"shop"`, columns.Value{Set: true, Text: "shop"}},
		{`"app_id":""`, columns.Value{Set: true}},
		{`"app_id":null`, columns.Value{}},
		{`"app_id":"a\u0000\"\ud83d\ude00"`, columns.Value{Set: true, Text: "a\uFFFD\"😀"}},
		{"\"app_id\":\"a\xff\"", columns.Value{Set: true, Text: "a\uFFFD"}},
		{`"app_id":"\ud800\u0041"`, columns.Value{Set: true, Text: "\uFFFDA"}},
		{`"app_id":"\udc00\ud800"`, columns.Value{Set: true, Text: "\uFFFD\uFFFD"}},
		{`"true_tstamp":"1970-01-01T00:00:01.500Z"`, columns.Value{Set: true, Text: "1970-01-01T00:00:01.500Z", Int: 1500}},
		{`"page_urlport":-2147483648`, columns.Value{Set: true, Text: "-2147483648", Int: -2147483648}},
		{`"br_cookies":true`, columns.Value{Set: true, Int: 1}},
		{`"br_cookies":false`, columns.Value{Set: true}},
		{`"se_value":19.90`, columns.Value{Set: true, Text: "19.90"}},
		{`"se_value":-1E+1000`, columns.Value{Set: true, Text: "-1E+1000"}},
		{`"contexts":[ 1, {"a":"\\u0000\u0000"} ]`, columns.Value{Set: true, Text: `[ 1, {"a":"\\u0000\ufffd"} ]`}},
		{`"unstruct_event":{"a":"\ud83d\ude00\ud83d\u0041\uDE00"}`, columns.Value{Set: true, Text: `{"a":"\ud83d\ude00\ufffd\u0041\ufffd"}`}},
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.member, `"`), `"`)
		row, err := read(t, c.member)
		if err != nil {
			t.Errorf("%s: %v", c.member, err)
		} else if got := row[column(t, name)]; got != c.want {
			t.Errorf("%s is read as %+v, want %+v", c.member, got, c.want)
		}
	}
}

func TestRowIsCleared(t *testing.T) {
	var r columns.Row
	for _, members := range []string{`"app_id":"shop",`, ``} {
		if err := r.Read([]byte("{" + members + minimal + "}")); err != nil {
			t.Fatal(err)
		}
	}
	if r[envelope.AppID].Set {
		t.Error("a value of the event before is left")
	}
	if fp := r[envelope.EventFingerprint]; !fp.Set || fp.Text != "" {
		t.Errorf("a missing fingerprint is %+v, want it empty and set", fp)
	}
}

func TestRefusals(t *testing.T) {
	for _, member := range []string{
		`"app_id":1`, `"app_id":{}`, `"true_tstamp":"2026-02-30T00:00:00.000Z"`, `"true_tstamp":"2026-11-20 23:03:24"`, `"true_tstamp":1`,
		`"page_urlport":"443"`, `"page_urlport":1.0`, `"page_urlport":2147483648`, `"br_cookies":1`, `"br_cookies":"true"`,
		`"se_value":"1"`, `"se_value":1e1001`, `"se_value":1e-99999999999999999999`, `"se_value":1` + strings.Repeat("0", 1000),
		`"contexts":"[]"`, `"unstruct_event":1`, `"domain_sessionidx":true`,
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(member, `"`), `"`)
		if _, err := read(t, member); err == nil || !strings.HasPrefix(err.Error(), "column "+name+": ") {
			t.Errorf("%.60s gives %v", member, err)
		}
	}
	var r columns.Row
	for _, line := range []string{``, `[]`, `1`, `{`, `{}`, `{"event_id":"x"}`, strings.Replace("{"+minimal+"}", `"weir":{}`, `"x":1`, 1)} {
		if err := r.Read([]byte(line)); err == nil {
			t.Errorf("%q is read", line)
		}
	}
}

// TestReference holds README.md to the declaration; run with -update to write it.
func TestReference(t *testing.T) {
	const begin, end = "<!-- columns: written by go test -update -->\n", "<!-- end -->\n"
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := bytes.Cut(page, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		t.Fatal("README.md lacks its markers")
	}
	want := append(bytes.Clone(head), begin...)
	want = append(want, "| | column | type | never null |\n|---|---|---|---|\n"...)
	for i, c := range columns.All {
		want = fmt.Appendf(want, "| %d | `%s` | %s | %s |\n", i, c.Name, c.Type, map[bool]string{true: "yes"}[c.Required])
	}
	want = append(append(want, end...), tail...)
	if *update {
		if err := os.WriteFile("README.md", want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(page, want) {
		t.Error("README.md is stale: go test ./sinks/columns -update")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("{" + minimal + "}"))
	f.Add([]byte(`{"app_id":"\ud800","contexts":["\u0000\\\ud800\udc00"],` + minimal + `}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var r columns.Row
		if r.Read(line) != nil {
			return
		}
		for i, v := range r {
			if c := columns.All[i]; strings.ContainsRune(v.Text, 0) {
				t.Errorf("column %s holds U+0000", c.Name)
			} else if c.Type == columns.JSON && !storable(v.Text) {
				t.Errorf("column %s holds what cannot be stored: %q", c.Name, v.Text)
			}
		}
	})
}

// storable decodes JSON in the slowest way: a lone surrogate or U+0000 does not
// survive with the same meaning.
func storable(text string) bool {
	for i := 0; i+6 <= len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if text[i+1] == 'u' {
			hex := strings.ToLower(text[i+2 : i+6])
			switch {
			case hex == "0000":
				return false
			case hex >= "d800" && hex < "dc00":
				next := ""
				if i+12 <= len(text) {
					next = strings.ToLower(text[i+6 : i+12])
				}
				if next < `\udc00` || next > `\udfff` {
					return false
				}
				i += 6
			case hex >= "dc00" && hex < "e000":
				return false
			}
		}
		i++
	}
	return true
}

func BenchmarkRead(b *testing.B) {
	line := []byte(`{"app_id":"shop","platform":"web","page_url":"https://shop.example.com/p/1","page_urlport":443,"br_cookies":true,"se_value":1.5,` +
		`"contexts":[{"schema":"iglu:com.example/product/jsonschema/1-0-0","data":{"sku":"A-1","price":19.90}}],` + minimal + "}")
	var r columns.Row
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if err := r.Read(line); err != nil {
			b.Fatal(err)
		}
	}
}
