package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/edge/listen"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

const pageView = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"pv","p":"web","tv":"test-1","url":"https://shop.example/tea"}]}`

// batchHost takes batches as a host does, and counts them by id.
type batchHost struct {
	*httptest.Server
	batches sync.Map // of string to body
	taken   atomic.Int64
}

func newBatchHost(t *testing.T) *batchHost {
	t.Helper()
	secret, err := signature.ParseSecret(scriptSecret)
	if err != nil {
		t.Fatal(err)
	}
	h := new(batchHost)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/batches" {
			http.NotFound(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the edge was killed
		}
		id := r.Header.Get("webhook-id")
		if err := signature.Verify([][]byte{secret}, id, r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), body, time.Now()); err != nil {
			t.Error(err)
		}
		if _, known := h.batches.Swap(id, string(body)); !known {
			h.taken.Add(1)
		}
		fmt.Fprintf(w, `{"batch":%q,"events":1,"duplicate":false}`, id)
	}))
	t.Cleanup(h.Close)
	return h
}

// edgeProcess is weir edge as users run it.
type edgeProcess struct {
	cmd *exec.Cmd
	url string

	mu  sync.Mutex
	log strings.Builder
}

func startEdgeProcess(t *testing.T, host string, args ...string) *edgeProcess {
	t.Helper()
	e := &edgeProcess{cmd: exec.Command("weir", append([]string{"edge", "--listen", "127.0.0.1:0"}, args...)...)}
	e.cmd.Env = append(os.Environ(), "WEIR_HOST="+host, "WEIR_SECRET="+scriptSecret, "WEIR_CACHE="+need.Cache())
	stderr, err := e.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.cmd.Process.Kill() }) // it may have ended
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			e.mu.Lock()
			e.log.WriteString(lines.Text() + "\n")
			e.mu.Unlock()
		}
	}()
	e.url = "http://" + e.said(t, `edge is listening" address=(\S+)`)
	return e
}

// said waits for a line of the log and returns what the pattern captures.
func (e *edgeProcess) said(t *testing.T, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) { // between polls
		e.mu.Lock()
		log := e.log.String()
		e.mu.Unlock()
		if m := want.FindStringSubmatch(log); m != nil {
			return m[len(m)-1]
		}
		if time.Now().After(deadline) {
			t.Fatalf("the edge never said %s:\n%s", pattern, log)
		}
	}
}

// hangUp signals, and waits until the edge has said so many lines like pattern.
func (e *edgeProcess) hangUp(t *testing.T, pattern string, times int) {
	t.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	e.said(t, fmt.Sprintf(`(?s)(%s.*){%d}`, pattern, times))
}

// Settings are exchanged under load without a request that fails, and settings
// with a fault change nothing. SIGTERM loses nothing that was acknowledged.
func TestEdgeReloads(t *testing.T) {
	for _, engine := range []engineName{engineWasm, engineNative} {
		t.Run(string(engine), func(t *testing.T) {
			if engine == engineWasm {
				need.Tool(t, "edge.wasm")
			}
			need.Tool(t, "default.bundle")
			settings := filepath.Join(t.TempDir(), "settings.json")
			write := func(text string) {
				if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(`{"root":{"status":200,"body":"0"}}`)
			host := newBatchHost(t)
			e := startEdgeProcess(t, host.URL, "--engine", string(engine), "--settings", settings)
			inForce := func() string {
				t.Helper()
				_, body := get(t, e.url+"/")
				return body
			}
			if got := inForce(); got != "0" {
				t.Fatalf("GET / is answered %q", got)
			}

			var acknowledged atomic.Int64
			stop := make(chan struct{})
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						resp, err := http.Post(e.url+"/com.snowplowanalytics.snowplow/tp2", "application/json", strings.NewReader(pageView))
						if err != nil {
							t.Error(err)
							return
						}
						resp.Body.Close()
						if resp.StatusCode != http.StatusOK {
							t.Errorf("an event was answered %s", resp.Status)
						}
						acknowledged.Add(1)
					}
				})
			}
			for n := 1; n <= 5; n++ {
				write(fmt.Sprintf(`{"root":{"status":200,"body":"%d"}}`, n))
				e.hangUp(t, "settings and schemas were read again", n)
				if got := inForce(); got != fmt.Sprint(n) {
					t.Errorf("after the signal GET / is answered %q, want %d", got, n)
				}
			}
			for n, fault := range []string{`{"root":{"status":200,"body":"bad"},"nonsense":1}`, `{`} {
				write(fault)
				e.hangUp(t, "cannot be used; those before stay", n+1)
				if got := inForce(); got != "5" {
					t.Errorf("settings with a fault are in force: GET / is answered %q", got)
				}
			}
			e.said(t, `nonsense`)
			close(stop)
			group.Wait()
			if n := acknowledged.Load(); n == 0 || n != host.taken.Load() {
				t.Errorf("%d events acknowledged, the host has %d", n, host.taken.Load())
			}
			if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := e.cmd.Wait(); err != nil {
				t.Errorf("the edge after SIGTERM: %v", err)
			}
		})
	}
}

// Behind a proxy that speaks the PROXY protocol, with TLS: whose event it is
// says the proxy, and nobody's header besides.
func TestEdgeBehindAProxy(t *testing.T) {
	need.Tool(t, "default.bundle")
	host := newBatchHost(t)
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS() // for its certificate
	cert.Close()
	proxies, err := listen.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := signature.ParseSecret(scriptSecret)
	if err != nil {
		t.Fatal(err)
	}
	e, err := startEdge(t.Context(), edgeOptions{listen: "127.0.0.1:0", engine: engineNative, hosts: []string{host.URL}, secret: secret,
		proxies: proxies, proxyProtocol: true, connections: 16, log: slog.New(slog.DiscardHandler),
		tls: &tls.Config{Certificates: cert.TLS.Certificates}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.server.Close() })

	raw, err := net.Dial("tcp", e.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	io.WriteString(raw, "PROXY TCP4 203.0.113.77 192.0.2.1 4711 443\r\n")
	conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	fmt.Fprintf(conn, "POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\nHost: edge.example\r\nX-Forwarded-For: 198.51.100.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		len(pageView), pageView)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Errorf("answer %s", answer.Status)
	}
	host.batches.Range(func(_, body any) bool {
		b, err := envelope.NewReader([]byte(body.(string))).Next()
		if err != nil || !bytes.Contains(b.Frame, []byte(`"user_ipaddress":"203.0.113.0"`)) {
			t.Errorf("the event is not the client's: %v\n%s", err, body)
		}
		return true
	})
	if host.taken.Load() != 1 {
		t.Errorf("%d batches", host.taken.Load())
	}
}
