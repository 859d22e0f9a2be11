package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"weir/edge/toolchain/need"
	"weir/host/torture"
)

// long asks for the long form of every test.
var long = torture.Long()

// built is a folder for what the whole test run shares.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "weir-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = dir
	status := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// buildWeir compiles the command once per test run, so that what is tested is
// what would be shipped.
var buildWeir = sync.OnceValues(func() (string, error) {
	root, err := need.Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(built, "weir")
	cmd := exec.Command("go", "build", "-o", path, "./host/cmd/weir")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building weir: %w\n%s", err, out)
	}
	return path, nil
})

func weir(t testing.TB) string {
	t.Helper()
	path, err := buildWeir()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
