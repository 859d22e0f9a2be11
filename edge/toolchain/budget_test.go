package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"weir/edge/toolchain/need"
)

// What each runtime is handed may take so much, in bytes. These are weir's own
// goals: the limits of Cloudflare and Fastly lie far above them.
var budgets = []struct {
	runtime      string
	files        []string // of which all together count
	raw, gzipped int
}{
	{"Cloudflare, wazero", []string{"edge/wazero/module/edge.wasm", "edge/wazero/module/default.bundle"}, 900_000, 400_000},
	{"Extism", []string{"edge/extism/build/weir.wasm"}, 1_200_000, 500_000},
	{"Fastly", []string{"edge/fastly/main.wasm"}, 1_300_000, 520_000},
}

func TestBudgets(t *testing.T) {
	need.Tool(t, "edge.wasm") // where that could be compiled, so can the others
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, budget := range budgets {
		raw, squeezed := 0, 0
		for _, file := range budget.files {
			content, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				t.Fatalf("%v: run make edge", err)
			}
			raw, squeezed = raw+len(content), squeezed+gzippedSize(t, content)
		}
		t.Logf("%s: %d bytes of %d, gzipped %d of %d", budget.runtime, raw, budget.raw, squeezed, budget.gzipped)
		if raw > budget.raw {
			t.Errorf("%s: %d bytes, more than %d", budget.runtime, raw, budget.raw)
		}
		if squeezed > budget.gzipped {
			t.Errorf("%s: %d bytes gzipped, more than %d", budget.runtime, squeezed, budget.gzipped)
		}
	}
}

func gzippedSize(t *testing.T, content []byte) int {
	t.Helper()
	var squeezed bytes.Buffer
	w, err := gzip.NewWriterLevel(&squeezed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return squeezed.Len()
}
