package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"weir/edge/cloudflare/workerdtest"
	"weir/edge/toolchain/need"
)

// edgeKind is a runtime of the edge.
type edgeKind struct {
	name string
	// start runs it, pointed at a host, and returns the URL for trackers.
	start func(t testing.TB, host string) string
}

// edges are the runtimes that the whole system is tested with.
var edges = []edgeKind{
	{"workerd", startWorkerd},
	{"wazero", startWazero},
}

// visitor is the address that the CDN sees trackers come from: one of the
// documentation's own, RFC 5737.
const visitor = "203.0.113.77"

// startWorkerd runs the Worker on the runtime that Cloudflare runs it on.
func startWorkerd(t testing.TB, host string) string {
	worker := workerdtest.Start(t, workerdtest.Config{Bindings: map[string]string{"WEIR_SECRET": secret, "WEIR_HOST": host}})
	return cdn(t, worker)
}

// startWazero runs weir edge.
func startWazero(t testing.TB, host string) string { return startWeirEdge(t, host) }

// startWeirEdge runs weir edge with further flags.
func startWeirEdge(t testing.TB, host string, flags ...string) string {
	need.Tool(t, "edge.wasm")
	need.Tool(t, "default.bundle")
	address := freeAddress(t)
	p := launch(t, "edge", []string{"WEIR_SECRET=" + secret, "WEIR_HOST=" + host, "WEIR_CACHE=" + need.Cache()},
		weir(t), append([]string{"edge", "--listen", address, "--trust-proxy", "127.0.0.0/8"}, flags...)...)
	answers(t, p, "http://"+address+"/health")
	return cdn(t, "http://"+address)
}

// cdn stands where a CDN's own front stands: it tells the edge the client's
// address in a header that a client cannot reach past it.
func cdn(t testing.TB, edge string) string {
	target, err := url.Parse(edge)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header.Set("CF-Connecting-IP", visitor)
			r.Out.Header.Set("X-Forwarded-For", visitor)
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			t.Logf("the edge broke off %s %s: %v", r.Method, r.URL.Path, err)
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	t.Cleanup(front.Close)
	return front.URL
}

// hostPort splits a URL as trackers want it configured.
func hostPort(t testing.TB, raw string) (host, port string) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if host, port, err = net.SplitHostPort(u.Host); err != nil {
		t.Fatal(err)
	}
	return host, port
}
