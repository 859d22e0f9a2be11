package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/toolchain/need"
)

// startHostProcess is weir host as users run it, with a folder of schemas. It
// returns its address.
func startHostProcess(t *testing.T, schemas string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "weir.yaml")
	text := fmt.Sprintf("data_dir: %s\npublic: {listen: 127.0.0.1:0}\nadmin: {listen: 127.0.0.1:0}\nschemas: [%s]\nsinks: [{blackhole: {}}]\n", filepath.Join(dir, "data"), schemas)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("weir", "host", "--config", file)
	cmd.Env = append(os.Environ(), "WEIR_SECRET="+scriptSecret)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, stderr)
			return "http://" + m[1]
		}
	}
	t.Fatalf("the host does not start:\n%s", &said)
	return ""
}

// wire lies between an edge and its host: it sees what the edge sends, and can
// spoil what the host offers.
type wire struct {
	*httptest.Server
	mu    sync.Mutex
	spoil string // "", "corrupt" or "away"
	batch string // the last
}

func newWire(t *testing.T, host string) *wire {
	t.Helper()
	to, err := url.Parse(host)
	if err != nil {
		t.Fatal(err)
	}
	w := new(wire)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(resp *http.Response) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if resp.Request.URL.Path != "/v1/edge/bundle" {
				return nil
			}
			if w.spoil == "corrupt" && resp.StatusCode == http.StatusOK {
				text, err := io.ReadAll(resp.Body)
				if err != nil {
					return err
				}
				text[len(text)/2] ^= 1
				resp.Body = io.NopCloser(strings.NewReader(string(text)))
			}
			return nil
		},
	}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		away := w.spoil == "away" && r.URL.Path != "/v1/batches"
		if r.URL.Path == "/v1/batches" {
			body, _ := io.ReadAll(r.Body)
			w.batch = string(body)
			r.Body = io.NopCloser(strings.NewReader(w.batch))
		}
		w.mu.Unlock()
		if away {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *wire) set(spoil string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoil = spoil
}

// judged sends {"n":n} as com.acme/thing and returns the batch that the edge made of it.
func (w *wire) judged(t *testing.T, edge string, n int) string {
	t.Helper()
	resp, err := http.Post(edge+"/webhook/com.acme/thing/jsonschema/1-0-0", "application/json", strings.NewReader(fmt.Sprintf(`{"n":%d}`, n)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("an event was answered %s", resp.Status)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.batch
}

// A schema that is put into the host's folder is judged by at the edge, moments
// later and without a restart. Until then, and whatever goes wrong meanwhile,
// the edge judges by what it has.
func TestEdgeRefreshes(t *testing.T) {
	for _, engine := range []engineName{engineWasm, engineNative} {
		t.Run(string(engine), func(t *testing.T) {
			if engine == engineWasm {
				need.Tool(t, "edge.wasm")
			}
			need.Tool(t, "default.bundle")
			schemas := t.TempDir()
			add := func(name string) {
				dir := filepath.Join(schemas, "com.acme", name, "jsonschema")
				text := `{"self":{"vendor":"com.acme","name":"` + name + `","format":"jsonschema","version":"1-0-0"},"type":"object","properties":{"n":{"type":"integer","maximum":10}}}`
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, "1-0-0"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			add("other")
			w := newWire(t, startHostProcess(t, schemas))
			settings := filepath.Join(t.TempDir(), "settings.json")
			if err := os.WriteFile(settings, []byte(`{"visitor":{"mode":"daily"}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			e := startEdgeProcess(t, w.URL, "--engine", string(engine), "--settings", settings, "--refresh", "50ms")
			if got := w.judged(t, e.url, 5); !strings.Contains(got, `"verdict":"unresolved"`) {
				t.Errorf("before its schema is anywhere an event is judged: %s", got)
			}
			// The salts were there before the first request.
			if resp, err := http.Get(e.url + "/i?e=pv&p=web&tv=x"); err != nil || resp.Body.Close() != nil {
				t.Fatal(err)
			}
			w.mu.Lock()
			if !strings.Contains(w.batch, `"field":"network_userid","action":"hash:20`) {
				t.Errorf("a page view has no id of the day: %s", w.batch)
			}
			w.mu.Unlock()

			w.set("corrupt")
			add("thing")
			e.said(t, "content does not match its hash")
			w.set("away")
			e.said(t, "answered 503")
			if got := w.judged(t, e.url, 5); !strings.Contains(got, `"verdict":"unresolved"`) {
				t.Errorf("by a corrupt bundle an event is judged: %s", got)
			}

			w.set("")
			for deadline := time.Now().Add(time.Minute); !strings.Contains(w.judged(t, e.url, 5), `"verdict":"good"`); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the edge never judged by the host's schema: %s", w.judged(t, e.url, 5))
				}
			}
			if got := w.judged(t, e.url, 50); !strings.Contains(got, `"verdict":"failed"`) || !strings.Contains(got, `"keyword":"maximum"`) {
				t.Errorf("an event that the schema does not allow: %s", got)
			}
			e.said(t, "are to be had again")
			// It stays when the host is gone.
			w.Close()
			if resp, err := http.Post(e.url+"/webhook/com.acme/thing/jsonschema/1-0-0", "application/json", strings.NewReader(`{"n":5}`)); err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("without a host an event is answered %v, %v; want 503", resp, err)
			}
		})
	}
}
