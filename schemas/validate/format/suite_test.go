package format_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"weir/edge/toolchain/need"
	"weir/schemas/validate/format"
)

// skips are the cases of the suite that fail, as "draft/file: description: test",
// each with the reason. A case in it that passes fails the test.
var skips = map[string]string{}

// TestSuite runs the formats of the JSON Schema Test Suite, in every draft.
func TestSuite(t *testing.T) {
	root := filepath.Join(need.Data(t, "JSON-Schema-Test-Suite"), "tests")
	unused := map[string]bool{}
	for name := range skips {
		unused[name] = true
	}
	formats := map[format.ID]bool{}
	for _, draft := range []string{"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"} {
		files, err := filepath.Glob(filepath.Join(root, draft, "optional", "format", "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no formats for %s: %v", draft, err)
		}
		passed := 0
		for _, file := range files {
			for _, group := range readGroups(t, file) {
				schema, ok := group.Schema.(map[string]any)
				if !ok {
					t.Fatalf("%s: %s: not a schema of one format", file, group.Description)
				}
				id, known := format.Lookup(schema["format"].(string))
				if known == (filepath.Base(file) == "unknown.json") {
					t.Errorf("Lookup(%q) reports %v", schema["format"], known)
				}
				formats[id] = true
				for _, test := range group.Tests {
					s, isString := test.Data.(string)
					got := !isString || format.Check(id, []byte(s))
					name := draft + "/" + filepath.Base(file) + ": " + group.Description + ": " + test.Description
					delete(unused, name)
					switch reason := skips[name]; {
					case got == test.Valid && reason != "":
						t.Errorf("%s: passes; take it off the list", name)
					case got != test.Valid && reason == "":
						t.Errorf("%s: %q: %v, want %v", name, test.Data, got, test.Valid)
					case got == test.Valid:
						passed++
					}
				}
			}
		}
		t.Logf("%s: %d passed", draft, passed)
	}
	for name := range unused {
		t.Errorf("%s: skipped, but there is no such case", name)
	}
	if len(formats) < 20 {
		t.Errorf("the suite covers %d formats, want all 19 and the unknown one", len(formats))
	}
}

type group struct {
	Description string
	Schema      any
	Tests       []struct {
		Description string
		Data        any
		Valid       bool
	}
}

func readGroups(t *testing.T, file string) (groups []group) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &groups); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return groups
}
