// Command toolchain compiles the edge: the collector to WebAssembly with
// TinyGo, and the schemas of the repository to the bundle it is handed at start.
//
//	edge/wazero/module/edge.wasm       embedded by edge/wazero
//	edge/wazero/module/default.bundle
//	edge/cloudflare/build/             the same two, for the Worker
//	edge/extism/build/weir.wasm        the plugin for Extism hosts
//	edge/fastly/main.wasm              the program for Fastly Compute
//	edge/fastly/build/default.bundle   what it embeds
//
// With -package and -o it compiles another program the way of edge.wasm
// instead, or one of the above with -tags: the tests have one that traps, and
// one that is told the time.
//
// It uses the TinyGo on PATH when that is recent enough and otherwise builds
// its own into $WEIR_CACHE. What is up to date is left alone.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

func main() {
	program := flag.String("package", edgeModule.program, "`program` to compile to a module")
	output := flag.String("o", "", "write the module to `file`, and no bundle")
	optimise := flag.String("opt", "", "with -o, TinyGo's `level`: 2 for speed, s or z for size; what the program is compiled with if empty")
	tags := flag.String("tags", "", "with -o, build `tags`, separated by commas")
	flag.Parse()
	if err := run(os.Stdout, *program, *output, *optimise, *tags); err != nil {
		fmt.Fprintln(os.Stderr, "edge/toolchain:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, program, output, optimise, tags string) error {
	root, err := repository()
	if err != nil {
		return err
	}
	dir, err := cache()
	if err != nil {
		return err
	}
	compiler, err := findTinyGo(root, dir)
	if err != nil {
		return err
	}
	if output != "" {
		m := variant(program, optimise, tags)
		content, err := m.compile(root, dir, compiler)
		if err != nil {
			return err
		}
		return publish(output, content)
	}
	schemas, err := compileBundle(root)
	if err != nil {
		return err
	}
	for _, folder := range bundleFolders {
		if err := publish(filepath.Join(root, folder, "default.bundle"), schemas); err != nil {
			return err
		}
	}
	if err := compileAll(root, dir, compiler, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "default.bundle  %s\n", sizes(schemas))
	return nil
}

// compileAll compiles the modules side by side, as TinyGo keeps one processor
// busy for most of its time, and publishes those that compiled.
func compileAll(root, cache string, compiler *tinyGo, out io.Writer) error {
	contents, errs := make([][]byte, len(modules)), make([]error, len(modules))
	var group sync.WaitGroup
	for i := range modules {
		group.Go(func() { contents[i], errs[i] = modules[i].compile(root, cache, compiler) })
	}
	group.Wait()
	for i := range modules {
		if errs[i] != nil {
			continue
		}
		if errs[i] = modules[i].publish(root, contents[i]); errs[i] == nil {
			fmt.Fprintf(out, "%-14s  %s  (%s)\n", modules[i].file, sizes(contents[i]), compiler.name)
		}
	}
	return errors.Join(errs...)
}

func (m *module) publish(root string, content []byte) error {
	for _, folder := range m.folders {
		if err := publish(filepath.Join(root, folder, m.file), content); err != nil {
			return err
		}
	}
	return nil
}

// repository returns weir's root, wherever below it the command runs.
func repository() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "weir").Output()
	if err != nil {
		return "", fmt.Errorf("finding the repository: run this below weir's go.mod: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// cache returns where everything built lives, outside the tree.
func cache() (string, error) {
	if dir := os.Getenv("WEIR_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache: set WEIR_CACHE or HOME: %w", err)
	}
	return filepath.Join(home, ".cache", "weir"), nil
}

// publish writes content to path unless it is there already, in one step, so
// that nobody reads half a file.
func publish(path string, content []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(tmp, content, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func sizes(b []byte) string {
	var squeezed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&squeezed, gzip.BestCompression)
	w.Write(b)
	w.Close()
	return fmt.Sprintf("%7.1f KB  %6.1f KB gzipped", float64(len(b))/1000, float64(squeezed.Len())/1000)
}
