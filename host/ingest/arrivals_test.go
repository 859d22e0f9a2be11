package ingest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
)

// Clients that prove nothing and send drop by drop take neither slots nor
// room from an edge: the longest under way are cut off.
func TestSlowClientsBesideAnEdge(t *testing.T) {
	const limit = 16 * arrivalCost
	h := handler(&store{}, io.Discard, func(c *Config) { c.Concurrent, c.Arriving, c.Timeout = 1, limit, time.Hour })
	server := httptest.NewServer(h)
	defer server.Close()
	const clients = 40
	answers := make(chan string, clients)
	for range clients {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\nx", Path, ContentType)
		go func() {
			answer, _ := io.ReadAll(conn) // ends with the connection, which may be the test's end
			answers <- string(answer)
		}()
	}
	// Which of them came first the server alone knows: connections are accepted
	// in an order and served in another.
	deadline := time.After(20 * time.Second)
	for n := range clients - limit/arrivalCost {
		select {
		case answer := <-answers:
			if !strings.HasPrefix(answer, "HTTP/1.1 503 ") {
				t.Fatalf("a client that dawdled was answered %q", answer)
			}
		case <-deadline:
			t.Fatalf("%d clients were cut off, and there is room for %d of %d", n, limit/arrivalCost, clients)
		}
	}
	for range 20 {
		id := journal.NewID(time.Now()).String()
		head := envelope.Header{ID: id, Events: 1}
		big := append(head.AppendJSON(nil), "\n{\"filler\":\""+strings.Repeat("x", limit/2)+"\"}\n"...)
		r := request(id, big, time.Now())
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", server.Listener.Addr().String(), ""
		r.Body = io.NopCloser(bytes.NewReader(big))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("an edge beside slow clients: %d", resp.StatusCode)
		}
	}
	h.arrivals.mu.Lock()
	defer h.arrivals.mu.Unlock()
	if h.arrivals.bytes > limit || h.arrivals.bytes != int64(h.arrivals.list.Len())*(arrivalCost+1) {
		t.Errorf("%d bytes are counted for %d clients, of %d", h.arrivals.bytes, h.arrivals.list.Len(), limit)
	}
}
