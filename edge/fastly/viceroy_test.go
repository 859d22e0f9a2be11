package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

// host takes batches as weir's host does, as long as it is up.
type host struct {
	down   atomic.Bool
	mu     sync.Mutex
	events map[string]map[string]bool // the batches by event id: what is sent again is one
	wrong  []string
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != path {
		http.NotFound(w, r) // Viceroy asks once whether its backends are there
		return
	}
	if h.down.Load() {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	fail := func(err error) {
		h.wrong = append(h.wrong, err.Error())
		w.WriteHeader(http.StatusBadRequest)
	}
	if err != nil {
		fail(err)
		return
	}
	key, err := signature.ParseSecret(secret)
	if err != nil {
		fail(err)
		return
	}
	id := r.Header.Get("webhook-id")
	if err := signature.Verify([][]byte{key}, id, r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), body, time.Now()); err != nil {
		fail(fmt.Errorf("%w: batch %s, sent at %s, of %d bytes (Content-Length %d): %.200q…", err, id, r.Header.Get("webhook-timestamp"), len(body), r.ContentLength, body))
		return
	}
	batch, err := envelope.NewReader(body).Next()
	if err != nil {
		fail(err)
		return
	}
	for _, line := range batch.Events {
		_, rest, _ := bytes.Cut(line, []byte(`"event_id":"`))
		event := string(rest[:36])
		if h.events[event] == nil {
			h.events[event] = map[string]bool{}
		}
		h.events[event][id] = true
	}
	fmt.Fprintf(w, `{"batch":"%s","events":%d,"duplicate":false}`, id, batch.Header.Events)
}

// viceroy starts Fastly's own local runtime on the program, with the manifest's
// [local_server], and returns its base URL.
func viceroy(t *testing.T, h http.Handler) string {
	t.Helper()
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	manifest, err := os.ReadFile(filepath.Join(root, "fastly.toml"))
	if err != nil {
		t.Fatal(err)
	}
	const local = "http://127.0.0.1:8081"
	if !bytes.Contains(manifest, []byte(local)) {
		t.Fatalf("fastly.toml does not name %s, the host on this machine", local)
	}
	need.Tool(t, "edge.wasm") // where that could be compiled, so can this
	base := run(t, filepath.Join(root, "edge/fastly/main.wasm"), bytes.ReplaceAll(manifest, []byte(local), []byte(server.URL)))
	resp, err := http.Get(base + "/health")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("/health answers %d", resp.StatusCode)
	}
	return base
}

// transcript is what a process said so far.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// run starts Viceroy on a program and returns its base URL once it listens.
func run(t *testing.T, program string, manifest []byte) string {
	t.Helper()
	base, _ := listen(t, program, manifest)
	return base
}

func listen(t *testing.T, program string, manifest []byte) (base string, said *transcript) {
	t.Helper()
	path, err := findViceroy()
	if _, none := exec.LookPath("cargo"); err != nil && none != nil {
		t.Skip(need.Missing{Part: "viceroy", Reason: "there is no cargo here to build it with, and nobody hands it out built"})
	}
	need.Part(t, "viceroy", func() (string, error) { return path, err })
	own := filepath.Join(t.TempDir(), "fastly.toml")
	if err := os.WriteFile(own, manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	addr := free(t)
	cmd := exec.Command(path, "--config", own, "--addr", addr, program)
	cmd.Env = append(os.Environ(), "WEIR_SECRET="+secret)
	said = new(transcript)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("viceroy said:\n%s", said)
		}
	})
	// It compiles the program first.
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return "http://" + addr, said
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("viceroy ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatal("viceroy does not listen")
	return "", nil
}

func findViceroy() (string, error) {
	if path, err := exec.LookPath("viceroy"); err == nil {
		return path, nil
	}
	found, err := filepath.Glob(filepath.Join(need.Cache(), "viceroy", "*", "bin", "viceroy"))
	if err != nil || len(found) == 0 {
		return "", errors.New("no viceroy on PATH or in the cache: .tools/viceroy builds it, with cargo")
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestOnViceroy(t *testing.T) {
	h := &host{events: map[string]map[string]bool{}}
	base := viceroy(t, h)
	const body = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"pv","eid":"%s","tv":"js-4.10.1","aid":"shop","p":"web","url":"https://shop.example/"},` +
		`{"e":"ue","eid":"%s","tv":"js-4.10.1","aid":"shop","p":"web","ue_pr":"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":{\"schema\":\"iglu:com.example/product_view/jsonschema/1-0-0\",\"data\":{\"sku\":\"TEA-100\"}}}"}]}`
	post := func(n int) (status int, answer string, header http.Header) {
		t.Helper()
		one, two := fmt.Sprintf("c6ef3124-b53a-4b13-a233-%012d", 2*n), fmt.Sprintf("c6ef3124-b53a-4b13-a233-%012d", 2*n+1)
		r, err := http.NewRequest("POST", base+"/com.snowplowanalytics.snowplow/tp2", strings.NewReader(fmt.Sprintf(body, one, two)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "https://shop.example")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text), resp.Header
	}
	acknowledged := map[int]bool{}
	send := func(from, to int) {
		t.Helper()
		for n := from; n < to; n++ {
			status, answer, header := post(n)
			if status != 200 || answer != "ok" {
				t.Fatalf("request %d is answered %d %.300q", n, status, answer)
			}
			if header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
				t.Fatalf("request %d is answered without its origin: %v", n, header)
			}
			acknowledged[n] = true
		}
	}
	// While the host is down, the KV store takes batches.
	send(0, 300)
	h.down.Store(true)
	send(300, 320)
	missing := func() int {
		h.mu.Lock()
		defer h.mu.Unlock()
		return 2*len(acknowledged) - len(h.events)
	}
	if n := missing(); n < 2*20 {
		t.Fatalf("%d events are missing while the host is down, want those of 20 requests: was it down?", n)
	}
	h.down.Store(false)
	send(320, 340)
	// A request of any kind makes a sandbox look into the store, now and then.
	for deadline := time.Now().Add(time.Minute); missing() > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d events are still missing", missing())
		}
		resp, err := http.Get(base + "/health")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		time.Sleep(100 * time.Millisecond)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, wrong := range h.wrong {
		t.Errorf("the host refused a batch: %s", wrong)
	}
	if len(h.events) != 2*len(acknowledged) {
		t.Errorf("%d requests acknowledged, %d events arrived", len(acknowledged), len(h.events))
	}
	for id, batches := range h.events {
		if len(batches) != 1 {
			t.Errorf("event %s arrived in the batches %v, want one", id, batches)
		}
	}
	need.Ran(t, "events, outage", "viceroy")
}
