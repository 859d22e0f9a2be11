package rabbitmq

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/sinks"
)

// dialTimeout bounds connecting, handshakes and declarations included.
const dialTimeout = 10 * time.Second

// connection is a connection with its one channel.
type connection struct {
	wire    net.Conn
	conn    *amqp.Connection
	channel *amqp.Channel
	closed  chan *amqp.Error // has why the channel, or all, was closed; holds one
	returns chan amqp.Return // has messages that no queue received, before they are confirmed

	mu      sync.Mutex
	blocked chan struct{} // closed while the broker takes no messages
	reason  string        // why
}

// dial connects and opens a channel. No step outlasts ctx.
func (s *Sink) dial(ctx context.Context) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c := &connection{
		closed: make(chan *amqp.Error, 1),
		// Of what is in flight, and of as much that was so when the broker blocked.
		returns: make(chan amqp.Return, 2*s.config.InFlight),
		blocked: make(chan struct{}),
	}
	if err := s.connect(ctx, c); err != nil {
		if c.wire != nil {
			c.wire.Close()
		}
		return nil, fmt.Errorf("connecting to %s: %w", s.address, explain(err))
	}
	return c, nil
}

func (s *Sink) connect(ctx context.Context, c *connection) (err error) {
	stop := func() bool { return true }
	defer func() { stop() }()
	config := amqp.Config{
		Locale:     "en_US",
		Properties: amqp.NewConnectionProperties(),
		Dial: func(network, to string) (net.Conn, error) {
			wire, err := (&net.Dialer{}).DialContext(ctx, network, to)
			if err != nil {
				return nil, err
			}
			c.wire = wire
			stop = c.cutOff(ctx)
			deadline, _ := ctx.Deadline()
			return wire, wire.SetDeadline(deadline) // until the connection is open
		},
	}
	config.Properties.SetClientConnectionName("weir")
	if s.address.secure {
		if config.TLSClientConfig, err = s.config.tls(s.address.host); err != nil {
			return err
		}
	}
	if c.conn, err = amqp.DialConfig(s.config.URL.Reveal(), config); err != nil {
		return err
	}
	go c.watch(c.conn.NotifyBlocked(make(chan amqp.Blocking)))
	if c.channel, err = c.conn.Channel(); err != nil {
		return err
	}
	c.channel.NotifyClose(c.closed)
	c.channel.NotifyReturn(c.returns)
	return nil
}

// cutOff has ctx end what is being read and written. The function that it
// returns ends that, and reports whether it is in time.
func (c *connection) cutOff(ctx context.Context) (stop func() bool) {
	wire := c.wire
	return context.AfterFunc(ctx, func() { wire.SetDeadline(time.Unix(1, 0)) })
}

// watch keeps up with whether the broker takes messages, until the connection ends.
func (c *connection) watch(changes <-chan amqp.Blocking) {
	active := false
	for b := range changes {
		c.mu.Lock()
		switch {
		case b.Active && !active:
			c.reason = b.Reason
			close(c.blocked)
		case !b.Active && active:
			c.blocked = make(chan struct{})
		}
		active = b.Active
		c.mu.Unlock()
	}
}

// block returns a channel that is closed while the broker takes no messages.
func (c *connection) block() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blocked
}

// blockedError is nil while the broker takes messages.
func (c *connection) blockedError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.blocked:
		return sinks.Throttled(fmt.Errorf("the broker takes no messages for now: its alarm says %q", c.reason), 0)
	default:
		return nil
	}
}

func (c *connection) alive() bool { return !c.channel.IsClosed() && !c.conn.IsClosed() }

// cause is why the channel was closed, which is about to be known, or err.
func (c *connection) cause(ctx context.Context, err error) error {
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case e, ok := <-c.closed:
		if ok && e != nil {
			return e
		}
	case <-ctx.Done():
		return ctx.Err()
	case <-patience.C:
	}
	return err
}

// hangUp says farewell. That it did not get through is no error.
func (c *connection) hangUp() {
	_ = c.conn.CloseDeadline(time.Now().Add(2 * time.Second))
	c.drop()
}

// drop closes the connection without a word, as its state is not known, and
// waits until the library has seen that.
func (c *connection) drop() {
	c.wire.Close()
	ended := c.conn.NotifyClose(make(chan *amqp.Error, 1))
	for range ended {
	}
}

// declare sets up the channel, and at the broker what the sink owns there.
func (s *Sink) declare(c *connection) error {
	if s.config.Exchange != "" {
		if err := c.channel.ExchangeDeclarePassive(s.config.Exchange, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
			return fmt.Errorf("looking for exchange %q: %w", s.config.Exchange, explain(err))
		}
	}
	if s.config.Queue != "" {
		kind := amqp.Table{amqp.QueueTypeArg: s.config.QueueType}
		if _, err := c.channel.QueueDeclare(s.config.Queue, true, false, false, false, kind); err != nil {
			return fmt.Errorf("declaring queue %q: %w", s.config.Queue, explain(err))
		}
		if s.config.Exchange != "" { // the default exchange knows every queue
			if err := c.channel.QueueBind(s.config.Queue, s.config.Binding, s.config.Exchange, false, nil); err != nil {
				return fmt.Errorf("binding queue %q to exchange %q: %w", s.config.Queue, s.config.Exchange, explain(err))
			}
		}
	}
	return nil
}
