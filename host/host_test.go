package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/edge/signature"
	"weir/host/config"
	"weir/host/journal"
	"weir/sinks"
)

// memory is a sink that keeps what it is given, and does what a test tells it.
type memory struct {
	mu     sync.Mutex
	events map[string]int // writes by event id
	write  func(ctx context.Context, b sinks.Batch) error
	change chan struct{}
}

func newMemory() *memory { return &memory{events: map[string]int{}, change: make(chan struct{})} }

func (m *memory) Open(context.Context) error  { return nil }
func (m *memory) Close(context.Context) error { return nil }

func (m *memory) Write(ctx context.Context, b sinks.Batch) error {
	m.mu.Lock()
	write := m.write
	m.mu.Unlock()
	if write != nil {
		if err := write(ctx, b); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range b.Events {
		m.events[e.ID]++
	}
	close(m.change)
	m.change = make(chan struct{})
	return nil
}

// do sets what happens before a write is taken.
func (m *memory) do(f func(ctx context.Context, b sinks.Batch) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.write = f
}

// wait returns once n different events were written.
func (m *memory) wait(t testing.TB, n int) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		m.mu.Lock()
		got, change := len(m.events), m.change
		m.mu.Unlock()
		if got >= n {
			return
		}
		select {
		case <-change:
		case <-deadline:
			t.Fatalf("%d events were delivered, want %d", got, n)
		}
	}
}

type memoryConfig struct {
	Sink string `yaml:"sink" doc:"Test."`
}

var memories sync.Map // by memoryConfig.Sink

func init() {
	sinks.Register(sinks.Kind{Name: "memory", Config: func() any { return new(memoryConfig) },
		New: func(c any, _ sinks.Env) (sinks.Sink, error) {
			m, _ := memories.LoadOrStore(c.(*memoryConfig).Sink, newMemory())
			return m.(*memory), nil
		}})
}

// rig is a host for a test, with memory sinks by name.
type rig struct {
	t    testing.TB
	cfg  *config.Config
	logs *logs
	host *Host
	stop context.CancelFunc
	done chan error
	key  []byte
}

type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newRig(t testing.TB, names ...string) *rig {
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.Public.Listen, cfg.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Sinks, cfg.Routes = nil, nil
	for _, name := range names {
		t.Cleanup(func() { memories.Delete(t.Name() + name) })
		cfg.Sinks = append(cfg.Sinks, config.Sink{Name: name, Kind: "memory", Config: &memoryConfig{t.Name() + name}})
		r := config.NewRoute(name)
		r.Batch.Wait = 5 * time.Millisecond
		r.Retry.Initial, r.Retry.Max = time.Millisecond, 5*time.Millisecond
		cfg.Routes = append(cfg.Routes, r)
	}
	r := &rig{t: t, cfg: cfg, logs: new(logs)}
	t.Cleanup(r.close)
	return r
}

func (r *rig) sink(name string) *memory {
	m, _ := memories.LoadOrStore(r.t.Name()+name, newMemory())
	return m.(*memory)
}

func (r *rig) start() *rig {
	r.t.Helper()
	h, err := New(r.cfg, slog.New(slog.NewTextHandler(r.logs, nil)))
	if err != nil {
		r.t.Fatal(err)
	}
	r.host, r.done = h, make(chan error, 1)
	if r.key, err = signature.ParseSecret(h.Secret()); err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.done <- h.Run(ctx) }()
	<-h.Ready()
	return r
}

// drain stops the host as SIGTERM does.
func (r *rig) drain() {
	r.t.Helper()
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("draining: %v", err)
		}
	case <-time.After(20 * time.Second):
		r.t.Fatal("the host does not stop")
	}
	r.host = nil
}

func (r *rig) close() {
	if r.host != nil {
		r.drain()
	}
	if r.t.Failed() {
		r.t.Logf("log:\n%s", r.logs)
	}
}

var eventNumber struct {
	sync.Mutex
	n int
}

// event returns an envelope with a new event id.
func event(verdict, members string) (id, line string) {
	eventNumber.Lock()
	defer eventNumber.Unlock()
	eventNumber.n++
	id = fmt.Sprintf("0193%04x-0000-4000-8000-%012x", eventNumber.n>>16, eventNumber.n)
	return id, fmt.Sprintf(`{"app_id":"shop","collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":%q,"event_fingerprint":"0123456789abcdef0123456789abcdef",`+
		`"event_vendor":"com.example","event_name":"product_view","event_format":"jsonschema","event_version":"1-0-0"%s,`+
		`"weir":{"version":1,"protocol":"snowplow","verdict":%q,"batch":"x","index":0}}`, id, members, verdict)
}

// frame makes a batch of envelope lines.
func frame(lines ...string) (id string, body []byte) { return frameWith(envelope.AckStored, lines...) }

func frameWith(ack envelope.Ack, lines ...string) (id string, body []byte) {
	now := time.Now()
	id = journal.NewID(now).String()
	h := envelope.Header{ID: id, Captured: now.UnixMilli(), Ack: ack, Events: len(lines)}
	for _, l := range lines {
		if !strings.Contains(l, `"verdict":"good"`) {
			h.Failed++
		}
	}
	body = append(h.AppendJSON(nil), '\n')
	for _, l := range lines {
		body = append(append(body, l...), '\n')
	}
	return id, body
}

func goodEvents(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		_, lines[i] = event("good", "")
	}
	return lines
}

// post sends a signed batch and returns the answer.
func (r *rig) post(id string, body []byte) (status int, answer string) {
	r.t.Helper()
	now := time.Now().Unix()
	req, err := http.NewRequest(http.MethodPost, "http://"+r.host.PublicAddr()+"/v1/batches", bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now, 10))
	req.Header.Set("webhook-signature", signature.Sign(r.key, id, now, body))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// send posts a batch of lines that must be accepted.
func (r *rig) send(lines ...string) {
	r.t.Helper()
	if status, answer := r.post(frame(lines...)); status != http.StatusOK {
		r.t.Fatalf("answer %d %s", status, answer)
	}
}

// get reads an answer of the admin listener.
func (r *rig) get(path string, into any) {
	r.t.Helper()
	resp, err := http.Get("http://" + r.host.AdminAddr() + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		r.t.Fatalf("GET %s: %d %s", path, resp.StatusCode, text)
	}
	if s, ok := into.(*string); ok {
		*s = string(text)
	} else if err := json.Unmarshal(text, into); err != nil {
		r.t.Fatalf("GET %s: %v in %s", path, err, text)
	}
}

// until polls a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestBatchReachesSink(t *testing.T) {
	r := newRig(t, "a", "b").start()
	id, body := frame(goodEvents(3)...)
	status, answer := r.post(id, body)
	if want := fmt.Sprintf(`{"batch":%q,"events":3,"duplicate":false}`, id); status != http.StatusOK || answer != want {
		t.Fatalf("answer %d %s, want %s", status, answer, want)
	}
	if status, answer = r.post(id, body); status != http.StatusOK || !strings.Contains(answer, `"duplicate":true`) {
		t.Errorf("the same batch again: %d %s", status, answer)
	}
	r.sink("a").wait(t, 3)
	r.sink("b").wait(t, 3)
	r.drain()
	for id, n := range r.sink("a").events {
		if n != 1 {
			t.Errorf("event %s was written %d times", id, n)
		}
	}
}

func TestRefusals(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Public.MaxBody = 4 << 10
	r.start()
	id, body := frame(goodEvents(1)...)
	otherID, other := frame(goodEvents(1)...)
	cut := body[:len(body)-1]
	for name, c := range map[string]struct {
		id, header, value string
		body              []byte
		status            int
	}{
		"wrong signature":     {id, "webhook-signature", "v1,AAAA", body, 401},
		"no signature":        {id, "webhook-signature", "", body, 401},
		"stale":               {id, "webhook-timestamp", "1700000000", body, 401},
		"wrong type":          {id, "Content-Type", "application/json", body, 415},
		"encoded":             {id, "Content-Encoding", "gzip", body, 415},
		"too large":           {id, "", "", bytes.Repeat([]byte("x"), 5<<10), 413},
		"id differs":          {otherID, "", "", body, 400},
		"cut off":             {id, "", "", cut, 400},
		"second is malformed": {otherID, "", "", append(append([]byte(nil), other...), "{}\n"...), 400},
		"empty":               {id, "", "", nil, 400},
	} {
		now := time.Now().Unix()
		req, err := http.NewRequest(http.MethodPost, "http://"+r.host.PublicAddr()+"/v1/batches", bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		req.Header.Set("webhook-id", c.id)
		req.Header.Set("webhook-timestamp", strconv.FormatInt(now, 10))
		req.Header.Set("webhook-signature", signature.Sign(r.key, c.id, now, c.body))
		if c.header != "" {
			req.Header.Set(c.header, c.value)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || !json.Valid(text) {
			t.Errorf("%s: %d %s, want %d", name, resp.StatusCode, text, c.status)
		}
		if c.status == 401 && string(text) != `{"error":"unauthorized"}` {
			t.Errorf("%s: the answer says more than it should: %s", name, text)
		}
	}
	// A body whose length is not announced is bounded as it is read.
	req, err := http.NewRequest(http.MethodPost, "http://"+r.host.PublicAddr()+"/v1/batches", io.LimitReader(endless{}, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		if resp.StatusCode != 413 {
			t.Errorf("unannounced length: %d, want 413", resp.StatusCode)
		}
	}
	var status struct {
		Counters struct{ Events, Batches int }
	}
	if r.get("/api/status", &status); status.Counters.Batches != 0 {
		t.Errorf("refused batches are counted as stored: %+v", status)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestSeveralBatchesInOneBody(t *testing.T) {
	r := newRig(t, "a").start()
	id, one := frame(goodEvents(2)...)
	_, two := frame(goodEvents(3)...)
	body := append(append([]byte(nil), one...), two...)
	if status, answer := r.post(id, body); status != 200 || !strings.Contains(answer, `"events":5`) {
		t.Fatalf("answer %d %s", status, answer)
	}
	r.sink("a").wait(t, 5)
}

func TestVerdicts(t *testing.T) {
	r := newRig(t, "good", "failed")
	r.cfg.Routes[0].Events, r.cfg.Routes[1].Events = "good", "failed"
	r.start()
	_, good := event("good", "")
	_, bad := event("failed", "")
	unresolvedID, unresolved := event("unresolved", `,"unstruct_event":{"schema":"iglu:com.acme/x/jsonschema/1-0-0","data":{}}`)
	r.send(good, bad, unresolved)
	r.sink("good").wait(t, 1)
	r.sink("failed").wait(t, 2)
	var failed struct {
		Events []struct {
			EventID string `json:"event_id"`
			Weir    struct {
				Verdict    string
				Violations []struct{ Schema, Path, Keyword, Message string }
			}
		}
	}
	until(t, "listed as failed", func() bool {
		r.get("/api/failed?limit=10", &failed)
		return len(failed.Events) == 2
	})
	for _, e := range failed.Events {
		if e.Weir.Verdict != "failed" {
			t.Errorf("verdict is %q", e.Weir.Verdict)
		}
		if e.EventID == unresolvedID && (len(e.Weir.Violations) != 1 || e.Weir.Violations[0].Keyword != "unknownSchema" ||
			e.Weir.Violations[0].Path != "/unstruct_event/schema" || e.Weir.Violations[0].Schema != "iglu:com.acme/x/jsonschema/1-0-0") {
			t.Errorf("an unknown schema gives %+v", e.Weir.Violations)
		}
	}
}

func TestRestartDeliversTheRest(t *testing.T) {
	r := newRig(t, "a", "b")
	r.cfg.Drain = time.Second
	r.sink("b").do(func(context.Context, sinks.Batch) error { return sinks.ErrNotConnected })
	r.start()
	for range 20 {
		r.send(goodEvents(10)...)
	}
	r.sink("a").wait(t, 200)
	r.drain()
	r.sink("b").do(nil)
	r.start()
	r.sink("b").wait(t, 200)
	r.drain()
	for id, n := range r.sink("a").events {
		if n != 1 {
			t.Errorf("event %s reached the healthy sink %d times", id, n)
		}
	}
}

func TestDrainDeliversWhatIsStored(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Routes[0].Batch.Wait = time.Hour
	r.start()
	r.send(goodEvents(7)...)
	r.drain()
	if n := len(r.sink("a").events); n != 7 {
		t.Errorf("%d of 7 events were delivered before the end", n)
	}
}

func TestDataDirectory(t *testing.T) {
	r := newRig(t, "a").start()
	secret := r.host.Secret()
	for path, mode := range map[string]os.FileMode{".": 0o700, "journal": 0o700, "journal/journal.db": 0o600,
		"journal/journal.db-wal": 0o600, "failed.db": 0o600, "secret": 0o600, "sinks/a": 0o700} {
		info, err := os.Stat(filepath.Join(r.cfg.DataDir, path))
		if err != nil {
			t.Fatal(err)
		}
		if path == "." { // made by the test
			continue
		}
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), mode)
		}
	}
	if _, err := New(r.cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second host on the same data: %v", err)
	}
	r.drain()
	r.start()
	if r.host.Secret() != secret {
		t.Error("the generated secret changed with a restart")
	}
	if strings.Contains(r.logs.String(), secret) {
		t.Error("the secret is logged")
	}
}

// What keeps a host from starting names the place and the fix.
func TestStartSaysWhatToDo(t *testing.T) {
	taken := newRig(t, "a").start()
	for name, c := range map[string]struct {
		harm func(r *rig) error
		want []string
	}{
		"empty secret": {func(r *rig) error { return os.WriteFile(filepath.Join(r.cfg.DataDir, "secret"), nil, 0o600) },
			[]string{"secret is damaged", "delete it"}},
		"public port": {func(r *rig) error { r.cfg.Public.Listen = taken.host.PublicAddr(); return nil },
			[]string{"public.listen", "--host-listen"}},
		"admin port": {func(r *rig) error { r.cfg.Admin.Listen = taken.host.AdminAddr(); return nil },
			[]string{"admin.listen", "--admin-listen"}},
		"data directory": {func(r *rig) error {
			r.cfg.DataDir = filepath.Join(r.cfg.DataDir, "file", "data")
			return os.WriteFile(filepath.Dir(r.cfg.DataDir), nil, 0o600)
		}, []string{"data_dir"}},
	} {
		r := newRig(t, "a")
		r.cfg.Edge.Secrets = nil
		if err := c.harm(r); err != nil {
			t.Fatal(err)
		}
		_, err := New(r.cfg, slog.New(slog.DiscardHandler))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q: %v", name, want, err)
			}
		}
	}
}
