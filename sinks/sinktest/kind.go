package sinktest

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"weir/sinks"
)

// RunKind checks what stands around the sink in the working directory, whose
// name is the kind's: its registration, the tags of its configuration,
// minimal.yaml and full.yaml, which hold what stands below a sink's name in
// the host's configuration, and README.md.
func RunKind(t *testing.T, name string) {
	kind, ok := sinks.Lookup(name)
	if !ok {
		t.Fatalf("kind %s is not registered", name)
	}
	if kind.Doc == "" || !strings.HasSuffix(kind.Doc, ".") {
		t.Errorf("Doc is %q, want a sentence", kind.Doc)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range []string{"## Promise", "## Configuration", "## When it fails"} {
		if !bytes.Contains(readme, []byte("\n"+heading+"\n")) {
			t.Errorf("README.md lacks the section %q", heading)
		}
	}
	fields := reflect.TypeOf(kind.Config()).Elem()
	for i := range fields.NumField() {
		f := fields.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if key == "" || f.Tag.Get("doc") == "" {
			t.Errorf("config field %s lacks a yaml or doc tag", f.Name)
		}
		if !bytes.Contains(readme, []byte("`"+key+"`")) {
			t.Errorf("README.md does not mention `%s`", key)
		}
	}
	for _, file := range []string{"minimal.yaml", "full.yaml"} {
		config := example(t, kind, file)
		if v, ok := config.(sinks.Validator); ok {
			if err := v.Validate(); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		if _, err := kind.New(config, Env(t)); err != nil {
			t.Errorf("%s: New: %v", file, err)
		}
		if file == "full.yaml" {
			full := reflect.ValueOf(config).Elem()
			for i := range full.NumField() {
				if full.Field(i).IsZero() {
					t.Errorf("full.yaml leaves %s at zero", fields.Field(i).Tag.Get("yaml"))
				}
			}
		}
	}
	if err := decodeStrictly([]byte("no_such_key: 1"), kind.Config()); err == nil {
		t.Error("an unknown key is accepted")
	}
}

// example reads the configuration below "<kind>:" in an example file.
func example(t *testing.T, kind sinks.Kind, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var below map[string]yaml.Node
	if err := yaml.Unmarshal(text, &below); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	node, ok := below[kind.Name]
	if !ok || len(below) != 1 {
		t.Fatalf("%s has not the one key %q", file, kind.Name)
	}
	inner, err := yaml.Marshal(&node)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	config := kind.Config()
	if err := decodeStrictly(inner, config); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return config
}

func decodeStrictly(text []byte, config any) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	return d.Decode(config)
}
