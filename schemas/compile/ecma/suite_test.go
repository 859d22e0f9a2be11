package ecma_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"weir/edge/toolchain/need"
	"weir/schemas/compile/ecma"
	"weir/schemas/validate/pattern"
)

// TestSuite runs what the JSON Schema Test Suite says about patterns themselves:
// strings against "pattern", and the keys of objects against "patternProperties".
// Nothing is skipped.
func TestSuite(t *testing.T) {
	root := filepath.Join(need.Data(t, "JSON-Schema-Test-Suite"), "tests")
	for _, draft := range []string{"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"} {
		passed := 0
		for _, file := range []string{"pattern.json", "optional/ecmascript-regex.json", "optional/non-bmp-regex.json"} {
			b, err := os.ReadFile(filepath.Join(root, draft, file))
			if err != nil {
				t.Fatal(err)
			}
			var groups []struct {
				Description string
				Schema      struct {
					Pattern    *string
					Properties map[string]any `json:"patternProperties"`
				}
				Tests []struct {
					Description string
					Data        any
					Valid       bool
				}
			}
			if err := json.Unmarshal(b, &groups); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, group := range groups {
				for _, test := range group.Tests {
					got := true
					if s, ok := test.Data.(string); ok && group.Schema.Pattern != nil {
						got = pattern.Match(compile(t, *group.Schema.Pattern), []byte(s))
					}
					if object, ok := test.Data.(map[string]any); ok {
						got = keysFit(t, group.Schema.Properties, object)
					}
					if got != test.Valid {
						t.Errorf("%s/%s: %s: %s: %v, want %v", draft, file, group.Description, test.Description, got, test.Valid)
						continue
					}
					passed++
				}
			}
		}
		if passed < 40 {
			t.Errorf("%s: only %d cases", draft, passed)
		}
		t.Logf("%s: %d passed", draft, passed)
	}
}

// keysFit evaluates the only forms in which the suite's files use the keyword:
// with additional properties forbidden, or with the value {"type": "integer"}.
func keysFit(t *testing.T, properties map[string]any, object map[string]any) bool {
	for key, value := range object {
		for p, schema := range properties {
			matched := pattern.Match(compile(t, p), []byte(key))
			if schema, ok := schema.(map[string]any); ok && schema["type"] == "integer" {
				if _, number := value.(float64); matched && !number {
					return false
				}
			} else if !matched {
				return false
			}
		}
	}
	return true
}

func FuzzCompile(f *testing.F) {
	for _, p := range []string{igluURI, `^(a|b)*?[^\w-é]{2,3}\b$`, `\p{Lu}[\u{1F432}-\u{1F440}]`, `(?<n>x)\uD83D\uDC32`, `^.{1,255}$`, `[]|[^]`, `^(\d+\.\d+\.\d+.*)$`} {
		f.Add(p, "iglu:a/b/c/1-0-0")
	}
	f.Fuzz(func(t *testing.T, p, s string) {
		table, err := ecma.Compile(p)
		if err != nil {
			if _, ok := err.(*ecma.Error); !ok {
				t.Fatalf("Compile(%q): %T", p, err)
			}
			return
		}
		if !pattern.Valid(table) {
			t.Fatalf("Compile(%q) wrote a table that is not valid", p)
		}
		got := pattern.Match(table, []byte(s))
		// The same pattern in a form that has no segments.
		other, err := ecma.Compile("(?:" + p + "|[])")
		if err == nil && utf8.ValidString(s) && pattern.Match(other, []byte(s)) != got {
			t.Fatalf("%q (%v) on %q is %v, as an automaton (%v) it is not", p, pattern.Kind(table[0]), s, got, pattern.Kind(other[0]))
		}
	})
}
