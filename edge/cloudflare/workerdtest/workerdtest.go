// Package workerdtest runs the Worker on workerd, the runtime that Cloudflare
// itself runs, for the length of a test.
package workerdtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/edge/toolchain/need"
)

// Config says what to run.
type Config struct {
	// Entry is a TypeScript file relative to edge/cloudflare. "": src/worker.ts.
	Entry string
	// Bindings are the environment: WEIR_HOST, WEIR_SECRET, WEIR_SETTINGS.
	Bindings map[string]string
	// Module and Bundle replace the files that `make edge` compiled.
	Module, Bundle []byte
}

// Start runs a Worker and returns its base URL. It skips or fails the test as
// package need says when workerd or the compiled module is missing. workerd
// ends with the test; what it printed is logged if the test failed.
//
// A request header CF-Connecting-IP is the client's address and CF-Blob a JSON
// object that becomes request.cf: a CDN would set both itself.
func Start(t testing.TB, cfg Config) string {
	t.Helper()
	workerd := need.Tool(t, "workerd")
	esbuild := filepath.Join(need.Package(t, "esbuild"), "bin", "esbuild")
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Entry == "" {
		cfg.Entry = "src/worker.ts"
	}
	if cfg.Module == nil {
		cfg.Module = read(t, need.Tool(t, "edge.wasm"))
	}
	if cfg.Bundle == nil {
		cfg.Bundle = read(t, need.Tool(t, "default.bundle"))
	}

	dir := t.TempDir()
	script := filepath.Join(dir, "worker.js")
	bundle := exec.Command(esbuild, cfg.Entry, "--bundle", "--format=esm", "--target=es2024", "--log-level=warning",
		"--external:*.wasm", "--external:*.bundle", "--outfile="+script)
	bundle.Dir = filepath.Join(root, "edge", "cloudflare")
	if out, err := bundle.CombinedOutput(); err != nil {
		t.Fatalf("bundling %s: %v\n%s", cfg.Entry, err, out)
	}
	write(t, filepath.Join(dir, "edge.wasm"), cfg.Module)
	write(t, filepath.Join(dir, "default.bundle"), cfg.Bundle)
	config := filepath.Join(dir, "workerd.capnp")
	write(t, config, capnp(cfg.Bindings))
	return run(t, workerd, config)
}

// capnp is workerd's configuration: one Worker on a port that the system
// chooses, which may reach the loopback interface.
func capnp(bindings map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString(`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      compatibilityDate = "2026-11-01",
      modules = [
        (name = "src/worker.js", esModule = embed "worker.js"),
        (name = "build/edge.wasm", wasm = embed "edge.wasm"),
        (name = "build/default.bundle", data = embed "default.bundle"),
      ],
      bindings = [
`)
	for name, value := range bindings {
		fmt.Fprintf(&b, "        (name = %s, text = %s),\n", quote(name), quote(value))
	}
	b.WriteString(`      ],
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = "CF-Blob"), service = "main")],
);
`)
	return b.Bytes()
}

// quote writes a string literal of the Cap'n Proto language.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// run starts workerd, waits for the port it reports and returns the URL.
func run(t testing.TB, workerd, config string) string {
	t.Helper()
	events, report, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	cmd := exec.Command(workerd, "serve", "--control-fd=3", config)
	cmd.ExtraFiles = []*os.File{report}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	report.Close()
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGKILL)
		<-exited
		if t.Failed() && said.Len() > 0 {
			t.Logf("workerd said:\n%s", said.Bytes())
		}
	})

	if err := events.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var event struct {
		Event, Socket string
		Port          int
	}
	for decoder := json.NewDecoder(events); event.Event != "listen"; {
		if err := decoder.Decode(&event); err != nil {
			cmd.Process.Kill()
			<-exited
			t.Fatalf("workerd did not begin to listen: %v\n%s", err, said.Bytes())
		}
	}
	return fmt.Sprintf("http://127.0.0.1:%d", event.Port)
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
