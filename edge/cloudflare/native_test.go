package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/forward"
	"weir/edge/protocol/all"
	edge "weir/edge/serve"
	"weir/edge/toolchain/need"
)

// The native edge and the Worker read HTTP with different servers. What a
// tracker sends, down to its bytes, must still come to the same answer and the
// same batch.
func TestTheNativeEdgeAndWorkerdAgree(t *testing.T) {
	const (
		ok     = "HTTP 200"
		absent = "HTTP 404"
	)
	get := func(target string, headers ...string) string {
		return "GET " + target + " HTTP/1.1\r\n" + strings.Join(append(headers, ""), "\r\n")
	}
	send := func(body string, headers ...string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nContent-Length: %d\r\n%s\r\n%s", tp2, len(body), strings.Join(append(headers, ""), "\r\n"), body)
	}
	json := "Content-Type: application/json"
	cases := []struct {
		name, request string
		want          string // in the answer or the batch
	}{
		{"Content-Type twice", send(pageView, json, json), `"failed":0`},
		{"Content-Type in two minds", send(pageView, json, "Content-Type: text/plain"), `"failed":1`},
		{"Content-Type with parameters", send(pageView, json+"; charset=utf-8; x=y"), `"failed":1`},
		{"Content-Encoding twice", send(pageView, json, "Content-Encoding: identity", "Content-Encoding: identity"), `"failed":0`},
		{"Content-Encoding in two minds", send(pageView, json, "Content-Encoding: identity", "Content-Encoding: gzip"), `"failed":1`},
		{"Origin twice", get("/i?e=pv&p=web&tv=x", "Origin: https://a.example", "Origin: https://a.example"), "Access-Control-Allow-Origin: https://a.example\n"},
		{"Origin in two minds", get("/i?e=pv&p=web&tv=x", "Origin: https://a.example", "Origin: https://b.example"), "Access-Control-Allow-Origin: *"},
		{"Origin with a list", get("/i?e=pv&p=web&tv=x", "Origin: https://a.example https://b.example"), "Access-Control-Allow-Origin: https://a.example\n"},
		{"Origin beyond ASCII", get("/i?e=pv&p=web&tv=x", "Origin: https://é.example"), "Access-Control-Allow-Origin: *"},
		{"Origin in Latin-1", get("/i?e=pv&p=web&tv=x", "Origin: https://a\xe9.example"), "Access-Control-Allow-Origin: *"},
		{"Origin with credentials", get("/i?e=pv&p=web&tv=x", "Origin: https://u:p@a.example"), "Access-Control-Allow-Origin: *"},
		{"Referer twice", get("/i?e=pv&p=web&tv=x", "Referer: https://a.example/", "Referer: https://b.example/"), `"page_url":"https://a.example/, https://b.example/"`},
		{"Cookie twice", get("/i?e=pv&p=web&tv=x", "Cookie: a=b", "Cookie: sp=8f14e45f-ceea-4e7a-9b1c-0123456789ab"), "Set-Cookie: sp=8f14e45f-ceea-4e7a-9b1c-0123456789ab;"},
		{"Cookie in quotes", get("/i?e=pv&p=web&tv=x", `Cookie: sp="8f14e45f-ceea-4e7a-9b1c-0123456789ab"`), "Set-Cookie: sp=8f14e45f-ceea-4e7a-9b1c-0123456789ab;"},
		{"User-Agent beyond ASCII", get("/i?e=pv&p=web&tv=x", "User-Agent: café 中"), "café 中"},
		{"SP-Anonymous without a value", get("/i?e=pv&p=web&tv=x", "SP-Anonymous:"), `"failed":0`},
		{"fragment", get("/i?e=pv&p=web&tv=x&page=a#b"), `"page_title":"a"`},
		{"fragment in the path", get("/i#x?e=pv&page=a"), `"failed":1`},
		{"absolute form", get("http://other.example/i?e=pv&p=web&tv=x&page=a#b"), `"page_title":"a"`},
		{"absolute form without a path", get("http://other.example?e=pv"), "HTTP 302"},
		{"two question marks", get("/i??e=pv"), `"failed":1`},
		{"escapes", get("/i?e=pv&p=web&tv=x&page=%22%zz%4%09"), ok},
		{"escaped path", get("/%69?e=pv"), absent},
		{"empty segment", get("//i?e=pv"), absent},
		{"slash at the end", get("/i/?e=pv&p=web&tv=x"), `"failed":0`},
		{"UTF-8 in the query", get("/i?e=pv&p=web&tv=x&page=café"), `"page_title":"café"`},
		{"long query", get("/i?e=pv&p=web&tv=x&page=" + strings.Repeat("a", 20_000)), ok},
		{"OPTIONS", "OPTIONS " + tp2 + " HTTP/1.1\r\nOrigin: https://a.example\r\n", "Access-Control-Allow-Headers: Authorization, Content-Type, Prefer, SP-Anonymous, X-Weir-Key"},
		{"OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nOrigin: https://a.example\r\n", "Access-Control-Allow-Headers: Authorization, Content-Type, Prefer, SP-Anonymous, X-Weir-Key"},
		{"HEAD", "HEAD /i?e=pv&p=web&tv=x HTTP/1.1\r\n", `"failed":0`},
		{"PUT", "PUT " + tp2 + " HTTP/1.1\r\nContent-Length: 0\r\n", absent},
		{"POST of nothing", send("", json), `"failed":1`},
		{"POST of a query", "POST " + tp2 + "?e=pv&p=web&tv=a HTTP/1.1\r\nContent-Length: 0\r\n", `"failed":0`},
		{"chunks", fmt.Sprintf("POST %s HTTP/1.1\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", tp2, json, len(pageView), pageView), `"failed":0`},
		{"body that is not UTF-8", send("{\"schema\":\"\xff\"}", json), `"failed":1`},
		{"body over the limit", send(strings.Repeat("x", 1<<20+5), json), `size_violation`},
		{"redirect", get("/r/tp2?u=https://a.example"), absent},
		{"root", get("/"), "Location: https://www.example.org/\n"},
		{"health", "HEAD /health HTTP/1.1\r\n", ok},
	}
	url, batches := host(t)
	const settings = `{"root":{"status":302,"headers":{"Location":"https://www.example.org/"},"body":"moved"}}`
	workerd, native := strings.TrimPrefix(worker(t, url, settings), "http://"), nativeEdge(t, url, settings)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]string{}
			for name, addr := range map[string]string{"native": native, "workerd": workerd} {
				got[name] = exchange(t, addr, c.request, batches)
				if !strings.Contains(got[name], c.want) {
					t.Errorf("%s gives no %q:\n%.2000s", name, c.want, got[name])
				}
			}
			if got["native"] != got["workerd"] {
				t.Errorf("native gives\n%.2000s\nand workerd\n%.2000s", got["native"], got["workerd"])
			}
		})
	}
	need.Ran(t, "native", "workerd")
}

// What workerd answers before the Worker is asked; edge/README.md names it.
func TestWorkerdRefusesSomeRequestsItself(t *testing.T) {
	url, batches := host(t)
	workerd, native := strings.TrimPrefix(worker(t, url, ""), "http://"), nativeEdge(t, url, "")
	for _, c := range []struct{ request, native, workerd string }{
		{"GET /i?e=pv&p=web&tv=x&page=a\xffb HTTP/1.1\r\n", "HTTP 200", "HTTP 400"},
		{"GET /i?e=pv&p=web&tv=x&page={\"a\"|} HTTP/1.1\r\n", "HTTP 200", "HTTP 400"},
		{"TRACK /i?e=pv&p=web&tv=x HTTP/1.1\r\n", "HTTP 404", "HTTP 501"},
	} {
		if got := exchange(t, native, c.request, batches); !strings.HasPrefix(got, c.native) {
			t.Errorf("native answers %q, want %s: %.300s", c.request, c.native, got)
		}
		if got := exchange(t, workerd, c.request, batches); !strings.HasPrefix(got, c.workerd) {
			t.Errorf("workerd answers %q, want %s: %.300s", c.request, c.workerd, got)
		}
	}
}

// nativeEdge serves the collector compiled into this program and returns its address.
func nativeEdge(t *testing.T, host, settings string) string {
	t.Helper()
	bundle, err := os.ReadFile(need.Tool(t, "default.bundle"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := edge.NewNative(func() (*collector.Collector, error) {
		return collector.New([]byte(settings), bundle, all.Adapters()...)
	})
	if err != nil {
		t.Fatal(err)
	}
	forwarder, err := forward.New(forward.Config{Hosts: []string{host}, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := edge.New(edge.Config{
		Engine: engine, Forward: forwarder, Log: slog.New(slog.DiscardHandler),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Config = edge.NewServer(handler)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

var (
	anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|Expires=[^;]*`)
)

// exchange sends a request of which only the host and the client's address are
// missing, and returns the answer and the batch without what is never the same twice.
func exchange(t *testing.T, addr, request string, batches chan string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, rest, _ := strings.Cut(request, "\r\n")
	if !strings.Contains(rest, "\r\n\r\n") {
		rest += "\r\n"
	}
	fmt.Fprintf(c, "%s\r\nHost: edge.example\r\nX-Forwarded-For: 192.0.2.81\r\nCF-Connecting-IP: 192.0.2.81\r\n%s", line, rest)
	method, _, _ := strings.Cut(line, " ")
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d ", resp.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		switch name {
		case "Date", "Content-Length", "Connection":
			continue // the server's own
		}
		for _, value := range resp.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "%q\n", body)
	// The host has taken the batch before the answer was sent.
	for len(batches) > 0 {
		b.WriteString(<-batches)
	}
	drawn := anyUUID.ReplaceAllStringFunc(b.String(), func(id string) string {
		if strings.Contains(request, id) {
			return id
		}
		return "UUID"
	})
	return anyTime.ReplaceAllString(drawn, "TIME")
}
