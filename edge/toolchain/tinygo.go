package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// The oldest TinyGo that accepts Go 1.26, and the one that is built from its
// Go module; edge/toolchain/tinygo/go.mod pins the latter.
const (
	oldestMinor = 41
	pinned      = "0.41.1"
)

// tinyGo is a compiler and what it takes to aim it at the edge.
type tinyGo struct {
	path   string
	root   string // TINYGOROOT; empty for a release, which knows its own
	target string // path of a target file, or the name of a stock target
	// command is the same for programs that run by themselves.
	command string
	env     []string // added to the process's own
	name    string   // for messages and for the key of what it compiled
}

// findTinyGo returns the release on PATH, or else the compiler built from
// TinyGo's Go module and the system's LLVM.
func findTinyGo(root, cache string) (*tinyGo, error) {
	if path, err := exec.LookPath("tinygo"); err == nil {
		out, err := exec.Command(path, "version").Output()
		if version, ok := parseVersion(string(out)); err == nil && ok {
			return &tinyGo{path: path, target: "wasip1", command: "wasip1", name: "TinyGo " + version + " on PATH"}, nil
		}
	}
	libs, err := findLibraries()
	if err != nil {
		return nil, err
	}
	return ownTinyGo(root, cache, libs)
}

// parseVersion reads "tinygo version 0.41.1 linux/amd64 (…)" and reports
// whether that is recent enough.
func parseVersion(out string) (version string, recent bool) {
	fields := strings.Fields(out)
	if len(fields) < 3 || fields[0] != "tinygo" {
		return "", false
	}
	version = fields[2]
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return version, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return version, err1 == nil && err2 == nil && (major > 0 || minor >= oldestMinor)
}

// libraries are the parts of a TinyGo release that its Go module does not
// carry and Debian packages do.
type libraries struct{ libc, builtins, llvm string }

var errNoTinyGo = errors.New(`no TinyGo 0.41 or later on PATH, and what it takes to build one is not all here.
  macOS:   brew install tinygo-org/tools/tinygo binaryen
  Debian:  sudo apt-get install llvm-19-dev libclang-19-dev clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 binaryen
  else:    put a TinyGo release, 0.41 or later, on PATH`)

func findLibraries() (libraries, error) {
	libs := libraries{
		libc: "/usr/lib/wasm32-wasi/libc.a",
		llvm: "/usr/lib/llvm-19",
	}
	libs.builtins = filepath.Join(libs.llvm, "lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a")
	var missing []string
	for _, file := range []string{libs.libc, libs.builtins, filepath.Join(libs.llvm, "include/llvm-c/Core.h"), filepath.Join(libs.llvm, "include/clang-c/Index.h")} {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, file)
		}
	}
	for _, tool := range []string{"wasm-ld-19", "clang-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if _, err := exec.LookPath(wasmOpt()); err != nil {
		missing = append(missing, "wasm-opt")
	}
	if len(missing) > 0 {
		return libs, fmt.Errorf("%w\nmissing: %s", errNoTinyGo, strings.Join(missing, ", "))
	}
	return libs, nil
}

// wasmOpt is the optimiser that TinyGo runs last, named as TinyGo names it.
func wasmOpt() string {
	if path := os.Getenv("WASMOPT"); path != "" {
		return path
	}
	return "wasm-opt"
}

// ownTinyGo returns the compiler in the cache, built first if need be.
func ownTinyGo(root, cache string, libs libraries) (*tinyGo, error) {
	tools := filepath.Join(root, "edge/toolchain/tinygo")
	// The overlay belongs to the key: a changed stub makes another TINYGOROOT. So
	// does the target, as it decides what modules become.
	key, err := hashFiles(tools, runtime.Version()+needless+string(targetFile(libs, false))+string(targetFile(libs, true)), "go.mod", "src/net/net.go", "src/net/http/http.go", "src/edge/libc.c")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "tinygo", pinned+"-"+key)
	t := &tinyGo{
		path:    filepath.Join(dir, "bin", "tinygo"),
		root:    filepath.Join(dir, "root"),
		target:  filepath.Join(dir, "edge.json"),
		name:    "TinyGo " + pinned + " built from its Go module",
		command: filepath.Join(dir, "command.json"),
	}
	t.env = []string{"TINYGOROOT=" + t.root}
	if _, err := os.Stat(t.path); err == nil {
		return t, t.publishTargets(libs)
	}

	fmt.Fprintf(os.Stderr, "edge/toolchain: building TinyGo %s, once, which takes about half a minute\n", pinned)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, fmt.Errorf("building TinyGo: %w", err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), ".build-")
	if err != nil {
		return nil, fmt.Errorf("building TinyGo: %w", err)
	}
	defer os.RemoveAll(fresh)
	if err := buildTinyGo(fresh, tools); err != nil {
		return nil, fmt.Errorf("building TinyGo: %w", err)
	}
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		// Another build may have finished first; its result is as good.
		if _, there := os.Stat(t.path); there != nil {
			return nil, fmt.Errorf("building TinyGo: %w", err)
		}
	}
	return t, t.publishTargets(libs)
}

func (t *tinyGo) publishTargets(libs libraries) error {
	return errors.Join(publish(t.target, targetFile(libs, false)), publish(t.command, targetFile(libs, true)))
}

// buildTinyGo fills dir with bin/tinygo and root, a TINYGOROOT.
func buildTinyGo(dir, tools string) error {
	const module = "github.com/tinygo-org/tinygo"
	if err := goIn(tools, "build", "-tags", "llvm19", "-o", filepath.Join(dir, "bin", "tinygo"), module); err != nil {
		return err
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	list.Dir = tools
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("finding %s: %w", module, err)
	}
	source := strings.TrimSpace(string(out))
	for _, part := range []string{"src", "lib", "targets"} {
		if err := os.CopyFS(filepath.Join(dir, "root", part), os.DirFS(filepath.Join(source, part))); err != nil {
			return fmt.Errorf("copying TINYGOROOT: %w", err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "root", "src"), os.DirFS(filepath.Join(tools, "src"))); err != nil {
		return fmt.Errorf("adding to TINYGOROOT: %w", err)
	}
	return unexport(filepath.Join(dir, "root", "src", "runtime", "float.go"))
}

// needless begins the lines by which TinyGo's runtime exports fminimum and its
// like from every module, for machines that have no instruction for them. Wasm
// has; and an export costs each start of a module about a microsecond.
const needless = "//export fm"

func unexport(file string) error {
	source, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("adapting TinyGo's runtime: %w", err)
	}
	kept := strings.ReplaceAll(string(source), "\n"+needless, "\n// ")
	if kept == string(source) {
		return fmt.Errorf("adapting TinyGo's runtime: %s exports nothing any more: nothing needs to be done about it", file)
	}
	if err := os.WriteFile(file, []byte(kept), 0o644); err != nil {
		return fmt.Errorf("adapting TinyGo's runtime: %w", err)
	}
	return nil
}

func goIn(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	return nil
}
