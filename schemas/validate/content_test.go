package validate_test

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"weir/schemas/compile"
)

func TestContent(t *testing.T) {
	const draft6 = `"$schema":"http://json-schema.org/draft-06/schema#",`
	const draft7 = `"$schema":"http://json-schema.org/draft-07/schema#",`
	for _, c := range []struct{ schema, doc, want string }{
		{`{"contentEncoding":"base64"}`, `"eyJ9"`, ""},
		{`{"contentEncoding":"BASE64"}`, `"e*J9"`, " | contentEncoding | /contentEncoding | must be encoded in base64"},
		{`{"contentEncoding":"base64"}`, `"eyJ"`, " | contentEncoding | /contentEncoding | must be encoded in base64"},
		{`{"contentEncoding":"base64"}`, `"eyI="`, ""},
		{`{"contentEncoding":"base64"}`, `"ey\r\nJ9"`, ""},
		{`{"contentEncoding":"base64"}`, `"ey==J9"`, " | contentEncoding | /contentEncoding | must be encoded in base64"},
		{`{"contentEncoding":"base64"}`, `1`, ""},
		{`{"contentMediaType":"application/json"}`, `"{\"a\": [1] }"`, ""},
		{`{"contentMediaType":"application/json; charset=utf-8"}`, `"{:}"`, " | contentMediaType | /contentMediaType | must hold JSON"},
		{`{"contentMediaType":"application/ld+json"}`, `"1 1"`, " | contentMediaType | /contentMediaType | must hold JSON"},
		{`{"contentMediaType":"application/json"}`, `""`, " | contentMediaType | /contentMediaType | must hold JSON"},
		{`{"contentMediaType":"text/html"}`, `"<"`, ""},
		{`{"contentMediaType":"application/json","contentEncoding":"base64"}`, `"eyI="`, " | contentMediaType | /contentMediaType | must hold JSON"},
		{`{"contentMediaType":"application/json","contentEncoding":"base64"}`, `"e30="`, ""},
		{`{"contentMediaType":"application/json","contentEncoding":"quoted-printable"}`, `"=7B"`, ""},
		{`{"contentMediaType":"application/json","contentEncoding":"base64","maxLength":3,"format":"uuid"}`, `"{}"`,
			" | format | /format | must have the format uuid\n | contentEncoding | /contentEncoding | must be encoded in base64"},
		{`{` + draft7 + `"contentEncoding":"base64"}`, `"*"`, " | contentEncoding | /contentEncoding | must be encoded in base64"},
		{`{` + draft6 + `"contentEncoding":"base64"}`, `"*"`, ""},
	} {
		opt := compile.Options{Formats: compile.FormatAssert, Content: compile.ContentAssert}
		p, err := program([]byte(c.schema), opt)
		if err != nil {
			t.Fatalf("%s: %v", c.schema, err)
		}
		var lines []string
		for _, v := range p.Validate(nil, []byte(c.doc)) {
			lines = append(lines, string(v.AppendPath(nil))+" | "+v.Keyword()+" | "+string(v.AppendSchemaPath(nil))+" | "+string(v.AppendMessage(nil)))
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%s against %s: got %s, want %s", c.doc, c.schema, got, c.want)
		}
		opt.Content, opt.Formats = compile.ContentAnnotate, compile.FormatAnnotate
		if p, err = program([]byte(c.schema), opt); err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Validate(nil, []byte(c.doc)) {
			if strings.HasPrefix(v.Keyword(), "content") {
				t.Errorf("%s against %s: %s is no annotation", c.doc, c.schema, v.Keyword())
			}
		}
	}
}

// TestBase64 compares with encoding/base64 on texts, whole and damaged.
func TestBase64(t *testing.T) {
	p, err := program([]byte(`{"contentEncoding":"base64"}`), compile.Options{Content: compile.ContentAssert})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for range 5000 {
		raw := make([]byte, random.IntN(12))
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		text := []byte(base64.StdEncoding.EncodeToString(raw))
		if len(text) > 0 && random.IntN(2) == 0 {
			text[random.IntN(len(text))] = "A/+=z9-_ \n"[random.IntN(10)]
		}
		doc, err := json.Marshal(string(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = base64.StdEncoding.DecodeString(string(text))
		if got := len(p.Validate(nil, doc)) == 0; got != (err == nil) {
			t.Errorf("%s is %t, encoding/base64 says %v", doc, got, err)
		}
		if err == nil {
			valid++
		}
	}
	if valid < 2000 || valid > 4500 {
		t.Errorf("%d of 5000 are valid: this compares little", valid)
	}
}
