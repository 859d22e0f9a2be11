package reference_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"weir/edge/collector/reference"
)

var update = flag.Bool("update", false, "rewrite REFERENCE.md and settings.schema.json")

// TestPublished fails when the page or the schema in the repository is not
// what the declaration says.
func TestPublished(t *testing.T) {
	for name, want := range map[string][]byte{"REFERENCE.md": reference.Page(), "settings.schema.json": reference.Schema()} {
		name = "../" + name
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale (%v): run go generate ./edge/collector/reference", name, err)
		}
	}
}
