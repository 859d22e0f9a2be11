package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"weir/host/config"
	_ "weir/sinks/all"
)

var update = flag.Bool("update", false, "rewrite REFERENCE.md and schema.json")

// published is what belongs into the repository: the kinds in the binary,
// without those that tests add.
var published = map[string][]byte{"REFERENCE.md": config.Reference(), "schema.json": config.Schema()}

func TestMain(m *testing.M) {
	registerFakes()
	os.Exit(m.Run())
}

// TestPublished fails when the reference page or the schema in the repository
// is not what the structs say.
func TestPublished(t *testing.T) {
	for name, want := range published {
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale (%v): run go generate ./host/config", name, err)
		}
	}
	for _, key := range []string{"`journal.max_bytes` | `8GiB`", "`routes[].retry.give_up` | `24h`", "### postgres", "`dsn` | required", "`schema` | `atomic`"} {
		if !bytes.Contains(published["REFERENCE.md"], []byte(key)) {
			t.Errorf("the reference says nothing of %s", key)
		}
	}
}

// TestSchema holds the JSON Schema against files that are right and wrong, so
// that an editor says what the parser says.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(published["schema.json"]))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		t.Helper()
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(instance)
	}
	for _, good := range []string{
		"sinks: [{kind: stdout}]",
		"sinks: [{name: db, postgres: {dsn: \"${DSN}\"}}]\nroutes: [{sink: db, events: good, batch: {events: 5, bytes: 1MiB, wait: 1s}}]",
		"public: {listen: \":0\", max_body: 4096}\njournal: {max_bytes: 1GiB}\ndrain: 1s",
	} {
		if err := validate(good); err != nil {
			t.Errorf("%s\n%v", good, err)
		}
		if _, err := config.Parse("", []byte(good), func(string) (string, bool) { return "postgres://localhost/x", false }); err != nil && !strings.Contains(err.Error(), "DSN") {
			t.Errorf("%s\n%v", good, err)
		}
	}
	for _, bad := range []string{"sink: []", "sinks: [{name: x}]", "sinks: [{kind: carrier-pigeon}]", "sinks: [{postgres: {dns: x}}]",
		"routes: [{sink: a, events: some}]", "routes: [{events: all}]", "public: {concurrent: [1]}", "journal: {remember: 14}"} {
		if validate(bad) == nil {
			t.Errorf("the schema accepts %s", bad)
		}
	}
}

// TestExamplesOfSinks reads every sink's own examples as part of a whole file.
func TestExamplesOfSinks(t *testing.T) {
	files, err := filepath.Glob("../../sinks/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole := "sinks:\n- name: example\n  " + strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n  ") + "\n"
		if _, err := config.Parse(file, []byte(whole), os.LookupEnv); err != nil {
			t.Errorf("%v", err)
		}
	}
}
