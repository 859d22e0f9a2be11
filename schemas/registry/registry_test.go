package registry

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func schema(vendor, name, version string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(`{"self":{"vendor":"` + vendor + `","name":"` + name + `","format":"jsonschema","version":"` + version + `"},"type":"object"}`)}
}

func TestFolder(t *testing.T) {
	sources, err := Folder(fstest.MapFS{
		"com.acme/order/jsonschema/1-0-1":             schema("com.acme", "order", "1-0-1"),
		"com.acme/order/jsonschema/1-0-0":             schema("com.acme", "order", "1-0-0"),
		"com.acme/order/jsonschema/1-0-0.good.ndjson": {Data: []byte("{}\n")},
		"com.acme/order/avro/1-0-0":                   {Data: []byte("not even JSON")},
		"com.acme/README.md":                          {Data: []byte("about")},
		"compile/compile.go":                          {Data: []byte("package compile")},
		".git/a/jsonschema/1-0-0":                     {Data: []byte("{")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, s := range sources {
		keys = append(keys, s.Key+" "+s.Path)
	}
	want := []string{
		"iglu:com.acme/order/jsonschema/1-0-0 com.acme/order/jsonschema/1-0-0",
		"iglu:com.acme/order/jsonschema/1-0-1 com.acme/order/jsonschema/1-0-1",
	}
	if !slices.Equal(keys, want) {
		t.Errorf("got %q, want %q", keys, want)
	}
}

func TestFolderFaults(t *testing.T) {
	_, err := Folder(fstest.MapFS{
		"com.acme/a/jsonschema/1-0-0":      schema("com.acme", "b", "1-0-0"),
		"com.acme/c/jsonschema/1-0-0":      {Data: []byte(`{"type":"object"}`)},
		"com.acme/d/jsonschema/1-0-0":      {Data: []byte(`{`)},
		"com.acme/e/jsonschema/1-0-0.json": schema("com.acme", "e", "1-0-0"),
		"com.acme/f/jsonschema/1-0":        schema("com.acme", "f", "1-0-0"),
		"com.acme/g/jsonschema/1-0-0":      schema("com.acme", "g", "1-0-0"),
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`com.acme/a/jsonschema/1-0-0: "self" says iglu:com.acme/b/jsonschema/1-0-0 and the path says iglu:com.acme/a/jsonschema/1-0-0`,
		`com.acme/c/jsonschema/1-0-0: no "self"`,
		`com.acme/d/jsonschema/1-0-0: not JSON`,
		`com.acme/e/jsonschema/1-0-0.json: a schema's file name is its version alone, like 1-0-0: rename it to 1-0-0`,
		`com.acme/f/jsonschema/1-0: a schema's file name`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "com.acme/g") {
		t.Errorf("error names the schema that is right:\n%v", err)
	}
}
