package kafka

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// client is the library's client with its connections in hand. Closing one by
// itself waits for a broker that took a connection and says nothing.
type client struct {
	*kgo.Client
	dialer *dialer
}

func newClient(d *dialer, opts []kgo.Opt) (*client, error) {
	c, err := kgo.NewClient(append(opts, kgo.Dialer(d.dial))...)
	if err != nil {
		return nil, err
	}
	return &client{Client: c, dialer: d}, nil
}

// Close returns soon, whatever the brokers do.
func (c *client) Close() {
	c.dialer.hangUp()
	c.Client.Close()
}

// network is what a net.Dialer or a tls.Dialer does.
type network interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// dialer opens connections and closes all of them at once.
type dialer struct {
	network network

	mu    sync.Mutex
	conns map[*conn]struct{} // nil once hung up
}

func newDialer(timeout time.Duration, encrypt *tls.Config) *dialer {
	d := &dialer{conns: map[*conn]struct{}{}}
	plain := &net.Dialer{Timeout: min(timeout, 10*time.Second)}
	if d.network = plain; encrypt != nil {
		d.network = &tls.Dialer{NetDialer: plain, Config: encrypt}
	}
	return d
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conns == nil {
		c.Close()
		return nil, net.ErrClosed
	}
	mine := &conn{Conn: c, dialer: d}
	d.conns[mine] = struct{}{}
	return mine, nil
}

func (d *dialer) hangUp() {
	d.mu.Lock()
	conns := d.conns
	d.conns = nil
	d.mu.Unlock()
	for c := range conns {
		c.Conn.Close()
	}
}

// conn is forgotten by its dialer when it is closed.
type conn struct {
	net.Conn
	dialer *dialer
}

func (c *conn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.conns, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
