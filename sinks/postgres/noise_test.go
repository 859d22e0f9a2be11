package postgres

import (
	"net"
	"strings"
	"testing"

	"weir/sinks"
)

// A server that is none, and names a length of a gigabyte, is refused before room is made for it.
func TestMessagesAreBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Write([]byte("R\x3f\xff\xff\x00noise"))
		conn.Read(make([]byte, 1<<10)) // until the client has had enough
		conn.Read(make([]byte, 1))
	}()
	kind, _ := sinks.Lookup("postgres")
	c := kind.Config().(*Config)
	c.DSN = sinks.Secret("postgres://weir@" + l.Addr().String() + "/weir?sslmode=disable&connect_timeout=20")
	s, err := newSink(*c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "length") {
		t.Errorf("Open gives %v", err)
	}
}
