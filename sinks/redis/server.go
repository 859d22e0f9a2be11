package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// server is a connection to the server that holds the stream and takes writes.
type server struct {
	client  *client.Client
	address string
	conn    *atomic.Pointer[net.Conn] // the one dialled last

	largest int64 // bytes of an event
	waitAOF bool  // a batch is confirmed by WAITAOF
	loaded  bool  // the server knows the script
	turns   uint  // for trimming
}

// dialer connects within its timeout.
type dialer struct {
	timeout time.Duration
	tls     *tls.Config // nil: plain
}

func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if d.tls == nil {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return (&tls.Dialer{Config: d.tls}).DialContext(ctx, network, address)
}

// connect goes through the addresses until a server says that it would take a
// write. In a cluster it asks the addresses who that is.
func (s *Sink) connect(ctx context.Context) (*server, error) {
	files, err := s.config.tls() // read each time: certificates are renewed
	if err != nil {
		return nil, err
	}
	d := dialer{timeout: s.config.Timeout, tls: files}
	addresses := s.config.Addresses
	if s.config.Cluster {
		a, err := s.holder(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("asking the cluster who holds stream %s: %w", s.config.Stream, explain(err))
		}
		addresses = []string{a}
	}
	var errs []error
	for _, a := range addresses {
		v := s.to(a, d)
		err := v.wouldAppend(ctx, s.config.Stream)
		if err == nil {
			return v, nil
		}
		v.close()
		errs = append(errs, fmt.Errorf("connecting to %s: %w", a, explain(err)))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// to prepares a connection. The client library's own second attempts are off:
// delivery decides when to try again.
func (s *Sink) to(address string, d dialer) *server {
	v := &server{address: address, conn: new(atomic.Pointer[net.Conn])}
	c := &s.config
	v.client = client.NewClient(&client.Options{
		Addr: address, Username: c.User, Password: c.Password.Reveal(), DB: c.Database,
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := d.dial(ctx, network, address)
			if err == nil {
				v.conn.Store(&conn)
			}
			return conn, err
		},
		OnConnect: func(ctx context.Context, conn *client.Conn) error {
			// Whoever may not give itself a name does without.
			_ = conn.ClientSetName(ctx, "weir").Err()
			return nil
		},
		PoolSize: 1, MaxRetries: -1, DialerRetries: 1, DialTimeout: c.Timeout,
		// The server itself may take the whole timeout to wait for others.
		ReadTimeout: 2 * c.Timeout, WriteTimeout: c.Timeout, ContextTimeoutEnabled: true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return v
}

// holder asks a cluster for the address of the node that holds the stream.
func (s *Sink) holder(ctx context.Context, d dialer) (string, error) {
	c := &s.config
	cluster := client.NewClusterClient(&client.ClusterOptions{
		Addrs: c.Addresses, Username: c.User, Password: c.Password.Reveal(), Dialer: d.dial,
		PoolSize: 1, MaxRetries: -1, DialerRetries: 1, DialTimeout: c.Timeout,
		ReadTimeout: c.Timeout, WriteTimeout: c.Timeout, ContextTimeoutEnabled: true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer cluster.Close()
	node, err := cluster.MasterForKey(ctx, c.Stream)
	if err != nil {
		return "", err
	}
	return node.Options().Addr, nil
}

// wouldAppend sends an XADD whose id no stream can have. A server refuses that
// id after it has looked at the user's permissions, at its own role and at its
// memory, and before it touches the key.
func (v *server) wouldAppend(ctx context.Context, stream string) error {
	err := v.client.Do(ctx, "XADD", stream, "0-0", "event", "").Err()
	if kind, _ := reply(err); kind == "ERR" && isImpossibleID(err) {
		return nil
	}
	if err == nil {
		return errors.New("the server took an entry with the id 0-0, as no Redis does")
	}
	return err
}

// hangUp cuts the connection, whoever is waiting for it.
func (v *server) hangUp() {
	if conn := v.conn.Load(); conn != nil {
		(*conn).Close()
	}
}

func (v *server) close() {
	// What is closed with an error is closed.
	_ = v.client.Close()
}
