package host

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// connections bounds those that are open without a request on them: new ones
// whose first header has not arrived whole, and idle ones. Beyond the limit the
// one that has waited longest is closed, so that whoever opens connections and
// says nothing closes their own.
type connections struct {
	limit int

	mu      sync.Mutex
	waiting list.List // of net.Conn, the longest waiting first
	at      map[net.Conn]*list.Element
}

func newConnections(limit int) *connections {
	return &connections{limit: limit, at: map[net.Conn]*list.Element{}}
}

// state is an http.Server's ConnState.
func (c *connections) state(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.at[conn]; ok {
		c.waiting.Remove(e)
		delete(c.at, conn)
	}
	if s != http.StateNew && s != http.StateIdle {
		return
	}
	c.at[conn] = c.waiting.PushBack(conn)
	if c.waiting.Len() > c.limit {
		// Its own StateClosed comes later and takes it off the list.
		c.waiting.Remove(c.waiting.Front()).(net.Conn).Close()
	}
}
