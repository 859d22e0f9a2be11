package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for out, recent := range map[string]bool{
		"tinygo version 0.41.0 linux/amd64 (using go version go1.26.8 and LLVM version 19.1.7)": true,
		"tinygo version 0.42.1-dev-1234 darwin/arm64 (using go version go1.26.8)":               true,
		"tinygo version 1.0.0 linux/amd64":                                                      true,
		"tinygo version 0.40.1 linux/amd64":                                                     false,
		"tinygo version unknown":                                                                false,
		"tinygo version":                                                                        false,
		"go version go1.26.8 linux/amd64":                                                       false,
		"":                                                                                      false,
	} {
		if version, got := parseVersion(out); got != recent {
			t.Errorf("%q is version %q, recent enough: %v, want %v", out, version, got, recent)
		}
	}
}

// onPath makes a folder with one program the whole PATH.
func onPath(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

func TestAReleaseOnPathIsUsed(t *testing.T) {
	onPath(t, "tinygo", "echo tinygo version 0.41.1 linux/amd64")
	compiler, err := findTinyGo(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if compiler.target != "wasip1" || len(compiler.env) != 0 || !strings.Contains(compiler.name, "0.41.1") {
		t.Errorf("compiler = %+v, want the release with its own target and root", compiler)
	}
}

// Nothing to compile with: one message says what to install, and where.
func TestNothingToCompileWith(t *testing.T) {
	t.Setenv("WASMOPT", "")
	onPath(t, "tinygo", "echo tinygo version 0.40.1 linux/amd64")
	_, err := findTinyGo(t.TempDir(), t.TempDir())
	if !errors.Is(err, errNoTinyGo) {
		t.Fatalf("error = %v, want %v", err, errNoTinyGo)
	}
	for _, want := range []string{"macOS:", "brew install", "Debian:", "apt-get install", "else:", "wasm-ld-19", "clang-19", "wasm-opt"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message does not name %s:\n%v", want, err)
		}
	}
}

// What is compiled into the module is what its key is made of.
func TestModuleSources(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	files, err := moduleSources(root, edgeModule.program)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"edge/cloudflare/main.go", "edge/abi/export.go", "edge/collector/collector.go", "schemas/validate/run.go"} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is not among the %d sources", want, len(files))
		}
	}
	if slices.Contains(files, "edge/signature/signature.go") {
		t.Error("crypto is linked into the module: edge/signature is among its sources")
	}
}

func TestHashFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hash := func(salt string, names ...string) string {
		key, err := hashFiles(dir, salt, names...)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	write("a", "1")
	write("b", "2")
	seen := map[string]string{}
	add := func(what, key string) {
		if other, ok := seen[key]; ok {
			t.Errorf("%s has the key of %s", what, other)
		}
		seen[key] = what
	}
	add("both files", hash("", "a", "b"))
	add("one file", hash("", "a"))
	add("another salt", hash("x", "a", "b"))
	write("b", "3")
	add("other content", hash("", "a", "b"))
	if _, err := hashFiles(dir, "", "missing"); err == nil {
		t.Error("a missing file went unnoticed")
	}
}

func TestPublishLeavesWhatIsUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "edge.wasm")
	if err := publish(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := publish(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	same, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, same) {
		t.Error("an unchanged file was written again")
	}
	if err := publish(path, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "two" {
		t.Errorf("content = %q, %v", got, err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Error(fmt.Sprint("left behind: ", left))
	}
}
