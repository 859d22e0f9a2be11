package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"weir/edge/toolchain/need"
)

// Fastly's own CLI says whether the project could be published as it stands.
func TestTheCLIAcceptsTheProject(t *testing.T) {
	need.Tool(t, "edge.wasm") // where that could be compiled, so can this
	cli := filepath.Join(filepath.Dir(filepath.Dir(need.Package(t, "@fastly/cli"))), ".bin", "fastly")
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"bin", "pkg"} {
		// The CLI works beside the manifest; what it leaves there is nobody's.
		path := filepath.Join(root, folder)
		if _, err := os.Stat(path); os.IsNotExist(err) {
			t.Cleanup(func() { os.RemoveAll(path) })
		}
	}
	home := t.TempDir()
	fastly := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(cli, append(args, "--non-interactive")...)
		cmd.Dir = root
		// Its own configuration goes elsewhere; what the build script keeps stays where it is.
		cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "WEIR_CACHE="+need.Cache(), "GOPATH="+goEnv(t, "GOPATH"), "GOCACHE="+goEnv(t, "GOCACHE"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("fastly %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	fastly("compute", "build", "--metadata-disable")
	if said := fastly("compute", "validate", "--package", "pkg/weir.tar.gz"); !strings.Contains(said, "Validated package") {
		t.Errorf("fastly compute validate says:\n%s", said)
	}
	fastly("compute", "pack", "--wasm-binary", "bin/main.wasm")
	fastly("compute", "validate", "--package", "pkg/weir.tar.gz")
	wasm, err := os.ReadFile(filepath.Join(root, "bin/main.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	checkImports(t, wasm)
	need.Ran(t, "build, pack, validate", "fastly-cli")
}

// The CLI passes over imports that Fastly does not offer; the platform refuses the program then.
func checkImports(t *testing.T, wasm []byte) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	m, err := r.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.ImportedFunctions()) == 0 {
		t.Error("the program imports nothing: it cannot answer anybody")
	}
	for _, f := range m.ImportedFunctions() {
		module, name, _ := f.Import()
		if module != "wasi_snapshot_preview1" && !strings.HasPrefix(module, "fastly_") {
			t.Errorf("the program imports %s from %s, which is neither Fastly's nor WASI's", name, module)
		}
	}
	if _, ok := m.ExportedFunctions()["_start"]; !ok {
		t.Error("the program has no _start")
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
