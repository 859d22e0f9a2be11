package listen

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// Connections bounds the connections of a server. Beyond a bound the one is
// closed that has waited longest without a request on it, so that whoever opens
// connections and says nothing closes their own. A connection waits until its
// first header has arrived whole, and between requests.
type Connections struct {
	// Waiting is how many may wait. 0 sets no bound.
	Waiting int
	// Open is how many there may be in all. 0 sets no bound. When each of them
	// has a request on it, the one that comes is closed.
	Open int

	mu      sync.Mutex
	waiting list.List                  // of net.Conn, the longest waiting first
	at      map[net.Conn]*list.Element // every open one; nil while a request is on it
}

// State is for http.Server.ConnState.
func (c *Connections) State(conn net.Conn, s http.ConnState) {
	if gone := c.move(conn, s); gone != nil {
		abort(gone)
	}
}

// move books a connection's state, and returns the one to close, if any.
func (c *Connections) move(conn net.Conn, s http.ConnState) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, known := c.at[conn]
	if e != nil {
		c.waiting.Remove(e)
	}
	switch s {
	case http.StateNew:
		if c.at == nil {
			c.at = map[net.Conn]*list.Element{}
		}
		c.at[conn] = c.waiting.PushBack(conn)
	case http.StateIdle:
		if !known {
			return nil // closed below while its answer was written
		}
		c.at[conn] = c.waiting.PushBack(conn)
	case http.StateActive:
		if known {
			c.at[conn] = nil
		}
		return nil
	default:
		delete(c.at, conn)
		return nil
	}
	if !(c.Waiting > 0 && c.waiting.Len() > c.Waiting || c.Open > 0 && len(c.at) > c.Open) {
		return nil
	}
	// Its own StateClosed comes later and finds it gone.
	longest := c.waiting.Remove(c.waiting.Front()).(net.Conn)
	delete(c.at, longest)
	return longest
}

// abort closes without a farewell: TLS would wait for whoever does not read.
func abort(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	conn.Close()
}
