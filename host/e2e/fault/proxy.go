// Package fault stands between a program and a server and makes the network,
// or the server, misbehave.
package fault

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Mode is how a [Proxy] treats connections, those that are open included.
type Mode uint8

const (
	// Pass lets everything through.
	Pass Mode = iota
	// Refuse cuts what is open and takes no connection, as a server that is
	// stopped.
	Refuse
	// Hang takes connections and requests and says nothing.
	Hang
	// Drip lets answers through a few bytes at a time.
	Drip
	// Garble answers with noise, as a server that is broken, and hangs up.
	Garble
	// Mute lets requests through and cuts the connection before the answer: the
	// server has done what nobody hears of.
	Mute
)

var names = [...]string{"pass", "refuse", "hang", "drip", "garble", "mute"}

func (m Mode) String() string { return names[m] }

// Proxy forwards TCP connections to a server on loopback.
type Proxy struct {
	target   string
	listener net.Listener

	mu      sync.Mutex
	mode    Mode
	changed chan struct{} // closed when mode changes
	open    map[net.Conn]struct{}
	done    sync.WaitGroup
}

// Start runs a proxy until the test ends.
func Start(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: target, listener: l, changed: make(chan struct{}), open: map[net.Conn]struct{}{}}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.Set(Refuse)
		p.done.Wait()
	})
	return p
}

// Address is where the proxy listens, a host and a port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Set changes the mode. Connections that are open are cut: nobody could say
// what a request that is under way would see.
func (p *Proxy) Set(m Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = m
	close(p.changed)
	p.changed = make(chan struct{})
	for c := range p.open {
		c.Close()
	}
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.done.Go(func() { p.serve(c) })
		}
	}
}

// keep notes a connection to be cut when the mode changes, and returns the
// mode with a channel that is closed then.
func (p *Proxy) keep(c net.Conn) (Mode, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = struct{}{}
	return p.mode, p.changed
}

func (p *Proxy) leave(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	c.Close()
}

func (p *Proxy) serve(client net.Conn) {
	mode, changed := p.keep(client)
	defer p.leave(client)
	switch mode {
	case Refuse:
		return
	case Hang:
		io.Copy(io.Discard, client) // ends when the client or the mode does
		return
	case Garble:
		p.garble(client)
		return
	}
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp4", p.target)
	if err != nil {
		return
	}
	p.keep(server)
	defer p.leave(server)
	var both sync.WaitGroup
	both.Go(func() {
		io.Copy(server, client)
		server.(*net.TCPConn).CloseWrite()
	})
	switch mode {
	case Drip:
		drip(client, server, changed)
	case Mute:
		mute(client, server)
	default:
		io.Copy(client, server)
	}
	client.Close()
	server.Close()
	both.Wait()
}

// garble answers the first bytes of the client with noise.
func (p *Proxy) garble(client net.Conn) {
	if _, err := client.Read(make([]byte, 1)); err != nil {
		return
	}
	noise := make([]byte, 64)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	client.Write(noise)
}

// drip passes on 16 bytes twenty times a second.
func drip(client io.Writer, server io.Reader, changed chan struct{}) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-changed:
			return
		case <-tick.C:
		}
		if _, err := io.CopyN(client, server, 16); err != nil {
			return
		}
	}
}

// muteAfter is the most that a client hears before it is cut off: sometimes
// enough to log in and hear of some writes, sometimes not.
const muteAfter = 4 << 10

// mute passes on the beginning of what the server says, then takes the rest
// for itself.
func mute(client io.Writer, server io.Reader) {
	if _, err := io.CopyN(client, server, 256+rand.Int64N(muteAfter-256)); err != nil {
		return
	}
	// What the client asks for after this is done and not answered.
	io.CopyN(io.Discard, server, 1)
}
