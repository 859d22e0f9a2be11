package kafka

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
)

// cutter dials connections that break when the answer to a produce request has
// arrived, before the client sees it: what is asked for is done, and nobody knows.
type cutter struct {
	network
	left atomic.Int64 // answers still to lose
}

func (c *cutter) wrap(n network) network { c.network = n; return c }

func (c *cutter) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &cutConn{Conn: conn, cutter: c}, nil
}

type cutConn struct {
	net.Conn
	cutter *cutter
	doomed atomic.Bool
}

const produceKey = 0

func (c *cutConn) Write(b []byte) (int, error) {
	// A request is written in one piece: its length, then the key of its kind.
	if len(b) > 6 && binary.BigEndian.Uint16(b[4:]) == produceKey && c.cutter.left.Load() > 0 {
		c.doomed.Store(true)
	}
	return c.Conn.Write(b)
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err == nil && c.doomed.Load() {
		c.cutter.left.Add(-1)
		c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}
