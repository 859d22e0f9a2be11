package validate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/valyala/fastjson"

	"weir/schemas/compile"
	"weir/schemas/validate"
)

func BenchmarkRun(b *testing.B) {
	for _, p := range payloads(b) {
		b.Run(p.name, func(b *testing.B) {
			prog, err := program(p.schema, compile.Options{})
			if err != nil {
				b.Fatal(err)
			}
			var r validate.Run
			b.SetBytes(int64(len(p.docs[0])))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if prog.Run(&r, p.docs[i%variants]) != p.valid {
					b.Fatal("wrong verdict")
				}
			}
		})
	}
}

// BenchmarkAdversarial runs documents and schemas made to be slow. The time a
// byte says whether it is linear.
func BenchmarkAdversarial(b *testing.B) {
	join := func(n int, f func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = f(i)
		}
		return strings.Join(parts, ",")
	}
	for _, c := range []struct{ name, schema, doc string }{
		{"nested quantifiers, 64 KB", `{"pattern":"^(a+)+$"}`, `"` + strings.Repeat("a", 64<<10) + `!"`},
		{"10,000 unknown members", `{"properties":{"a":true}}`, "{" + join(10_000, func(i int) string { return fmt.Sprintf(`"member%d":%d`, i, i) }) + "}"},
		{"10,000 unique items", `{"uniqueItems":true}`, "[" + join(10_000, func(i int) string { return fmt.Sprintf(`{"id":%d,"n":"x"}`, i) }) + "]"},
		{"40 levels", `{"items":{"$ref":"#"}}`, strings.Repeat("[", 40) + strings.Repeat("]", 40)},
		{"40 levels, two branches each", `{"anyOf":[{"type":"null"},{"items":{"$ref":"#"}}]}`, strings.Repeat("[", 40) + "1" + strings.Repeat("]", 40)},
		{"oneOf of 50", `{"items":{"oneOf":[` + join(50, func(i int) string { return fmt.Sprintf(`{"required":["a"],"properties":{"a":{"const":%d}}}`, i) }) + `]}}`,
			"[" + join(1000, func(i int) string { return fmt.Sprintf(`{"a":%d}`, i%50) }) + "]"},
		{"only escapes, 64 KB", `{"maxLength":100000}`, `"` + strings.Repeat(`\"`, 32<<10) + `"`},
		{"a number of 64 KB", `{"multipleOf":0.01}`, strings.Repeat("9", 64<<10)},
	} {
		b.Run(c.name, func(b *testing.B) {
			prog, err := program([]byte(c.schema), compile.Options{})
			if err != nil {
				b.Fatal(err)
			}
			var r validate.Run
			doc := []byte(c.doc)
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				prog.Run(&r, doc)
			}
		})
	}
}

func BenchmarkPeers(b *testing.B) {
	for _, p := range payloads(b) {
		for _, c := range contenders(b, p) {
			b.Run(p.name+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					c.run(p.docs[i%variants])
				}
			})
		}
	}
}

// contender does the whole job on bytes: from bytes to a verdict, or for
// parsers to a tree.
type contender struct {
	name string
	run  func(doc []byte)
}

func contenders(b *testing.B, p payload) []contender {
	prog, err := program(p.schema, compile.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s := santhosh(b, p.schema)
	var r validate.Run
	var parser fastjson.Parser
	return []contender{
		{"weir", func(doc []byte) { prog.Run(&r, doc) }},
		{"santhosh-tekuri v6, decode and validate", func(doc []byte) {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
			if err != nil {
				b.Fatal(err)
			}
			if (s.Validate(v) == nil) != p.valid {
				b.Fatal("santhosh-tekuri disagrees")
			}
		}},
		{"encoding/json Unmarshal, no validation", func(doc []byte) {
			var v any
			if json.Unmarshal(doc, &v) != nil {
				b.Fatal("not JSON")
			}
		}},
		{"fastjson Parse, no validation", func(doc []byte) {
			if _, err := parser.ParseBytes(doc); err != nil {
				b.Fatal(err)
			}
		}},
	}
}

// santhosh compiles a schema for the validator that weir is measured against.
func santhosh(t testing.TB, schema []byte) *jsonschema.Schema {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	c.AssertFormat()
	if m, ok := v.(map[string]any); ok && strings.Contains(fmt.Sprint(m["$schema"]), "self-desc") {
		delete(m, "$schema")
	}
	dropSelfDescribing(v)
	if err := c.AddResource("test.json", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("test.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dropSelfDescribing removes Iglu's $schema, which others do not know.
func dropSelfDescribing(v any) {
	switch v := v.(type) {
	case map[string]any:
		if strings.Contains(fmt.Sprint(v["$schema"]), "self-desc") {
			delete(v, "$schema")
		}
		for _, x := range v {
			dropSelfDescribing(x)
		}
	case []any:
		for _, x := range v {
			dropSelfDescribing(x)
		}
	}
}

// BenchmarkSideBySide runs all contenders in turns in one process and prints
// medians and how many times as long as weir each takes.
func BenchmarkSideBySide(b *testing.B) {
	const (
		rounds = 9
		slice  = 15 * time.Millisecond
	)
	for range b.N {
		var out strings.Builder
		fmt.Fprintf(&out, "\nmedians of %d rounds in turns, %d variants of each document%s\n", rounds, variants, load())
		for _, p := range payloads(b) {
			list := contenders(b, p)
			times := make([][]float64, len(list))
			for range rounds {
				for i, c := range list {
					times[i] = append(times[i], timed(c.run, p.docs, slice))
				}
			}
			fmt.Fprintf(&out, "%s, %d bytes\n", p.name, len(p.docs[0]))
			for i, c := range list {
				slices.Sort(times[i])
				slices.Sort(times[0])
				m := times[i][rounds/2]
				fmt.Fprintf(&out, "  %-42s %8.0f ns  %5.1fx\n", c.name, m, m/times[0][rounds/2])
			}
		}
		fmt.Print(out.String()) // b.Log would cut it short
	}
}

// load tells how busy the machine is, where it says so.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	minute, _, _ := strings.Cut(string(b), " ")
	return ", load average " + minute
}

// timed returns nanoseconds per document.
func timed(run func([]byte), docs [][]byte, d time.Duration) float64 {
	n := 0
	start := time.Now()
	for time.Since(start) < d {
		for _, doc := range docs {
			run(doc)
		}
		n += len(docs)
	}
	return float64(time.Since(start).Nanoseconds()) / float64(n)
}
