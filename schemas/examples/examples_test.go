package examples_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"weir/schemas/compile"
	"weir/schemas/examples"
	"weir/schemas/registry"
)

const head = `{"$schema":"http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
"self":{"vendor":"com.acme","name":"NAME","format":"jsonschema","version":"1-0-0"},`

func schema(name, rest string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.Replace(head, "NAME", name, 1) + "\n" + rest)}
}

func file(lines ...string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.Join(lines, "\n") + "\n")}
}

func run(t *testing.T, folder fstest.MapFS) *examples.Result {
	t.Helper()
	sources, err := registry.Folder(folder)
	if err != nil {
		t.Fatal(err)
	}
	r, err := examples.Run(folder, sources, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun(t *testing.T) {
	r := run(t, fstest.MapFS{
		"com.acme/a/jsonschema/1-0-0": schema("a", `"properties":{"n":{"type":"integer","maximum":5},
"pay":{"anyOf":[{"type":"null"},{"type":"object","required":["x"]}]}}}`),
		"com.acme/a/jsonschema/1-0-0.good.ndjson": file(`{"n":1}`, ``, `{"n":9}`),
		"com.acme/a/jsonschema/1-0-0.bad.ndjson": file(
			`{"path":"/n","keyword":"maximum","data":{"n":6}}`,
			`{"path":"/n","keyword":"type","data":{"n":6}}`,
			`{"path":"/n","keyword":"maximum","data":{"n":6,"pay":1}}`,
			`{"path":"/pay","keyword":"anyOf","data":{"pay":{}}}`,
			`{"keyword":"maximum","data":{"n":6}}`,
			`{"path":"/n","data":{"n":6}}`,
			`{"path":"","keyword":"required","data":{}}`,
			`{"path":"/n","keyword":"maximum","dta":{}}`,
			`{"n":6}`,
		),
		"com.acme/b/jsonschema/1-0-0":             schema("b", `"type":"object"}`),
		"com.acme/b/jsonschema/1-0-1.good.ndjson": file(`{}`),
		"com.acme/b/jsonschema/1-0-0.ok.ndjson":   file(`{}`),
		"com.acme/c/jsonschema/1-0-0":             schema("c", `"type":"object"}`),
		"com.acme/c/jsonschema/1-0-0.good.ndjson": file(),
	})
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.String())
	}
	const a = "com.acme/a/jsonschema/1-0-0"
	want := []string{
		a + `.bad.ndjson:2: should violate type at /n, but $.n must be at most 5 [maximum] (` + a + `:3:47)`,
		a + `.bad.ndjson:3: should violate maximum at /n alone: $.pay must conform to at least one of the schemas in anyOf: 2 branches failed [anyOf] (` + a + `:4:16)`,
		a + `.bad.ndjson:7: should violate required at the root, but is valid`,
		a + `.bad.ndjson:8: a bad example is {"path": …, "keyword": …, "data": …}, with a JSON pointer into data`,
		a + `.bad.ndjson:9: a bad example is {"path": …, "keyword": …, "data": …}, with a JSON pointer into data`,
		a + `.good.ndjson:3: should be valid: $.n must be at most 5 [maximum] (` + a + `:3:47)`,
		`com.acme/b/jsonschema/1-0-0.ok.ndjson: the name of a file of examples ends in .good.ndjson or .bad.ndjson`,
		`com.acme/b/jsonschema/1-0-1.good.ndjson: there is no schema 1-0-1 beside it`,
		`com.acme/c/jsonschema/1-0-0.good.ndjson: holds no example`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if r.Good != 2 || r.Bad != 9 || len(r.Without) != 1 || r.Without[0] != "iglu:com.acme/b/jsonschema/1-0-0" {
		t.Errorf("%d good, %d bad, without: %s", r.Good, r.Bad, r.Without)
	}
}

// TestOwnSchemas runs the examples beside weir's own schemas.
func TestOwnSchemas(t *testing.T) {
	folder := os.DirFS("..")
	sources, err := registry.Folder(folder)
	if err != nil {
		t.Fatal(err)
	}
	r, err := examples.Run(folder, sources, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Error(f)
	}
	if r.Good < 20 || r.Bad < 40 {
		t.Errorf("only %d good and %d bad examples were run", r.Good, r.Bad)
	}
}
