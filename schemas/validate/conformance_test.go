package validate_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/validate"
)

var suiteDrafts = []struct {
	folder string
	draft  compile.Draft
}{
	{"draft4", compile.Draft4},
	{"draft6", compile.Draft6},
	{"draft7", compile.Draft7},
	{"draft2019-09", compile.Draft2019},
	{"draft2020-12", compile.Draft2020},
}

type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

type tally struct{ pass, fail int }

func (t tally) String() string {
	return fmt.Sprintf("%d/%d", t.pass, t.pass+t.fail)
}

// TestConformance runs the JSON Schema Test Suite, all of it.
func TestConformance(t *testing.T) {
	suite := need.Data(t, "JSON-Schema-Test-Suite")
	kinds := []string{"required", "optional", "format"}
	totals := map[string]*tally{}
	for _, d := range suiteDrafts {
		for _, k := range kinds {
			totals[d.folder+k] = &tally{}
		}
		root := filepath.Join(suite, "tests", d.folder)
		err := fs.WalkDir(os.DirFS(root), ".", func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || path.Ext(file) != ".json" {
				return err
			}
			kind := "required"
			switch {
			case strings.HasPrefix(file, "optional/format/"):
				kind = "format"
			case strings.HasPrefix(file, "optional/"):
				kind = "optional"
			}
			runSuiteFile(t, suite, filepath.Join(root, file), d.folder, d.draft, file, kind, totals[d.folder+kind])
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-14s %-12s %-24s %s\n", "draft", kinds[0], kinds[1], kinds[2])
	required := 0
	for _, d := range suiteDrafts {
		required += totals[d.folder+"required"].pass
		fmt.Fprintf(&b, "%-14s %-12s %-24s %s\n", d.folder, totals[d.folder+kinds[0]], totals[d.folder+kinds[1]], totals[d.folder+kinds[2]])
	}
	t.Log(b.String())
	if required < 4942 {
		t.Errorf("%d required cases passed, want 4942", required)
	}
}

func runSuiteFile(t *testing.T, suite, name, folder string, draft compile.Draft, file, kind string, total *tally) {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var groups []suiteGroup
	if err := json.Unmarshal(b, &groups); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, g := range groups {
		p, err := compileSuite(suite, g.Schema, draft, kind == "format")
		for _, c := range g.Tests {
			where := folder + "/" + file + ": " + g.Description + ": " + c.Description
			switch {
			case err == nil && (len(p.Validate(nil, c.Data)) == 0) == c.Valid:
				total.pass++
			case err != nil:
				total.fail++
				t.Errorf("%s: %v", where, err)
			default:
				total.fail++
				t.Errorf("%s: want valid=%t, got %s", where, c.Valid, describe(p.Validate(nil, c.Data)))
			}
		}
	}
}

func compileSuite(suite string, schema []byte, draft compile.Draft, formats bool) (validate.Program, error) {
	opt := compile.Options{Draft: draft, Load: loadRemote(suite)}
	if draft == compile.Draft7 {
		opt.Content = compile.ContentAssert // later drafts make it an annotation
	}
	switch {
	case formats:
		opt.Formats = compile.FormatAssert
	case draft <= compile.Draft7:
		opt.Formats = compile.FormatAnnotate // what the suite takes for granted
	}
	return program(schema, opt)
}

const testKey = "urn:weir:test"

// program compiles one schema.
func program(schema []byte, opt compile.Options) (validate.Program, error) {
	_, p, err := bundleOf(schema, opt)
	return p, err
}

// bundleOf compiles one schema under testKey.
func bundleOf(schema []byte, opt compile.Options) ([]byte, validate.Program, error) {
	b, err := compile.Bundle([]compile.Source{{Key: testKey, Path: "test.json", JSON: schema}}, opt)
	if err != nil {
		return nil, validate.Program{}, err
	}
	opened, err := bundle.Open(b)
	if err != nil {
		return nil, validate.Program{}, err
	}
	p, ok := validate.NewSet(opened).Lookup([]byte(testKey))
	if !ok {
		return nil, p, fmt.Errorf("the bundle lacks %s", testKey)
	}
	return b, p, nil
}

// loadRemote finds the documents that the suite serves at localhost:1234.
func loadRemote(suite string) func(uri string) ([]byte, bool) {
	return func(uri string) ([]byte, bool) {
		name, ok := strings.CutPrefix(uri, "http://localhost:1234/")
		if !ok {
			return nil, false
		}
		b, err := os.ReadFile(filepath.Join(suite, "remotes", filepath.FromSlash(name)))
		return b, err == nil
	}
}

func describe(violations []validate.Violation) string {
	if len(violations) == 0 {
		return "valid"
	}
	var b strings.Builder
	for i := range violations {
		v := &violations[i]
		fmt.Fprintf(&b, "[%s %s %s: %s]", v.AppendPath(nil), v.Keyword(), v.AppendSchemaPath(nil), v.AppendMessage(nil))
	}
	return b.String()
}
