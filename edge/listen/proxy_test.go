package listen

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
)

// serveProxied answers with the address that a client has, and returns the
// listener's own.
func serveProxied(t *testing.T, trusted ...string) string {
	t.Helper()
	prefixes, err := ParseProxies(trusted)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	s := &http.Server{ErrorLog: slog.NewLogLogger(quiet.Handler(), slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })}
	go s.Serve(Proxied(l, prefixes, quiet))
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// ask sends what a proxy would and returns the answer's status and body, 0 when there is none.
func ask(t *testing.T, addr string, before []byte) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "%sGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", before)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func header(t *testing.T, version byte, source string) []byte {
	t.Helper()
	from := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(source))
	to := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}
	if from.IP.To4() == nil {
		to.IP = net.ParseIP("2001:db8::1")
	}
	var b bytes.Buffer
	if _, err := proxyproto.HeaderProxyFromAddrs(version, from, to).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTrustedProxiesSayWhomTheySpeakFor(t *testing.T) {
	addr := serveProxied(t, "127.0.0.0/8")
	for _, version := range []byte{1, 2} {
		for _, client := range []string{"203.0.113.9:4711", "[2001:db8::7]:4711"} {
			if status, body := ask(t, addr, header(t, version, client)); status != 200 || body != client {
				t.Errorf("version %d: %d, the client is %q, want %q", version, status, body, client)
			}
		}
	}
	// A proxy's own health check: "LOCAL" speaks for nobody.
	local := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), 0x20, 0, 0, 0)
	if status, body := ask(t, addr, local); status != 200 || !strings.HasPrefix(body, "127.0.0.1:") {
		t.Errorf("a health check: %d, the client is %q", status, body)
	}
}

func TestATrustedProxyMustSendAHeader(t *testing.T) {
	if status, body := ask(t, serveProxied(t, "127.0.0.1"), nil); status == 200 {
		t.Errorf("without a header the client was taken to be %q", body)
	}
}

func TestNobodyElseIsBelieved(t *testing.T) {
	addr := serveProxied(t, "10.0.0.0/8")
	if status, body := ask(t, addr, header(t, 1, "203.0.113.9:4711")); status != http.StatusBadRequest {
		t.Errorf("a header from a stranger: %d, the client is %q", status, body)
	}
	if status, body := ask(t, addr, nil); status != 200 || !strings.HasPrefix(body, "127.0.0.1:") {
		t.Errorf("a stranger without one: %d, the client is %q", status, body)
	}
}

func TestParseProxies(t *testing.T) {
	got, err := ParseProxies([]string{"10.1.2.3/8", "192.0.2.7", "2001:db8::/32"})
	if err != nil || fmt.Sprint(got) != "[10.0.0.0/8 192.0.2.7/32 2001:db8::/32]" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ParseProxies([]string{"everybody"}); err == nil || !strings.Contains(err.Error(), "everybody") {
		t.Errorf("an error that does not name what is wrong: %v", err)
	}
}
