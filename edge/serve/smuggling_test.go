package serve

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/protocol/all"
)

// listening is a native edge on a real socket, and the batches that its host took.
func listening(t *testing.T, cfg Config) (addr string, batches func() []string) {
	t.Helper()
	engine, err := NewNative(func() (*collector.Collector, error) {
		return collector.New([]byte(`{"privacy":{"ipv4_prefix":32,"ipv6_prefix":128}}`), nil, all.Adapters()...)
	})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var taken []string
	cfg.Engine, cfg.Forward = engine, host(func(_ string, batch []byte) error {
		mu.Lock()
		defer mu.Unlock()
		taken = append(taken, string(batch))
		return nil
	})
	url, _ := start(t, cfg)
	return strings.TrimPrefix(url, "http://"), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return taken
	}
}

// exchangeRaw sends bytes on a connection of their own and returns the statuses of
// all answers until the edge closes it.
func exchangeRaw(t *testing.T, addr, request string) (statuses []int) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	c.(*net.TCPConn).CloseWrite()
	r := bufio.NewReader(c)
	for {
		resp, err := http.ReadResponse(r, nil)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return statuses
		}
		if err != nil {
			// What is left unread when the edge closes makes the kernel reset the connection.
			return statuses
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		statuses = append(statuses, resp.StatusCode)
	}
}

// Where two readers could disagree about where a request ends, or whose it is,
// the edge takes none of it, or takes one request and closes the connection:
// nothing that was hidden in it is a request of its own.
func TestSmuggling(t *testing.T) {
	const (
		head   = "POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\nHost: edge.example\r\nContent-Type: application/json\r\n"
		event  = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"pv","p":"web","tv":"t","aid":"honest"}]}`
		hidden = "GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\nHost: edge.example\r\n\r\n"
	)
	length := fmt.Sprintf("Content-Length: %d\r\n", len(event))
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(event), event)
	for name, c := range map[string]struct {
		request string
		status  int // of the first answer; 0: of none
	}{
		"plain":                         {head + length + "\r\n" + event, 200},
		"chunked":                       {head + "Transfer-Encoding: chunked\r\n\r\n" + chunked, 200},
		"two lengths that differ":       {head + length + "Content-Length: 5\r\n\r\n" + event + hidden, 400},
		"two lengths in one":            {head + fmt.Sprintf("Content-Length: %d, 5\r\n\r\n", len(event)) + event + hidden, 400},
		"a length with a sign":          {head + fmt.Sprintf("Content-Length: +%d\r\n\r\n", len(event)) + event + hidden, 400},
		"a length in hexadecimal":       {head + fmt.Sprintf("Content-Length: 0x%x\r\n\r\n", len(event)) + event + hidden, 400},
		"a negative length":             {head + "Content-Length: -1\r\n\r\n" + event + hidden, 400},
		"an unknown coding":             {head + "Transfer-Encoding: xchunked\r\n\r\n" + chunked + hidden, 501},
		"two codings":                   {head + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked + hidden, 501},
		"a coding sent twice":           {head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked + hidden, 501},
		"a coding with a tab":           {head + "Transfer-Encoding:\tchunked, identity\r\n\r\n" + chunked + hidden, 501},
		"a space before the colon":      {head + "Transfer-Encoding : chunked\r\n" + length + "\r\n" + event + hidden, 400},
		"a length before the colon":     {head + strings.Replace(length, ":", " :", 1) + "\r\n" + event + hidden, 400},
		"a folded coding":               {head + "X-A: b\r\n Transfer-Encoding: chunked\r\n" + length + "\r\n" + event, 200},
		"a bare CR in a header":         {head + "X-A: b\rTransfer-Encoding: chunked\r\n" + length + "\r\n" + event + hidden, 400},
		"a NUL in a header":             {head + "X-A: b\x00c\r\n" + length + "\r\n" + event + hidden, 400},
		"a line without a colon":        {head + "Transfer-Encoding chunked\r\n" + length + "\r\n" + event + hidden, 400},
		"a chunk's size overflows":      {head + "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n" + event + hidden, 408},
		"a chunk's size with a sign":    {head + "Transfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n" + hidden, 408},
		"a chunk that is longer":        {head + "Transfer-Encoding: chunked\r\n\r\n2\r\nabcde\r\n0\r\n\r\n" + hidden, 408},
		"a body that is cut off":        {head + length + "\r\n" + event[:20], 408},
		"no Host":                       {"GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\n\r\n", 400},
		"two Hosts":                     {"GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"a Host with a space":           {"GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
		"a Host with a path":            {"GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
		"a Host with user information":  {"GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\nHost: a\x7f@b\r\n\r\n", 400},
		"CRLF in the target":            {"GET /i?e=pv&aid=hidden\r\nX: y HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		"a space in the target":         {"GET /i?e=pv&p=web&tv=t&aid=hidden x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		"a method that is no token":     {"G(T /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		"an unknown version":            {"GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/3.7\r\nHost: a\r\n\r\n", 505},
		"HTTP/0.9":                      {"GET /i?e=pv&p=web&tv=t&aid=hidden\r\n\r\n", 400},
		"HTTP/2's preface, to HTTP/1":   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET", 0},
		"CONNECT":                       {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 404},
		"headers beyond all measure":    {head + "X-A: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", 431},
		"an upgrade that is not wanted": {head + "Connection: Upgrade\r\nUpgrade: websocket\r\n" + length + "\r\n" + event, 200},
	} {
		t.Run(name, func(t *testing.T) {
			addr, batches := listening(t, Config{BodyTimeout: 5 * time.Second})
			statuses := exchangeRaw(t, addr, c.request)
			first := 0
			if len(statuses) > 0 {
				first = statuses[0]
			}
			if first != c.status {
				t.Errorf("answers %v, want %d first", statuses, c.status)
			}
			for _, batch := range batches() {
				if c.status != 200 || strings.Contains(batch, "hidden") || !strings.Contains(batch, `"app_id":"honest"`) {
					t.Errorf("the host took %s", batch)
				}
			}
			if c.status == 200 && len(batches()) != 1 {
				t.Errorf("%d batches, want 1", len(batches()))
			}
		})
	}
}

// Of a length and a coding together the coding counts (RFC 9112 section 6.3),
// and what the length would have hidden is not another request.
func TestLengthAndCoding(t *testing.T) {
	const event = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"pv","p":"web","tv":"t","aid":"honest"}]}`
	const hidden = "GET /i?e=pv&p=web&tv=t&aid=hidden HTTP/1.1\r\nHost: edge.example\r\n\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(event), event)
	for name, headers := range map[string]string{
		"length first": fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", len(chunked)+len(hidden)),
		"coding first": fmt.Sprintf("Transfer-Encoding: chunked\r\nContent-Length: %d\r\n", len(chunked)+len(hidden)),
		"upper case":   fmt.Sprintf("Transfer-Encoding: CHUNKED\r\nContent-Length: %d\r\n", len(chunked)+len(hidden)),
	} {
		addr, batches := listening(t, Config{})
		statuses := exchangeRaw(t, addr, "POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\nHost: edge.example\r\nContent-Type: application/json\r\n"+headers+"\r\n"+chunked+hidden)
		if len(statuses) != 1 {
			t.Errorf("%s: answers %v, want one and the end of the connection", name, statuses)
		}
		for _, batch := range batches() {
			if strings.Contains(batch, "hidden") {
				t.Errorf("%s: what was hidden is an event: %s", name, batch)
			}
		}
	}
}

// Headers in which proxies pass on an address are anybody's to send: the address
// of an event is that of the connection, unless a proxy that is trusted says otherwise.
func TestSpoofedAddresses(t *testing.T) {
	const spoofed = "198.51.100.66"
	forwarding := []string{
		"X-Forwarded-For: " + spoofed, "x-forwarded-for: " + spoofed, "CF-Connecting-IP: " + spoofed, "CF-Connecting-IPv6: 2001:db8::66",
		"Fastly-Client-IP: " + spoofed, "True-Client-IP: " + spoofed, "X-Real-IP: " + spoofed, "X-Client-IP: " + spoofed,
		"X-Cluster-Client-IP: " + spoofed, "X-Original-Forwarded-For: " + spoofed, "Forwarded: for=" + spoofed + ";proto=https;host=a", "Client-IP: " + spoofed,
		"X-Forwarded: for=" + spoofed, "Via: 1.1 " + spoofed, "X-Appengine-User-IP: " + spoofed, "X-Forwarded-Host: " + spoofed, "X-Forwarded-Proto: https",
	}
	request := func(headers ...string) string {
		return "GET /i?e=pv&p=web&tv=t&aid=a HTTP/1.1\r\nHost: edge.example\r\nConnection: close\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n"
	}
	addr, batches := listening(t, Config{})
	for _, header := range append(forwarding, strings.Join(forwarding, "\r\n")) {
		before := len(batches())
		if statuses := exchangeRaw(t, addr, request(header)); len(statuses) != 1 || statuses[0] != 200 {
			t.Errorf("%s: answers %v", header, statuses)
		}
		taken := batches()
		if len(taken) != before+1 {
			t.Fatalf("%s: nothing was taken", header)
		}
		if batch := taken[before]; strings.Contains(batch, spoofed) || strings.Contains(batch, "2001:db8::66") || !strings.Contains(batch, `"user_ipaddress":"127.0.0.1"`) {
			t.Errorf("%s is believed: %s", header, batch)
		}
	}
	// A trusted proxy appends to what a client sent: the last address is the one
	// that it saw. It says so in one header alone.
	addr, batches = listening(t, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	for headers, want := range map[string]string{
		"X-Forwarded-For: " + spoofed + ", 203.0.113.9":                        "203.0.113.9",
		"X-Forwarded-For: " + spoofed + "\r\nX-Forwarded-For: 203.0.113.9":     "203.0.113.9",
		"X-Forwarded-For: " + spoofed + ", 203.0.113.9, 127.0.0.1":             "203.0.113.9",
		"X-Forwarded-For: " + spoofed + ", junk":                               "127.0.0.1",
		"X-Forwarded-For: " + spoofed + ",":                                    "127.0.0.1",
		"CF-Connecting-IP: " + spoofed:                                         "127.0.0.1",
		"Forwarded: for=" + spoofed + "\r\nX-Forwarded-For: 203.0.113.9":       "203.0.113.9",
		"X-Forwarded-For: 203.0.113.9\r\nFastly-Client-IP: " + spoofed:         "203.0.113.9",
		"X-Forwarded-For: " + spoofed + ", [2001:db8::7]:443":                  "2001:db8::7",
		"X-Forwarded-For: " + strings.Repeat(spoofed+",", 999) + "203.0.113.9": "203.0.113.9",
	} {
		before := len(batches())
		exchangeRaw(t, addr, request(headers))
		taken := batches()
		if len(taken) != before+1 || !strings.Contains(taken[before], `"user_ipaddress":"`+want+`"`) {
			t.Errorf("%.80s: want %s: %s", headers, want, taken[before:])
		}
	}
}
