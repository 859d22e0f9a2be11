package validate_test

import (
	"os"
	"path/filepath"
	"testing"

	"weir/edge/toolchain/need"
	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/registry"
	"weir/schemas/validate"
)

// igluCentral compiles Iglu Central, or skips the test.
func igluCentral(t testing.TB) ([]compile.Source, []byte) {
	t.Helper()
	sources, err := registry.Folder(os.DirFS(filepath.Join(need.Data(t, "iglu-central"), "schemas")))
	if err != nil {
		t.Fatal(err)
	}
	b, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sources, b
}

func TestIgluCentral(t *testing.T) {
	sources, b := igluCentral(t)
	if len(sources) < 500 {
		t.Fatalf("only %d schemas found", len(sources))
	}
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	set := validate.NewSet(opened)
	for _, s := range sources {
		if _, ok := set.Lookup([]byte(s.Key)); !ok {
			t.Errorf("the bundle lacks %s", s.Key)
		}
	}
	perSchema := len(b) / len(sources)
	t.Logf("%d schemas in %d bytes, %d a schema; %d nodes, %d objects, %d slots", len(sources), len(b), perSchema,
		len(opened.Nodes), len(opened.Objects), len(opened.Slots))
	if perSchema > 600 {
		t.Errorf("%d bytes a schema, want at most 600", perSchema)
	}
}
