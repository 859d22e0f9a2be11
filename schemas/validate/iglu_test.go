package validate_test

import (
	"os"
	"testing"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/registry"
	"weir/schemas/validate"
)

// igluDir is where the schemas of Iglu Central lie, beside the repository.
const igluDir = "../../../shared/data/iglu-central/schemas"

// igluCentral compiles Iglu Central, or skips the test.
func igluCentral(t testing.TB) ([]compile.Source, []byte) {
	t.Helper()
	if _, err := os.Stat(igluDir); err != nil {
		t.Skip("Iglu Central is not beside the repository, at shared/data/iglu-central")
	}
	sources, err := registry.Folder(os.DirFS(igluDir))
	if err != nil {
		t.Fatal(err)
	}
	b, err := compile.Bundle(sources, compile.Options{Remote: compile.RemoteAccept})
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
