package doctor_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/forward"
	"weir/edge/protocol/all"
	"weir/edge/serve"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
	"weir/host"
	"weir/host/config"
	"weir/host/doctor"
	"weir/sinks"
	_ "weir/sinks/all"
)

const (
	right = "whsec_d2VpciBlbmQgdG8gZW5kIHRlc3RzLCBub3QgYSBzZWM="
	wrong = "whsec_dGhpcnR5LXR3byBieXRlcyB0aGF0IGFyZSBzZWNyZXQ="
	token = "an operator's token"
)

var quiet = slog.New(slog.DiscardHandler)

// system is a real host, and what is needed to put edges before it.
type system struct {
	host   *host.Host
	stop   func()
	public string
	admin  string
}

func startHost(t *testing.T) *system {
	t.Helper()
	cfg := config.Default()
	cfg.DataDir = t.TempDir()
	cfg.Public.Listen, cfg.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Admin.Token = token
	cfg.Edge.Secrets = []sinks.Secret{right}
	h, err := host.New(cfg, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	<-h.Ready()
	s := &system{host: h, public: "http://" + h.PublicAddr(), admin: "http://" + h.AdminAddr()}
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

func key(t *testing.T, secret string) []byte {
	t.Helper()
	k, err := signature.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// edge is a real edge that sends to hosts.
func edge(t *testing.T, secret string, settings string, hosts ...string) http.Handler {
	t.Helper()
	bundle, err := os.ReadFile(need.Tool(t, "default.bundle"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := serve.NewNative(func() (*collector.Collector, error) {
		return collector.New([]byte(settings), bundle, all.Adapters()...)
	})
	if err != nil {
		t.Fatal(err)
	}
	forwarder, err := forward.New(forward.Config{Hosts: hosts, Secret: key(t, secret)})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := serve.New(serve.Config{Engine: engine, Forward: forwarder, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// through is something between trackers and an edge that meddles with answers.
func through(t *testing.T, edge string, meddle func(*http.Response)) string {
	t.Helper()
	to, err := url.Parse(edge)
	if err != nil {
		t.Fatal(err)
	}
	return listen(t, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(r *http.Response) error {
			meddle(r)
			return nil
		},
	})
}

// examine runs the doctor with all that is to be known about s.
func (s *system) examine(t *testing.T, edge string, change func(*doctor.Config)) *doctor.Report {
	t.Helper()
	cfg := doctor.Config{Edge: edge, Host: s.public, Admin: s.admin, Token: token, Secret: key(t, right), Wait: 20 * time.Second}
	if change != nil {
		change(&cfg)
	}
	report, err := doctor.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// find returns the check of a name, the last one.
func find(t *testing.T, r *doctor.Report, name string) doctor.Check {
	t.Helper()
	var found doctor.Check
	for _, c := range r.Checks {
		if c.Name == name {
			found = c
		}
	}
	if found.Name == "" {
		t.Fatalf("there is no check %q in %s", name, text(r))
	}
	return found
}

func text(r *doctor.Report) string {
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

// wants holds that a check found what it should, and says what to do.
func wants(t *testing.T, r *doctor.Report, name string, status doctor.Status, says, fix string) {
	t.Helper()
	c := find(t, r, name)
	if c.Status != status || !strings.Contains(c.Detail, says) || !strings.Contains(c.Fix, fix) {
		t.Errorf("%s: %+v, want %s that says %q and to fix %q\n%s", name, c, status, says, fix, text(r))
	}
}

func TestAHealthySystem(t *testing.T) {
	s := startHost(t)
	r := s.examine(t, listen(t, edge(t, right, `{"cookie":{"secure":false,"same_site":"Lax"}}`, s.public)), nil)
	for _, c := range r.Checks {
		if c.Status != doctor.OK {
			t.Errorf("%+v", c)
		}
	}
	for _, name := range []string{"dns", "tls", "edge", "preflight", "host", "secret", "clocks", "admin", "event", "cors", "cookie", "round trip", "schemas"} {
		find(t, r, name)
	}
	if r.Failed() != 0 {
		t.Errorf("%d failures", r.Failed())
	}
}

func TestWithoutAHost(t *testing.T) {
	s := startHost(t)
	r := s.examine(t, listen(t, edge(t, right, "", s.public)), func(c *doctor.Config) { c.Host, c.Admin, c.Secret = "", "", nil })
	wants(t, r, "event", doctor.OK, "200", "")
	wants(t, r, "host", doctor.Skip, "--host", "")
	wants(t, r, "admin", doctor.Skip, "--admin", "")
	if r.Failed() != 0 {
		t.Error(text(r))
	}
}

func TestSecretsThatDiffer(t *testing.T) {
	s := startHost(t)
	t.Run("at the edge", func(t *testing.T) {
		r := s.examine(t, listen(t, edge(t, wrong, "", s.public)), nil)
		wants(t, r, "secret", doctor.OK, "", "")
		wants(t, r, "event", doctor.Fail, "the edge's secret is not the host's", "WEIR_SECRET")
	})
	t.Run("at the doctor's", func(t *testing.T) {
		r := s.examine(t, listen(t, edge(t, right, "", s.public)), func(c *doctor.Config) { c.Secret = key(t, wrong) })
		wants(t, r, "secret", doctor.Fail, "not one of its secrets", "edge.secrets")
		wants(t, r, "event", doctor.OK, "", "")
	})
}

func TestAHostThatIsDown(t *testing.T) {
	s := startHost(t)
	e := listen(t, edge(t, right, "", s.public))
	s.stop()
	r := s.examine(t, e, nil)
	wants(t, r, "host", doctor.Fail, "refused", "weir host runs")
	wants(t, r, "admin", doctor.Fail, "refused", "--admin")
	wants(t, r, "event", doctor.Fail, "503", "mend the host first")
}

// The edge sends to another host than the one that is asked.
func TestTheWrongHost(t *testing.T) {
	s, other := startHost(t), startHost(t)
	r := s.examine(t, listen(t, edge(t, right, "", other.public)), func(c *doctor.Config) { c.Wait = 200 * time.Millisecond })
	wants(t, r, "round trip", doctor.Fail, "has not stored", "WEIR_HOST")
	// And to nobody at all.
	nobody := httptest.NewServer(nil)
	nobody.Close()
	r = s.examine(t, listen(t, edge(t, right, "", nobody.URL)), nil)
	wants(t, r, "event", doctor.Fail, "503", "set the edge's WEIR_HOST to "+s.public)
}

func TestAdminTokens(t *testing.T) {
	s := startHost(t)
	r := s.examine(t, listen(t, edge(t, right, "", s.public)), func(c *doctor.Config) { c.Token = "guessed" })
	wants(t, r, "admin", doctor.Fail, "401", "WEIR_ADMIN_TOKEN")
	r = s.examine(t, listen(t, edge(t, right, "", s.public)), func(c *doctor.Config) { c.Version = "v9" })
	wants(t, r, "admin", doctor.Warn, "this is v9", "one version")
}

func TestClocks(t *testing.T) {
	s := startHost(t)
	direct := listen(t, edge(t, right, "", s.public))
	dated := func(off time.Duration) string {
		return through(t, direct, func(r *http.Response) {
			r.Header.Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		})
	}
	wants(t, s.examine(t, dated(-10*time.Minute), nil), "clocks", doctor.Fail, "the edge's clock and the host's are 10m", "NTP")
	wants(t, s.examine(t, dated(time.Minute), nil), "clocks", doctor.Warn, "apart", "NTP")
	alone := func(c *doctor.Config) { c.Host, c.Admin = "", "" }
	wants(t, s.examine(t, dated(time.Hour), alone), "clocks", doctor.Fail, "this machine's are", "NTP")
	// This machine's own is wrong: edge and host agree, and its signatures are refused.
	r := s.examine(t, direct, func(c *doctor.Config) { c.Now = func() time.Time { return time.Now().Add(20 * time.Minute) } })
	wants(t, r, "clocks", doctor.Warn, "this machine's is", "this machine's clock")
	wants(t, r, "secret", doctor.Fail, "apart", "clock")
}

func TestMeddlers(t *testing.T) {
	s := startHost(t)
	direct := listen(t, edge(t, right, "", s.public))
	for name, c := range map[string]struct {
		meddle      func(http.Header)
		check       string
		status      doctor.Status
		detail, fix string
	}{
		"no origin":      {func(h http.Header) { h.Del("Access-Control-Allow-Origin") }, "preflight", doctor.Fail, "no Access-Control-Allow-Origin", "OPTIONS"},
		"any origin":     {func(h http.Header) { h.Set("Access-Control-Allow-Origin", "*") }, "cors", doctor.Fail, "is *", "Access-Control"},
		"no credentials": {func(h http.Header) { h.Del("Access-Control-Allow-Credentials") }, "cors", doctor.Fail, "Credentials", "Access-Control"},
		"no headers":     {func(h http.Header) { h.Del("Access-Control-Allow-Headers") }, "preflight", doctor.Fail, "without Content-Type", "OPTIONS"},
		"no cookie":      {func(h http.Header) { h.Del("Set-Cookie") }, "cookie", doctor.Warn, "sets none", "Set-Cookie"},
		"open cookie":    {func(h http.Header) { h.Set("Set-Cookie", "sp=x; SameSite=None") }, "cookie", doctor.Fail, "without Secure", "settings"},
		"alien cookie":   {func(h http.Header) { h.Set("Set-Cookie", "sp=x; Domain=example.com; Secure") }, "cookie", doctor.Fail, "browsers refuse it", "cookie.domains"},
		"eternal cookie": {func(h http.Header) { h.Set("Set-Cookie", "sp=x; Max-Age=99999999; Secure") }, "cookie", doctor.Fail, "400 days", "settings"},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.examine(t, through(t, direct, func(r *http.Response) { c.meddle(r.Header) }), nil)
			wants(t, r, c.check, c.status, c.detail, c.fix)
		})
	}
}

func TestVerdicts(t *testing.T) {
	s := startHost(t)
	e := listen(t, edge(t, right, "", s.public))
	r := s.examine(t, e, func(c *doctor.Config) {
		c.Schema, c.Data = "iglu:com.example/product_view/jsonschema/1-0-0", `{"sku":"tea"}`
	})
	wants(t, r, "round trip", doctor.Fail, "/unstruct_event/data/sku pattern", "bundle")
	r = s.examine(t, e, func(c *doctor.Config) { c.Schema, c.Data = "iglu:org.unheard/of/jsonschema/1-0-0", `{}` })
	wants(t, r, "round trip", doctor.Fail, "verdict is", "iglu:org.unheard/of")
	r = s.examine(t, e, func(c *doctor.Config) { c.Path = "/unheard/of/path" })
	wants(t, r, "event", doctor.Fail, "404", "path")
}

func TestSomethingElse(t *testing.T) {
	s := startHost(t)
	r := s.examine(t, listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>") })), nil)
	wants(t, r, "edge", doctor.Fail, "200", "something else than weir")
	nobody := httptest.NewServer(nil)
	nobody.Close()
	wants(t, s.examine(t, nobody.URL, nil), "edge", doctor.Fail, "refused", "edge runs")
	wants(t, s.examine(t, "http://no.such.name.invalid", nil), "dns", doctor.Fail, "no.such.name.invalid", "record")
	if _, err := doctor.Run(t.Context(), doctor.Config{Edge: "events.example.com"}); err == nil || !strings.Contains(err.Error(), "base URL") {
		t.Errorf("no URL: %v", err)
	}
}

func TestTLS(t *testing.T) {
	s := startHost(t)
	server := httptest.NewUnstartedServer(edge(t, right, "", s.public))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	wants(t, s.examine(t, server.URL, nil), "tls", doctor.Fail, "unknown authority", "chain")

	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	trusting := func(now func() time.Time) func(*doctor.Config) {
		return func(c *doctor.Config) {
			c.Now = now
			c.Client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Time: now}}}
		}
	}
	r := s.examine(t, server.URL, trusting(time.Now))
	wants(t, r, "tls", doctor.OK, "TLS 1.3", "")
	wants(t, r, "cookie", doctor.OK, "sp", "")
	end := server.Certificate().NotAfter
	wants(t, s.examine(t, server.URL, trusting(func() time.Time { return end.Add(-time.Hour) })), "tls", doctor.Warn, "0 more days", "renewed")
	wants(t, s.examine(t, server.URL, trusting(func() time.Time { return end.Add(time.Hour) })), "tls", doctor.Fail, "expired", "in force")
}
