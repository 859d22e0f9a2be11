package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// link is a connection to one of the servers. It does not come back by itself.
type link struct {
	conn    *nats.Conn
	js      jetstream.JetStream
	wire    *wire
	trouble chan error    // what the server says without being asked
	closed  chan struct{} // closed with the connection
}

// wire dials for the client library and keeps what it dialled last.
type wire struct {
	ctx  context.Context // of connecting
	d    net.Dialer
	last atomic.Pointer[net.Conn]
}

// Dial implements nats.CustomDialer.
func (w *wire) Dial(network, address string) (net.Conn, error) {
	conn, err := w.d.DialContext(w.ctx, network, address)
	if err == nil {
		w.last.Store(&conn)
	}
	return conn, err
}

// connect tries the servers, each once and within the timeout.
func (s *Sink) connect(ctx context.Context) (*link, error) {
	c := &s.config
	l := &link{wire: &wire{ctx: ctx, d: net.Dialer{Timeout: c.Timeout}}, trouble: make(chan error, 1), closed: make(chan struct{})}
	options := []nats.Option{
		nats.Name("weir"), nats.Timeout(c.Timeout), nats.FlusherTimeout(c.Timeout), nats.NoReconnect(), nats.SetCustomDialer(l.wire),
		nats.DontRandomize(),
		nats.ClosedHandler(func(*nats.Conn) { close(l.closed) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			select {
			case l.trouble <- err:
			default: // one is enough
			}
		}),
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.Token != "" {
		options = append(options, nats.Token(c.Token.Reveal()))
	}
	if c.User != "" {
		options = append(options, nats.UserInfo(c.User, c.Password.Reveal()))
	}
	if c.CA != "" {
		options = append(options, nats.RootCAs(c.CA))
	}
	if c.Cert != "" {
		options = append(options, nats.ClientCert(c.Cert, c.Key))
	}
	stop := context.AfterFunc(ctx, l.cut)
	conn, err := nats.Connect(strings.Join(c.Servers, ","), options...)
	stop()
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", strings.Join(c.Servers, ", "), explain(errors.Join(ctx.Err(), err)))
	}
	l.conn = conn
	// The library would wait for room in its own way: publish does it in the sink's.
	if l.js, err = jetstream.New(conn, jetstream.WithDefaultTimeout(c.Timeout), jetstream.WithPublishAsyncMaxPending(2*c.InFlight+1000)); err != nil {
		l.hangUp()
		return nil, err
	}
	return l, nil
}

// wait waits for one acknowledgement. A refusal is the server's word on that
// event; an error is the end of the connection.
func (l *link) wait(ctx context.Context, ack jetstream.PubAckFuture, patience *time.Timer, timeout time.Duration) (refusal, err error) {
	// Most have come by the time they are looked at.
	select {
	case <-ack.Ok():
		return nil, nil
	default:
	}
	patience.Reset(timeout)
	select {
	case <-ack.Ok():
		return nil, nil
	case err := <-ack.Err():
		if isAnswer(err) {
			return err, nil
		}
		return nil, err
	case err := <-l.trouble:
		return nil, err
	case <-l.closed:
		if err := l.conn.LastError(); err != nil {
			return nil, err
		}
		return nil, nats.ErrConnectionClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-patience.C:
		return nil, fmt.Errorf("no acknowledgement within %v", timeout)
	}
}

// ask runs f, which waits for an answer of the server, and ends it when the
// server complains instead: to what it does not permit it gives no answer.
func (l *link) ask(ctx context.Context, timeout time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	select {
	case err := <-done:
		return err
	case err := <-l.trouble:
		cancel()
		<-done
		return err
	}
}

// cut ends the connection under the library, whoever waits for it.
func (l *link) cut() {
	if conn := l.wire.last.Load(); conn != nil {
		(*conn).Close()
	}
}

// hangUp closes the connection and waits until the library has noticed.
func (l *link) hangUp() {
	l.cut() // there is nothing left to flush
	l.conn.Close()
	<-l.closed
}
