package validate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"weir/edge/toolchain/need"
)

// engineModule returns the engine as TinyGo compiles it for size: that costs the
// engine alone a twentieth of its speed, and all that is measured is measured on
// the same module.
func engineModule(t testing.TB) []byte {
	t.Helper()
	// Some sources are for TinyGo alone: reading them tells go test's cache.
	only, err := filepath.Glob("../*/*_simd.go")
	if more, err2 := filepath.Glob("*/*_simd.go"); err2 == nil {
		only = append(only, more...)
	}
	if err != nil || len(only) < 2 {
		t.Fatalf("no sources with vector instructions: %v", err)
	}
	for _, name := range only {
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "engine.wasm")
	need.Part(t, "tinygo", func() (string, error) {
		build := exec.Command("go", "run", "./edge/toolchain", "-package", "./schemas/validate/testdata/engine", "-opt", "z", "-o", file)
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building the engine: %w: %s", err, out)
		}
		return file, nil
	})
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
