package validate_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/edge/toolchain/need"
)

// peer is a runtime on V8 that serves the contenders of bench/sides.mjs. Time is
// taken out here, since workerd's clock stands still while a request runs.
type peer struct {
	name    string
	url     string
	repeats map[string]int // how often a side fills a slice
	empty   time.Duration  // the least that an answer without work took
}

// startPeers bundles bench/ with what dir holds and serves it from Node and
// from workerd, for the length of the benchmark.
func startPeers(b *testing.B, dir string) (node, workerd *peer) {
	b.Helper()
	nodePath := filepath.Join(need.Package(b, "node"), "bin", "node")
	esbuild := filepath.Join(need.Package(b, "esbuild"), "bin", "esbuild")
	workerdPath := need.Tool(b, "workerd")
	if err := os.Symlink(filepath.Dir(need.Package(b, "ajv")), filepath.Join(dir, "node_modules")); err != nil {
		b.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS("bench")); err != nil {
		b.Fatal(err)
	}
	command := func(program string, args ...string) {
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
		}
	}
	command(nodePath, "generate.mjs", dir)
	parts, entries := new(bytes.Buffer), new(bytes.Buffer)
	found, _ := filepath.Glob(filepath.Join(dir, "*.[bd]*[es]"))
	fmt.Fprintln(parts, "export const parts = {}")
	for i, file := range found {
		if ext := filepath.Ext(file); ext != ".bundle" && ext != ".docs" {
			continue
		}
		base := filepath.Base(file)
		fmt.Fprintf(parts, "import p%d from %q\nparts[%q] = p%d\n", i, base, base, i)
		fmt.Fprintf(entries, "(name = %q, data = embed %q),\n", base, base)
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	write("parts.mjs", parts.String())
	bundled := []string{"--bundle", "--format=esm", "--target=es2024", "--log-level=warning", "--external:*.wasm", "--external:*.bundle", "--external:*.docs"}
	command(esbuild, append(bundled, "--platform=node", "--outfile=node.js", "node.mjs")...)
	command(esbuild, append(bundled, "--outfile=worker.js", "workerd.mjs")...)
	write("package.json", `{"type":"module"}`)
	write("workerd.capnp", `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    compatibilityDate = "2026-11-01",
    modules = [
      (name = "worker.js", esModule = embed "worker.js"),
      (name = "engine.wasm", wasm = embed "engine.wasm"),
      `+entries.String()+`
    ],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`)

	line := serve(b, dir, nil, nodePath, "node.js", dir)
	node = &peer{"Node", "http://127.0.0.1:" + strings.TrimSpace(line), map[string]int{}, time.Second}

	reader, writer, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	line = serve(b, dir, &controlPipe{reader, writer}, workerdPath, "serve", "--control-fd=3", "workerd.capnp")
	var event struct{ Port int }
	if err := json.Unmarshal([]byte(line), &event); err != nil {
		b.Fatalf("workerd said %s", line)
	}
	workerd = &peer{"workerd", fmt.Sprintf("http://127.0.0.1:%d", event.Port), map[string]int{}, time.Second}
	return node, workerd
}

// controlPipe is where a program that says its port on file 3 does so.
type controlPipe struct{ reader, writer *os.File }

// serve starts a program that ends with the benchmark and returns the first
// line it says.
func serve(b *testing.B, dir string, control *controlPipe, program string, args ...string) string {
	b.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	stdin, err := cmd.StdinPipe() // held open: Node leaves when it closes
	if err != nil {
		b.Fatal(err)
	}
	var from io.Reader
	if control != nil {
		cmd.ExtraFiles = []*os.File{control.writer}
		from = control.reader
	} else if from, err = cmd.StdoutPipe(); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if control != nil {
		control.writer.Close()
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(from).ReadString('\n')
	if err != nil {
		b.Fatalf("%s did not begin to listen: %v\n%s", filepath.Base(program), err, said.Bytes())
	}
	return line
}

// timed returns nanoseconds per document. The first call finds out how many
// documents fill a slice, and warms the side up.
func (p *peer) timed(b *testing.B, payload, side string, first bool) float64 {
	path := "/" + payload + "/" + side
	if first {
		n := 1
		for took := time.Duration(0); took < goalSlice && n < 1<<20; {
			took = p.get(b, fmt.Sprintf("%s/%d", path, n))
			// V8 compiles what is hot in the background: let it be hot for a while.
			for range 8 {
				took = min(took, p.get(b, fmt.Sprintf("%s/%d", path, n)))
			}
			if took < goalSlice {
				n *= 2
			}
		}
		p.repeats[path] = n
	}
	n := p.repeats[path]
	p.empty = min(p.empty, p.get(b, path+"/0"))
	return float64((p.get(b, fmt.Sprintf("%s/%d", path, n)) - p.empty).Nanoseconds()) / float64(n)
}

// get returns how long an answer took.
func (p *peer) get(b *testing.B, path string) time.Duration {
	b.Helper()
	_, took := p.fetch(b, path)
	return took
}

func (p *peer) fetch(b *testing.B, path string) (string, time.Duration) {
	b.Helper()
	start := time.Now()
	resp, err := http.Get(p.url + path)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	took := time.Since(start)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s%s: %v %s", p.name, path, err, body)
	}
	return string(body), took
}

// blaze is the C++ validator as its own binary, which measures the evaluation
// of documents that it has parsed before.
type blaze struct {
	program string
	dir     string
	ran     map[string]bool
}

func newBlaze(b *testing.B, dir string, list []payload) *blaze {
	b.Helper()
	bin := &blaze{filepath.Join(need.Package(b, "@sourcemeta/jsonschema"), "npm", "cli.js"), dir, map[string]bool{}}
	for _, p := range list {
		if !p.valid {
			continue
		}
		docs, err := os.ReadFile(filepath.Join(dir, p.name+".docs"))
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, p.name+".jsonl"), docs, 0o600); err != nil {
			b.Fatal(err)
		}
		bin.ran[p.name] = true
	}
	return bin
}

var blazeLine = regexp.MustCompile(`: PASS ([0-9.]+) \+- [0-9.]+ us \(([0-9.]+)\)`)

// timed returns nanoseconds per document, the median of the documents', less
// what reading the clock takes.
func (z *blaze) timed(b *testing.B, payload string) (ns float64, ok bool) {
	if !z.ran[payload] {
		return 0, false
	}
	cmd := exec.Command(z.program, "validate", payload+".schema.json", payload+".jsonl", "--benchmark", "--loop", "100", "--format-assertion")
	cmd.Dir = z.dir
	out, err := cmd.CombinedOutput()
	found := blazeLine.FindAllSubmatch(out, -1)
	if err != nil || len(found) != variants {
		b.Fatalf("Blaze judged %d of %d documents of %s valid: %v\n%s", len(found), variants, payload, err, out)
	}
	var times []float64
	for _, m := range found {
		us, _ := strconv.ParseFloat(string(m[1]), 64)
		clock, _ := strconv.ParseFloat(string(m[2]), 64)
		times = append(times, (us-clock)*1000)
	}
	return median(times), true
}
