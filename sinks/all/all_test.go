package all_test

import (
	"os"
	"path/filepath"
	"testing"

	"weir/sinks"
	_ "weir/sinks/all"
)

// TestAll finds the folders of kinds, each of which has a full.yaml, and holds
// them against what is registered.
func TestAll(t *testing.T) {
	folders, err := filepath.Glob("../*/full.yaml")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no folder of a kind found: %v", err)
	}
	for _, f := range folders {
		name := filepath.Base(filepath.Dir(f))
		if _, ok := sinks.Lookup(name); !ok {
			t.Errorf("sinks/%s is not in the binary: import it in all.go", name)
		}
	}
	if len(sinks.Kinds()) != len(folders) {
		t.Errorf("%d kinds are registered by %d folders", len(sinks.Kinds()), len(folders))
	}
	for _, k := range sinks.Kinds() {
		if _, err := os.Stat(filepath.Join("..", k.Name, "README.md")); err != nil {
			t.Errorf("kind %s: its folder is not named after it, or has no README.md: %v", k.Name, err)
		}
	}
}
