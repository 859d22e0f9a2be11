package refresh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/signature"
)

var secret = []byte("thirty-two bytes that are secret")

// engine notes what it is given, and refuses what says that it is corrupt.
type engine struct {
	mu            sync.Mutex
	bundle, salts string
}

func (e *engine) use(dst *string, text []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if bytes.Contains(text, []byte("corrupt")) {
		return errors.New("content does not match its hash")
	}
	*dst = string(text)
	return nil
}

func (e *engine) UseBundle(_ context.Context, b []byte) error { return e.use(&e.bundle, b) }
func (e *engine) UseSalts(_ context.Context, b []byte) error  { return e.use(&e.salts, b) }

func (e *engine) has(t *testing.T, bundle, salts string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.bundle != bundle || e.salts != salts {
		t.Errorf("the engine has %q and %q, want %q and %q", e.bundle, e.salts, bundle, salts)
	}
}

// fakeHost answers as hosts do.
type fakeHost struct {
	url string

	mu            sync.Mutex
	bundle, salts string
	status        int           // instead of an answer
	ahead         time.Duration // of the clock of the test
	said          []string
}

func newHost(t *testing.T, bundle, salts string) *fakeHost {
	h := &fakeHost{bundle: bundle, salts: salts}
	seen := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		id := r.Header.Get("webhook-id")
		if err := signature.Verify([][]byte{secret}, id, r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), nil, time.Now().Add(h.ahead)); err != nil || seen[id] {
			t.Errorf("%s: id %s, %v", r.URL.Path, id, err)
		}
		seen[id] = true
		text, purpose := h.bundle, "bundle_"
		if r.URL.Path == "/v1/edge/salts" {
			text, purpose = h.salts, "salts_"
		} else if r.URL.Path != "/v1/edge/bundle" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		if r.Method != "GET" || !strings.HasPrefix(id, purpose) {
			t.Errorf("%s %s with id %s", r.Method, r.URL.Path, id)
		}
		status := http.StatusOK
		tag := fmt.Sprintf("%q", fmt.Sprint(len(text), text[:min(len(text), 8)]))
		switch {
		case h.status != 0:
			status = h.status
		case text == "":
			status = http.StatusNotFound
		case r.Header.Get("If-None-Match") == tag:
			status = http.StatusNotModified
		}
		h.said = append(h.said, fmt.Sprint(r.URL.Path[len("/v1/edge/"):], " ", status))
		w.Header().Set("ETag", tag)
		if status == http.StatusFound {
			w.Header().Set("Location", "/v1/edge/elsewhere")
		}
		w.WriteHeader(status)
		if status == http.StatusOK {
			w.Write([]byte(text))
		}
	}))
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

func (h *fakeHost) set(bundle, salts string, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bundle, h.salts, h.status = bundle, salts, status
}

// heard returns what the host has answered since.
func (h *fakeHost) heard() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	said := h.said
	h.said = nil
	return said
}

type bench struct {
	*Refresher
	engine engine
	log    bytes.Buffer
	ahead  time.Duration
}

func open(hosts ...string) *bench {
	b := &bench{}
	b.Refresher = New(Config{Hosts: hosts, Secret: secret, Bundle: true, Salts: true, Timeout: 5 * time.Second, Log: slog.New(slog.NewTextHandler(&b.log, nil)),
		Now: func() time.Time { return time.Now().Add(b.ahead) }}, &b.engine)
	return b
}

// advance sets the clocks of an edge and its host.
func (b *bench) advance(h *fakeHost, by time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b.ahead += by
	h.ahead = b.ahead
}

// days are the salts of a day and of those after it, in the form of an answer.
func days(first time.Time, ids ...string) string {
	var list []string
	for i, id := range ids {
		list = append(list, fmt.Sprintf(`{"id":%q,"from":%q,"until":%q,"secret":"c2l4dGVlbiBieXRlcyBvciBtb3Jl"}`, id,
			first.AddDate(0, 0, i).Format(time.RFC3339), first.AddDate(0, 0, i+2).Format(time.RFC3339)))
	}
	return `{"salts":[` + strings.Join(list, ",") + `]}`
}

func TestOnce(t *testing.T) {
	salts := days(time.Now(), "a")
	h := newHost(t, "one", salts)
	b := open(h.url + "/")
	b.Once(t.Context())
	b.engine.has(t, "one", salts)
	b.Once(t.Context())
	if got, want := h.heard(), []string{"salts 200", "bundle 200", "salts 304", "bundle 304"}; !slices.Equal(got, want) {
		t.Errorf("the host said %q, want %q", got, want)
	}
	h.set("two", salts, 0)
	b.Once(t.Context())
	b.engine.has(t, "two", salts)
	h.set("", salts, 0) // a host without schemas is no reason to have none
	b.Once(t.Context())
	b.engine.has(t, "two", salts)
	if n := strings.Count(b.log.String(), "\n"); n != 3 || strings.Contains(b.log.String(), "WARN") {
		t.Errorf("%d lines of log, want 3:\n%s", n, b.log.String())
	}
	if strings.Contains(b.log.String(), "c2l4dGVlbi") {
		t.Errorf("the log tells a salt:\n%s", b.log.String())
	}
}

func TestNothingIsAskedForThatIsNotWanted(t *testing.T) {
	h := newHost(t, "one", days(time.Now(), "a"))
	b := open(h.url)
	b.cfg.Salts = false
	b.Once(t.Context())
	if got := h.heard(); !slices.Equal(got, []string{"bundle 200"}) {
		t.Errorf("the host said %q", got)
	}
}

// Whatever a host does, the last good stays, and is told of once.
func TestHostsInTrouble(t *testing.T) {
	salts := days(time.Now(), "a")
	h := newHost(t, "one", salts)
	b := open(h.url)
	b.Once(t.Context())
	for name, c := range map[string]struct {
		bundle, salts string
		status        int
		want          string
	}{
		"another secret":   {"two", salts, 401, "WEIR_SECRET"},
		"a fault":          {"two", salts, 500, "answered 500"},
		"stopping":         {"two", salts, 503, "answered 503"},
		"redirecting":      {"two", salts, 302, "answered 302"},
		"a corrupt bundle": {"corrupt", salts, 0, "content does not match its hash"},
		"corrupt salts":    {"one", `{"salts":"corrupt"}`, 0, "reading the salts"},
		"refused salts":    {"one", `{"corrupt":1}`, 0, "content does not match its hash"},
		"too much":         {strings.Repeat("x", maxBundle+1), salts, 0, "exceeds 16777216 bytes"},
		"too many salts":   {"one", strings.Repeat(" ", maxSalts) + salts, 0, "exceeds 65536 bytes"},
	} {
		b.log.Reset()
		h.set(c.bundle, c.salts, c.status)
		b.Once(t.Context())
		lines := strings.Count(b.log.String(), "\n")
		b.Once(t.Context())
		b.engine.has(t, "one", salts)
		if log := b.log.String(); !strings.Contains(log, c.want) || !strings.Contains(log, h.url) || strings.Count(log, "\n") != lines || strings.Contains(log, "xxxx") {
			t.Errorf("%s: log, %d lines at first:\n%s", name, lines, log)
		}
		h.set("one", salts, 0)
		b.Once(t.Context())
		if !strings.Contains(b.log.String(), "to be had again") {
			t.Errorf("%s: the end is not told:\n%s", name, b.log.String())
		}
	}
}

func TestTheNextHostAnswers(t *testing.T) {
	salts := days(time.Now(), "a")
	first, second := newHost(t, "one", salts), newHost(t, "two", salts)
	first.set("", "", 503)
	b := open("http://127.0.0.1:1", first.url, second.url)
	b.Once(t.Context())
	b.engine.has(t, "two", salts)
	first.set("one", salts, 0)
	b.Once(t.Context())
	b.engine.has(t, "one", salts)
	if strings.Contains(b.log.String(), "WARN") {
		t.Errorf("a host that answers is warned of:\n%s", b.log.String())
	}
}

// A salt that has ended goes from the edge's memory though no host answers, and
// those of a host that answers again are taken.
func TestSaltsEndWithoutAHost(t *testing.T) {
	day := time.Now()
	salts := days(day, "a", "b")
	h := newHost(t, "one", salts)
	b := open(h.url)
	b.Once(t.Context())
	secretOfA := b.held[0].Secret
	h.set("", "", 503)
	b.advance(h, 47*time.Hour)
	b.Once(t.Context())
	b.engine.has(t, "one", salts)
	b.advance(h, 2*time.Hour)
	b.Once(t.Context())
	b.engine.has(t, "one", days(day.AddDate(0, 0, 1), "b"))
	if !bytes.Equal(secretOfA, make([]byte, len(secretOfA))) || !strings.Contains(b.log.String(), "forgotten\" id=a") {
		t.Errorf("a is not forgotten: %q\n%s", secretOfA, b.log.String())
	}
	b.advance(h, 24*time.Hour)
	b.Once(t.Context())
	b.engine.has(t, "one", `{"salts":[]}`)
	if strings.Count(b.log.String(), "WARN") != 2 {
		t.Errorf("one outage is warned of more than once for each:\n%s", b.log.String())
	}
}

func TestRunAsksAgain(t *testing.T) {
	h := newHost(t, "one", days(time.Now(), "a"))
	b := open(h.url)
	b.cfg.Every = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	for _, want := range []string{"one", "two"} {
		h.set(want, days(time.Now(), "a"), 0)
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			b.engine.mu.Lock()
			got := b.engine.bundle
			b.engine.mu.Unlock()
			if got == want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the engine has %q, want %q", got, want)
			}
		}
	}
	cancel()
	<-done
	if strings.Contains(b.log.String(), "WARN") {
		t.Errorf("stopping is warned of:\n%s", b.log.String())
	}
}
