// Package schemas_test holds the schemas in this folder against the examples beside them.
package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/registry"
	"weir/schemas/validate"
)

// TestExamples validates every example: a good one has no violation, a bad one
// exactly the one it names.
func TestExamples(t *testing.T) {
	folder := os.DirFS(".")
	set := compileAll(t, folder)
	files, err := fs.Glob(folder, "*/*/*/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			schema, good := strings.CutSuffix(file, ".good.ndjson")
			schema, bad := strings.CutSuffix(schema, ".bad.ndjson")
			if good == bad {
				t.Fatal("examples end with .good.ndjson or .bad.ndjson")
			}
			program, ok := set.Lookup([]byte("iglu:" + schema))
			if !ok {
				t.Fatalf("there is no schema %s", schema)
			}
			text, err := fs.ReadFile(folder, file)
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
			for i, line := range lines {
				want := ""
				if bad {
					line, want = expectation(t, line)
				}
				if got := judge(program, line); got != want {
					t.Errorf("%s:%d: violations %q, want %q", file, i+1, got, want)
				}
			}
		})
	}
}

func compileAll(t *testing.T, folder fs.FS) *validate.Set {
	t.Helper()
	sources, err := registry.Folder(folder)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(compiled)
	if err != nil {
		t.Fatal(err)
	}
	return validate.NewSet(opened)
}

func expectation(t *testing.T, line []byte) (instance []byte, violation string) {
	t.Helper()
	var bad struct {
		Path, Keyword string
		Data          json.RawMessage
	}
	if err := json.Unmarshal(line, &bad); err != nil {
		t.Fatalf("reading %s: %v", line, err)
	}
	return bad.Data, bad.Path + " " + bad.Keyword
}

// judge lists violations as "path keyword", separated by commas.
func judge(program validate.Program, instance []byte) string {
	var list []string
	for _, v := range program.Validate(nil, instance) {
		list = append(list, fmt.Sprintf("%s %s", v.AppendPath(nil), v.Keyword()))
	}
	return strings.Join(list, ", ")
}
