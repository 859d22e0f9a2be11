// Package workerdtest runs the Worker on workerd, the runtime that Cloudflare
// itself runs, for the length of a test.
package workerdtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
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
	// Queue is bound as WEIR_QUEUE. nil: none is.
	Queue *Queue
	// Schemas is the address of a server that stands in the place of the KV
	// namespace bound as WEIR_SCHEMAS, and speaks the protocol of its binding:
	// GET /key. "": none is bound.
	Schemas string
}

// Queue is a queue that the Worker sends to and consumes.
type Queue struct {
	// At is the address of a server that stands in the queue's place and speaks
	// the protocol of its binding: POST /message. "": a real queue, with a dead
	// letter queue behind it.
	At string
	// Retries is how often a message is delivered again before it is a dead letter.
	Retries int
}

// Start runs a Worker and returns its base URL; see [Run].
func Start(t testing.TB, cfg Config) string {
	t.Helper()
	return Run(t, cfg).URL
}

// Worker is a Worker that runs.
type Worker struct {
	URL string

	t       testing.TB
	workerd string
	config  string // path
	port    map[string]int
	cmd     *exec.Cmd
	exited  chan struct{}
	said    output
}

// Run runs a Worker. It skips or fails the test as package need says when
// workerd or the compiled module is missing. workerd ends with the test; what
// it printed last is logged if the test failed.
//
// A request header CF-Connecting-IP is the client's address and CF-Blob a JSON
// object that becomes request.cf: a CDN would set both itself.
func Run(t testing.TB, cfg Config) *Worker {
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
	write(t, filepath.Join(dir, "door.js"), door)
	if err := os.Mkdir(filepath.Join(dir, "queue"), 0o700); err != nil {
		t.Fatal(err)
	}
	w := &Worker{t: t, workerd: workerd, config: filepath.Join(dir, "workerd.capnp"), port: map[string]int{"http": 0, "door": 0}}
	write(t, w.config, capnp(cfg, filepath.Join(dir, "queue")))
	t.Cleanup(func() {
		w.Kill()
		if said := w.Output(); t.Failed() && said != "" {
			t.Logf("workerd said at last:\n%s", said[max(0, len(said)-lastWords):])
		}
	})
	w.Restart()
	w.URL = w.at("http")
	return w
}

// lastWords is how much of workerd's output is logged when a test fails, in bytes.
const lastWords = 8 << 10

// Restart runs a Worker that was killed again, at the same URL and with the
// same queue.
func (w *Worker) Restart() {
	w.t.Helper()
	events, report, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	defer events.Close()
	args := []string{"serve", "--experimental", "--control-fd=3", w.config}
	for socket, port := range w.port {
		args = append(args, fmt.Sprintf("--socket-addr=%s=127.0.0.1:%d", socket, port))
	}
	w.cmd = exec.Command(w.workerd, args...)
	w.cmd.ExtraFiles = []*os.File{report}
	w.cmd.Stdout, w.cmd.Stderr = &w.said, &w.said
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	report.Close()
	exited := make(chan struct{})
	w.exited = exited
	go func(cmd *exec.Cmd) {
		cmd.Wait()
		close(exited)
	}(w.cmd)

	if err := events.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	decoder := json.NewDecoder(events)
	for range w.port {
		var event struct {
			Event, Socket string
			Port          int
		}
		for event.Event != "listen" {
			if err := decoder.Decode(&event); err != nil {
				w.Kill()
				w.t.Fatalf("workerd did not begin to listen: %v\n%s", err, w.Output())
			}
		}
		w.port[event.Socket] = event.Port
	}
}

// Replace replaces a file of a Worker that was killed: "edge.wasm" or
// "default.bundle".
func (w *Worker) Replace(name string, content []byte) {
	w.t.Helper()
	write(w.t, filepath.Join(filepath.Dir(w.config), name), content)
}

// Kill ends workerd as kill -9 does, requests under way included.
func (w *Worker) Kill() {
	if w.cmd == nil || w.cmd.Process == nil {
		return
	}
	w.cmd.Process.Signal(syscall.SIGKILL)
	<-w.exited
}

// Output is what workerd has printed so far: the Worker's log.
func (w *Worker) Output() string { return w.said.String() }

// Schedule runs the Worker's cron trigger and returns its outcome, "ok" if all is well.
func (w *Worker) Schedule() string {
	w.t.Helper()
	var result struct{ Outcome string }
	w.ask("/scheduled", &result)
	return result.Outcome
}

// Backlog is how many messages wait in the queue, those under way included.
func (w *Worker) Backlog() int { return w.backlog("MESSAGES") }

// DeadLetters is how many messages the queue has given up.
func (w *Worker) DeadLetters() int { return w.backlog("DEAD_LETTERS") }

func (w *Worker) backlog(queue string) int {
	w.t.Helper()
	var metrics struct{ BacklogCount int }
	w.ask("/backlog?queue="+queue, &metrics)
	return metrics.BacklogCount
}

// Advance moves the queue's clock: what waits to be delivered again does not
// have to be waited for.
func (w *Worker) Advance(d time.Duration) {
	w.t.Helper()
	w.ask("/clock?advance="+strconv.FormatInt(d.Milliseconds(), 10), &struct{}{})
}

func (w *Worker) at(socket string) string {
	u := url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", w.port[socket])}
	return u.String()
}

func (w *Worker) ask(path string, into any) {
	w.t.Helper()
	resp, err := http.Get(w.at("door") + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || json.Unmarshal(body, into) != nil {
		w.t.Fatalf("the door answered %s to %s: %s\n%s", resp.Status, path, body, w.Output())
	}
}

// output gathers what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
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
