package listen

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Connections that say nothing close one another, and not those on which
// requests are made.
func TestConnectionsAreBounded(t *testing.T) {
	const limit = 10
	hold, held := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(held)
			<-hold
		}
	}))
	c := &Connections{Waiting: limit}
	server.Config.ConnState = c.State
	server.Start()
	defer server.Close()
	answered := make(chan error)
	go func() {
		response, err := http.Get(server.URL + "/slow")
		if err == nil {
			response.Body.Close()
		}
		answered <- err
	}()
	<-held
	closed := make(chan struct{}, 5*limit)
	for i := range 5 * limit {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 { // the beginning of a header is no request
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: ")
		}
		go func() {
			io.Copy(io.Discard, conn)
			closed <- struct{}{}
		}()
	}
	deadline := time.After(20 * time.Second)
	for n := range 4 * limit {
		select {
		case <-closed:
		case <-deadline:
			t.Fatalf("%d of %d silent connections were closed, with room for %d", n, 5*limit, limit)
		}
	}
	for range 3 * limit {
		response, err := http.Get(server.URL)
		if err != nil {
			t.Fatalf("a client that makes requests: %v", err)
		}
		response.Body.Close()
	}
	close(hold)
	if err := <-answered; err != nil {
		t.Errorf("a request that was under way: %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting.Len() > limit || len(c.at) > 5*limit {
		t.Errorf("%d connections wait, %d are known, the limit is %d", c.waiting.Len(), len(c.at), limit)
	}
}

// When every connection has a request on it, the one that comes is closed, and
// there is room again once one has ended.
func TestConnectionsInAllAreBounded(t *testing.T) {
	const limit = 3
	hold, held := make(chan struct{}), make(chan struct{}, limit)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			held <- struct{}{}
			<-hold
		}
	}))
	server.Config.ConnState = (&Connections{Open: limit}).State
	server.Start()
	defer server.Close()
	answered := make(chan error, limit)
	for range limit {
		go func() {
			response, err := http.Get(server.URL + "/slow")
			if err == nil {
				response.Body.Close()
			}
			answered <- err
		}()
		<-held
	}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if response, err := fresh.Get(server.URL); err == nil {
		t.Errorf("one connection too many got the answer %s", response.Status)
	}
	close(hold)
	for range limit {
		if err := <-answered; err != nil {
			t.Errorf("a request that was under way: %v", err)
		}
	}
	// The idle ones make room.
	response, err := fresh.Get(server.URL)
	if err != nil {
		t.Fatalf("with idle connections only: %v", err)
	}
	response.Body.Close()
}
