package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// module is a program of the edge and how it is compiled.
type module struct {
	program string // its package, relative to the root
	file    string
	folders []string // that take the file, relative to the root
	flags   []string
	command bool // runs by itself, from _start
}

// edgeModule runs behind package abi: in the Worker and in edge/wazero.
//
// gc=leaking: a request allocates nothing in steady state, so there is nothing
// to collect; what a rare path leaks is bounded by the runtimes, which replace
// an instance past a limit of memory. It is the smallest and fastest of the
// three, see the README beside this file.
var edgeModule = module{
	program: "./edge/cloudflare",
	file:    "edge.wasm",
	folders: []string{"edge/wazero/module", "edge/cloudflare/build"},
	flags:   reactor("-gc=leaking"),
}

// extismPlugin runs in hosts that weir did not write and that keep an instance
// for ever; its SDK allocates each request's input. So it collects its garbage.
var extismPlugin = module{
	program: "./edge/extism",
	file:    "weir.wasm",
	folders: []string{"edge/extism/build"},
	flags:   reactor("-gc=precise"),
}

// fastlyProgram is a command that does its own I/O, on an SDK that allocates and
// starts goroutines. Most of it is the SDK's, which a request hardly touches:
// it is compiled for size. It embeds the bundle, which is compiled before it.
var fastlyProgram = module{
	program: "./edge/fastly",
	file:    "main.wasm",
	folders: []string{"edge/fastly"},
	flags:   []string{"-no-debug", "-opt=s", "-gc=precise", "-scheduler=asyncify", "-panic=trap"},
	command: true,
}

var modules = []module{edgeModule, extismPlugin, fastlyProgram}

// variant returns the module of a program, compiled the way of edge.wasm if it
// is none of the modules. Empty arguments change nothing.
func variant(program, optimise, tags string) module {
	m := edgeModule
	if i := slices.IndexFunc(modules, func(m module) bool { return m.program == program }); i >= 0 {
		m = modules[i]
	}
	m.program, m.flags = program, slices.Clone(m.flags)
	if optimise != "" {
		m.flags = append(m.flags, "-opt="+optimise)
	}
	if tags != "" {
		m.flags = append(m.flags, "-tags="+tags)
	}
	return m
}

// bundleFolders take the compiled schemas.
var bundleFolders = append([]string{"edge/fastly/build"}, edgeModule.folders...)

// reactor builds what is called after _initialize and has no _start.
//
// panic=trap: a panic becomes a trap, which the runtimes answer by replacing
// the instance, and no text is formatted or printed in between.
func reactor(gc string) []string {
	return []string{
		"-buildmode=c-shared", "-no-debug", "-opt=2", gc, "-scheduler=none", "-panic=trap",
		"-ldflags=-extldflags=--max-memory=" + maxMemory,
	}
}

// maxMemory is what an instance can never pass, in bytes: as much as a CDN
// gives an isolate. Running into it is a trap, which is survived; running into
// the CDN's limit is not.
const maxMemory = "134217728"

// compile returns the compiled module. Modules are kept in the cache by a hash
// of all that went in.
func (m *module) compile(root, cache string, compiler *tinyGo) ([]byte, error) {
	sources, err := moduleSources(root, m.program)
	if err != nil {
		return nil, err
	}
	key, err := hashFiles(root, compiler.name+compiler.aim(m)+m.program+strings.Join(m.flags, " "), sources...)
	if err != nil {
		return nil, err
	}
	kept := filepath.Join(cache, "edge", key+".wasm")
	if content, err := os.ReadFile(kept); err == nil {
		return content, nil
	}
	content, err := compiler.build(root, m)
	if err != nil {
		return nil, err
	}
	return content, publish(kept, content)
}

// moduleSources lists the files of this repository and its modules that the
// program is compiled from, relative to root.
func moduleSources(root, program string) ([]string, error) {
	const format = `{{if not .Standard}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .IgnoredGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{end}}`
	list := exec.Command("go", "list", "-deps", "-tags", "tinygo,tinygo.wasm", "-f", format, program)
	list.Dir = root
	list.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	var said bytes.Buffer
	list.Stderr = &said
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing what %s is made of: %w\n%s", program, err, said.Bytes())
	}
	var files []string
	for file := range strings.Lines(string(out)) {
		rel, err := filepath.Rel(root, strings.TrimSpace(file))
		if err != nil {
			return nil, fmt.Errorf("listing what %s is made of: %w", program, err)
		}
		files = append(files, rel)
	}
	return files, nil
}

// aim returns the target of a module.
func (t *tinyGo) aim(m *module) string {
	if m.command {
		return t.command
	}
	return t.target
}

func (t *tinyGo) build(root string, m *module) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "weir-edge-")
	if err != nil {
		return nil, fmt.Errorf("compiling the edge: %w", err)
	}
	defer os.RemoveAll(tmp)
	output := filepath.Join(tmp, "edge.wasm")
	args := slices.Concat([]string{"build", "-target", t.aim(m)}, m.flags, []string{"-o", output, m.program})
	cmd := exec.Command(t.path, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), t.env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("compiling the edge: tinygo %s: %w\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	return os.ReadFile(output)
}

// hashFiles returns 16 hexadecimal digits over salt and the named files' names
// and contents.
func hashFiles(dir, salt string, names ...string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", salt)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", fmt.Errorf("hashing inputs: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n%s\n", name, len(content), content)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
