package http

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"weir/edge/signature"
	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/sinktest"
)

const secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func TestKind(t *testing.T) { sinktest.RunKind(t, "http") }

func TestSink(t *testing.T) {
	for _, body := range []string{"ndjson", "array", "event"} {
		t.Run(body, func(t *testing.T) { sinktest.Run(t, harness(body)) })
	}
}

func BenchmarkSink(b *testing.B) {
	for _, body := range []string{"ndjson", "event"} {
		b.Run(body, func(b *testing.B) { sinktest.Benchmark(b, harness(body)) })
	}
}

func harness(body string) sinktest.Harness {
	return sinktest.Harness{Ordered: true, Stateless: true, Start: func(t testing.TB) sinktest.Destination {
		r := newReceiver(t)
		d := sinktest.Destination{
			New:    func() sinks.Sink { return sink(t, Config{URL: sinks.Secret(r.url()), Secret: secret, Body: body}) },
			Stored: func(testing.TB) []sinktest.Stored { r.mu.Lock(); defer r.mu.Unlock(); return slices.Clone(r.stored) },
			Outage: r.outage,
			Forbid: func(testing.TB) { r.server.Close() },
		}
		if body == "event" { // else the receiver refuses a request as a whole
			d.Poison = func(t testing.TB, e sinks.Event) []sinks.Event {
				return append(sinktest.BrokenLines(t, e), sinktest.With(e, "user_id", "refused"))
			}
		}
		return d
	}}
}

// sink fills in what every test wants.
func sink(t testing.TB, c Config) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("http")
	full := kind.Config().(*Config)
	full.URL, full.Secret, full.Responses, full.Headers = c.URL, c.Secret, c.Responses, c.Headers
	full.Timeout = 30 * time.Second
	if c.Timeout != 0 {
		full.Timeout = c.Timeout
	}
	if c.Body != "" {
		full.Body = c.Body
	}
	if c.Format != "" {
		full.Format = c.Format
	}
	full.Private = []string{"127.0.0.0/8"}
	if c.Private != nil {
		full.Private = c.Private
	}
	full.Events, full.Bytes = 500, 8<<20
	s, err := kind.New(full, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

// receiver is a web server that verifies, judges and keeps what is posted.
type receiver struct {
	address string
	server  *httptest.Server

	mu     sync.Mutex
	stored []sinktest.Stored
	faults []string
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{}
	r.start(t, "127.0.0.1:0")
	t.Cleanup(func() {
		r.server.Close()
		for _, f := range r.faults {
			t.Errorf("receiver: %s", f)
		}
	})
	return r
}

func (r *receiver) start(t testing.TB, address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	r.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: r}}
	r.server.Start()
}

func (r *receiver) url() string { return "http://" + r.address + "/hook?token=canary" }

func (r *receiver) outage(t testing.TB, during func()) {
	r.server.CloseClientConnections()
	r.server.Close()
	during()
	r.start(t, r.address)
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // the sender gave up
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key, err := signature.ParseSecret(secret)
	if err == nil {
		err = signature.Verify([][]byte{key}, q.Header.Get("webhook-id"), q.Header.Get("webhook-timestamp"), q.Header.Get("webhook-signature"), body, time.Now())
	}
	if err != nil || q.Method != http.MethodPost || q.Header.Get("webhook-id") == "" {
		r.faults = append(r.faults, fmt.Sprintf("%s %s: %v", q.Method, q.URL.Path, err))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if bytes.Contains(body, []byte(`"user_id":"refused"`)) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	keep := func(object []byte) {
		r.stored = append(r.stored, sinktest.Stored{ID: gjson.GetBytes(object, "event_id").Str, Object: object})
	}
	if q.Header.Get("Content-Type") == "application/x-ndjson" {
		for line := range bytes.Lines(body) {
			keep(bytes.TrimSuffix(line, []byte{'\n'}))
		}
		return
	}
	if body[0] == '{' {
		keep(body)
		return
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		r.faults = append(r.faults, err.Error())
	}
	for _, object := range list {
		keep(object)
	}
}

// answering returns an open sink whose receiver gives one answer to everything.
func answering(t *testing.T, c Config, answer http.HandlerFunc) *Sink {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	c.URL = sinks.Secret(server.URL + "/hook?token=canary")
	s := sink(t, c)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

func TestResponses(t *testing.T) {
	rules := map[string]string{"409": "ok", "418": "permanent", "4xx": "retry", "201": "throttle"}
	for _, c := range []struct {
		status int
		rules  map[string]string
		want   outcome
	}{
		{200, nil, ok}, {202, nil, ok}, {204, nil, ok},
		{301, nil, retry}, {307, nil, retry}, {401, nil, retry}, {403, nil, retry}, {404, nil, retry}, {408, nil, retry}, {500, nil, retry}, {502, nil, retry},
		{400, nil, permanent}, {413, nil, permanent}, {415, nil, permanent}, {422, nil, permanent},
		{429, nil, throttle}, {503, nil, throttle},
		{409, rules, ok}, {418, rules, permanent}, {400, rules, retry}, {201, rules, throttle}, {200, rules, ok}, {503, rules, throttle},
	} {
		s := answering(t, Config{Responses: c.rules}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.status)
			io.WriteString(w, "canary")
		})
		err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 2)})
		wait, throttled := sinks.IsThrottled(err)
		got := retry
		switch {
		case err == nil:
			got = ok
		case sinks.IsPermanent(err):
			got = permanent
		case throttled:
			got = throttle
			if wait != 7*time.Second {
				t.Errorf("%d: the wait is %v", c.status, wait)
			}
		}
		if got != c.want {
			t.Errorf("%d means %s, want %s: %v", c.status, got, c.want, err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: the error tells too much: %v", c.status, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, "120": 2 * time.Minute, "999999999999": time.Hour,
		"Fri, 20 Nov 2026 23:00:30 GMT": 30 * time.Second, "Fri, 20 Nov 2026 22:00:00 GMT": 0, "Fri, 20 Nov 2099 22:00:00 GMT": time.Hour,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

// TestTroubleMidway: with one event a request, what was taken is not to be sent again.
func TestTroubleMidway(t *testing.T) {
	n := 0
	s := answering(t, Config{Body: "event"}, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n > 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 6)})
	var partial *sinks.BatchError
	if !errors.As(err, &partial) || len(partial.Failed) != 3 {
		t.Fatalf("Write gives %v", err)
	}
	for i, f := range partial.Failed {
		if f.Index != 3+i || f.Permanent {
			t.Errorf("failure %d is %+v", i, f)
		}
	}
	if n != 4 {
		t.Errorf("%d requests were sent, want 4", n)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere = true }))
	defer other.Close()
	s := answering(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 1)}); err == nil || elsewhere {
		t.Errorf("Write gives %v, followed: %t", err, elsewhere)
	}
}

// TestSlowReceiver and TestEndlessAnswer bound what a hostile receiver can cost.
func TestSlowReceiver(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := answering(t, Config{Timeout: 50 * time.Millisecond}, func(http.ResponseWriter, *http.Request) { <-release })
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 1)}); err == nil || sinks.IsPermanent(err) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Write gives %v", err)
	}
}

func TestEndlessAnswer(t *testing.T) {
	sent := make(chan int)
	s := answering(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		for n := 0; ; n++ {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil || n == 100 {
				sent <- n
				return
			}
		}
	})
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 1)}); err != nil {
		t.Errorf("Write gives %v", err)
	}
	if n := <-sent; n == 100 { // far beyond what sockets buffer
		t.Errorf("%d MiB of an answer were read", n)
	}
}

func TestHeadersAndIDs(t *testing.T) {
	var got []http.Header
	for _, body := range []string{"ndjson", "event"} {
		s := answering(t, Config{Body: body, Headers: map[string]sinks.Secret{"authorization": "Bearer x"}}, func(_ http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header)
		})
		if err := s.Write(t.Context(), sinks.Batch{ID: "the-batch", Events: sinktest.Events(1, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	e := sinktest.Events(1, 1)[0]
	for i, id := range []string{"the-batch", e.ID + "-" + e.Fingerprint} {
		if got[i].Get("Webhook-Id") != id || got[i].Get("Authorization") != "Bearer x" || got[i].Get("Webhook-Signature") != "" {
			t.Errorf("request %d has %v", i, got[i])
		}
	}
}

// TestTLS posts over https to a private address, checks the certificate, and
// refuses it when it is not to be trusted.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = nil
	defer server.Close()
	s := sink(t, Config{URL: sinks.Secret(server.URL)})
	if err := s.Check(t.Context()); err == nil {
		t.Error("Check trusts an unknown authority")
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	s.tls = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	s.tls.RootCAs = roots
	if err := errors.Join(s.Check(t.Context()), s.Open(t.Context()), s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 1)}), s.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestFormats: the body holds what the format makes of each event, and what it
// cannot spell is that event's failure.
func TestFormats(t *testing.T) {
	for _, c := range []struct{ format, body, contentType, join string }{
		{"envelope", "ndjson", "application/x-ndjson", "%s\n%s\n"}, {"flat", "array", "application/json", "[%s,%s]"},
		{"analytics", "ndjson", "application/x-ndjson", "%s\n%s\n"}, {"analytics", "array", "application/json", "[%s,%s]"},
		{"tsv", "ndjson", "text/tab-separated-values", "%s\n%s\n"}, {"tsv", "event", "text/tab-separated-values", "%s%s"}, {"flat", "event", "application/json", "%s%s"},
	} {
		var got []byte
		s := answering(t, Config{Format: c.format, Body: c.body}, func(_ http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			if err != nil || r.Header.Get("Content-Type") != c.contentType {
				t.Errorf("%s in %s is of type %s: %v", c.format, c.body, r.Header.Get("Content-Type"), err)
			}
			got = append(got, text...)
		})
		events := sinktest.Events(1, 2)
		bad := sinktest.With(events[0], "page_urlport", "443")
		if c.format == "envelope" {
			bad.Envelope = nil // the one thing that it cannot hold
		}
		err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: []sinks.Event{events[0], bad, events[1]}})
		var partial *sinks.BatchError
		if !errors.As(err, &partial) || len(partial.Failed) != 1 || partial.Failed[0].Index != 1 || !partial.Failed[0].Permanent {
			t.Errorf("%s in %s: Write gives %v", c.format, c.body, err)
		}
		f, err := format.New(c.format)
		if err != nil {
			t.Fatal(err)
		}
		var lines [2][]byte
		for i := range lines {
			if lines[i], err = f.Append(nil, events[i]); err != nil {
				t.Fatal(err)
			}
		}
		if want := fmt.Sprintf(c.join, lines[0], lines[1]); string(got) != want {
			t.Errorf("%s in %s is\n%s\nwant\n%s", c.format, c.body, got, want)
		}
	}
	kind, _ := sinks.Lookup("http")
	c := kind.Config().(*Config)
	c.URL, c.Body, c.Format = "https://hooks.example.com/", "array", "tsv"
	if err := c.Validate(); err == nil {
		t.Error("an array of TSV is valid")
	}
}

func TestCancelDoesNotBlame(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for _, body := range []string{"ndjson", "event"} {
		ctx, cancel := context.WithCancel(t.Context())
		s := answering(t, Config{Body: body}, func(http.ResponseWriter, *http.Request) { cancel(); <-release })
		if err := s.Write(ctx, sinks.Batch{ID: "b", Events: sinktest.Events(1, 2)}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Write gives %v", body, err)
		}
	}
}
