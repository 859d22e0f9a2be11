package fault

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// echo is a server that says everything back.
func echo(t *testing.T) string {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// ask sends text and reads as much as comes back within a time.
func ask(t *testing.T, c net.Conn, text string, within time.Duration) (string, error) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	c.SetReadDeadline(time.Now().Add(within))
	b := make([]byte, len(text))
	n, err := io.ReadFull(c, b)
	return string(b[:n]), err
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp4", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestModes(t *testing.T) {
	p := Start(t, echo(t))
	const text = "hello, hello, hello, hello"
	open := dial(t, p)
	if got, err := ask(t, open, text, 10*time.Second); got != text || err != nil {
		t.Fatalf("pass: %q, %v", got, err)
	}

	p.Set(Refuse)
	if got, err := ask(t, open, text, 10*time.Second); err == nil {
		t.Errorf("refuse: a connection that was open answers %q", got)
	}
	if got, err := ask(t, dial(t, p), text, 10*time.Second); err == nil {
		t.Errorf("refuse: %q", got)
	}

	p.Set(Hang)
	if got, err := ask(t, dial(t, p), text, 50*time.Millisecond); got != "" || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("hang: %q, %v", got, err)
	}

	p.Set(Drip)
	c := dial(t, p)
	if got, err := ask(t, c, strings.Repeat("x", 64), 10*time.Second); len(got) != 64 || err != nil {
		t.Errorf("drip: %q, %v", got, err)
	}

	p.Set(Garble)
	if got, err := ask(t, dial(t, p), text, 10*time.Second); got == text || got == "" {
		t.Errorf("garble: %q, %v", got, err)
	}

	p.Set(Mute)
	c = dial(t, p)
	if got, err := ask(t, c, text, 10*time.Second); got != text || err != nil {
		t.Errorf("mute, at first: %q, %v", got, err)
	}
	go c.Write(bytes.Repeat([]byte("y"), 8*muteAfter))
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	rest, err := io.ReadAll(c)
	if len(rest) > muteAfter || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("mute: %d bytes were answered, %v", len(rest), err)
	}

	p.Set(Pass)
	if got, err := ask(t, dial(t, p), text, 10*time.Second); got != text || err != nil {
		t.Errorf("pass again: %q, %v", got, err)
	}
}
