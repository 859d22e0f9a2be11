package forward

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/signature"
)

const batchID = "01935f1e-0000-7000-8000-000000000001"

// host answers like a weir host: it verifies the signature and names the batch.
func host(t *testing.T, secret []byte) *httptest.Server {
	t.Helper()
	return server(t, taking(t, secret))
}

func taking(t *testing.T, secret []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h := r.Header
		if signature.Verify([][]byte{secret}, h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body, time.Now()) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path != "/v1/batches" || r.Method != "POST" || h.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%s %s with Content-Type %q", r.Method, r.URL.Path, h.Get("Content-Type"))
		}
		if _, sent := h["Idempotency-Key"]; sent {
			t.Error("Idempotency-Key was sent")
		}
		io.WriteString(w, `{"batch":"`+h.Get("webhook-id")+`","events":1,"duplicate":false}`)
	}
}

func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// halfOpen accepts connections and never says a word.
func halfOpen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "http://" + l.Addr().String()
}

// refused is an address that nothing listens on.
func refused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func secret() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

func forwarder(t *testing.T, cfg Config) *Forwarder {
	t.Helper()
	if cfg.TryTimeout == 0 {
		cfg.TryTimeout = 200 * time.Millisecond
	}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.client.CloseIdleConnections)
	return f
}

// Whatever is wrong with the first host, the second takes the batch.
func TestTheNextHostIsTried(t *testing.T) {
	key := secret()
	status := func(code int) string {
		return server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }).URL
	}
	for name, first := range map[string]string{
		"none":        "",
		"refused":     refused(t),
		"half open":   halfOpen(t),
		"500":         status(500),
		"503":         status(503),
		"401":         host(t, secret()).URL,
		"redirects":   server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", 307) }).URL,
		"another 200": server(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "welcome") }).URL,
		"another id":  server(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"batch":"else"}`) }).URL,
		"stalls in its answer": server(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"batch":"`+batchID+`"`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}).URL,
	} {
		t.Run(name, func(t *testing.T) {
			hosts := []string{host(t, key).URL + "/"}
			if first != "" {
				hosts = append([]string{first}, hosts...)
			}
			f := forwarder(t, Config{Hosts: hosts, Secret: key, Deadline: 10 * time.Second})
			if err := f.Forward(t.Context(), batchID, []byte("{}\n")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusedByAll(t *testing.T) {
	dead := refused(t)
	failing := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	stranger := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	f := forwarder(t, Config{Hosts: []string{dead, failing.URL, stranger.URL}, Secret: secret(), Deadline: 10 * time.Second})
	err := f.Forward(t.Context(), batchID, []byte("{}\n"))
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error = %v, want an *Error", err)
	}
	if len(refusal.Tries) != 3 || refusal.Tries[0].Err == nil || refusal.Tries[1].Status != 500 {
		t.Errorf("tries = %+v", refusal.Tries)
	}
	for _, want := range []string{batchID, dead, failing.URL, "answered 500", "answered 401 (is WEIR_SECRET the host's? are the clocks right?)"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
}

// A row of silent hosts costs no more than the deadline: hosts beyond it are not tried.
func TestTheDeadlineBoundsTheLadder(t *testing.T) {
	var reached atomic.Bool
	last := server(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	f := forwarder(t, Config{
		Hosts: []string{halfOpen(t), halfOpen(t), last.URL}, Secret: secret(),
		TryTimeout: 50 * time.Millisecond, Deadline: 75 * time.Millisecond,
	})
	err := f.Forward(t.Context(), batchID, nil)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want %v", err, context.DeadlineExceeded)
	}
	if reached.Load() {
		t.Error("a host beyond the deadline was tried")
	}
}

// A host that closes kept-alive connections is asked again rather than given up.
func TestADeadConnectionIsReplaced(t *testing.T) {
	key := secret()
	h := host(t, key)
	f := forwarder(t, Config{Hosts: []string{h.URL}, Secret: key})
	for range 20 {
		if err := f.Forward(t.Context(), batchID, []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
		h.CloseClientConnections()
	}
}

func TestConnectionsAreKept(t *testing.T) {
	key := secret()
	var opened atomic.Int32
	h := httptest.NewUnstartedServer(taking(t, key))
	h.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	h.Start()
	t.Cleanup(h.Close)
	f := forwarder(t, Config{Hosts: []string{h.URL}, Secret: key})
	for range 10 {
		if err := f.Forward(t.Context(), batchID, []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n > 1 {
		t.Errorf("%d connections were opened for ten batches", n)
	}
}

func TestFaultyConfigurations(t *testing.T) {
	key := secret()
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"no host":     {Config{Secret: key}, "WEIR_HOST"},
		"no secret":   {Config{Hosts: []string{"https://host.example"}}, "WEIR_SECRET"},
		"no scheme":   {Config{Secret: key, Hosts: []string{"host.example:443"}}, `"host.example:443"`},
		"user":        {Config{Secret: key, Hosts: []string{"https://u:p@host.example"}}, "base URL"},
		"query":       {Config{Secret: key, Hosts: []string{"https://host.example/?a"}}, "base URL"},
		"password":    {Config{Secret: key, Hosts: []string{"https://u:hidden@host.example"}}, "u:xxxxx@"},
		"not a URL":   {Config{Secret: key, Hosts: []string{"https://a.example", "http://[::1"}}, "host 2 of 2"},
		"second host": {Config{Secret: key, Hosts: []string{"https://a.example", "ftp://b.example"}}, "ftp://b.example"},
	} {
		if _, err := New(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error = %v, want one that names %s", name, err, c.want)
		}
	}
}

func TestParseHosts(t *testing.T) {
	got := ParseHosts(" https://a.example, ,https://b.example,")
	if len(got) != 2 || got[0] != "https://a.example" || got[1] != "https://b.example" {
		t.Errorf("hosts = %q", got)
	}
}
