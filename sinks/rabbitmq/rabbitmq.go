package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/template"
)

// Sink publishes over one channel of one connection.
type Sink struct {
	config  Config
	address address
	key     template.Template
	format  format.Format
	largest int // of a message, in bytes: what is configured, or less once the broker has said so

	conn    *connection // nil while closed
	payload []byte
}

func newSink(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Sink{config: c, largest: int(c.MaxMessage)}
	var err error
	if s.address, err = parseURL(c.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if s.key, err = parseKey(c.RoutingKey); err != nil {
		return nil, fmt.Errorf("routing_key: %w", err)
	}
	if s.format, err = format.New(c.Format); err != nil {
		return nil, err
	}
	return s, nil
}

// Open connects, looks for the exchange and declares the queue, if one is configured.
func (s *Sink) Open(ctx context.Context) error {
	if s.conn != nil {
		if s.conn.alive() {
			return nil
		}
		s.drop()
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	stop := c.cutOff(ctx)
	err = s.declare(c)
	if err == nil {
		err = c.channel.Confirm(false)
	}
	if !stop() {
		err = errors.Join(err, ctx.Err())
	}
	if err != nil {
		c.drop()
		return fmt.Errorf("opening at %s: %w", s.address, err)
	}
	s.conn = c
	return nil
}

// Write publishes every event and waits for the broker's confirmation of each.
// Many are in flight, in the order of the batch.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	switch {
	case s.conn == nil:
		return sinks.ErrNotConnected
	case !s.conn.alive():
		return s.lose(s.conn.cause(ctx, amqp.ErrClosed))
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if err := s.conn.blockedError(); err != nil {
		return err
	}
	stop := s.conn.cutOff(ctx)
	failed, err := s.publish(ctx, b.Events)
	inTime := stop()
	switch {
	case err != nil && inTime && s.conn.alive():
		return err // the broker takes no messages for now: a new connection would only bring more
	case err != nil:
		return s.lose(err)
	case !inTime: // for the connection, not for these events
		s.drop()
	}
	return sinks.Outcome(failed, len(b.Events))
}

func (s *Sink) lostError(err error) error {
	return fmt.Errorf("%w: publishing to exchange %q at %s: %w", sinks.ErrNotConnected, s.config.Exchange, s.address, explain(err))
}

// lose lets go of a connection that is gone, or whose state is not known.
func (s *Sink) lose(err error) error {
	s.drop()
	if errors.Is(err, sinks.ErrNotConnected) {
		return err
	}
	return s.lostError(err)
}

func (s *Sink) drop() {
	s.conn.drop()
	s.conn = nil
}

// Close says farewell.
func (s *Sink) Close(context.Context) error {
	if s.conn != nil {
		s.conn.hangUp()
		s.conn = nil
	}
	return nil
}
