package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/sinks"
)

// flight is the messages of a batch on their way.
type flight struct {
	*connection
	exchange string
	events   []sinks.Event
	sent     []sent // not confirmed yet, oldest first
	returned map[string]uint16
	judged   []bool // of each event
	stored   int
	failed   []sinks.EventError
}

type sent struct {
	index        int
	size         int
	key          string
	confirmation *amqp.DeferredConfirmation
}

// publish returns the events that the format or the broker refused. When the
// connection is lost or blocked, all that was not confirmed is among them, as
// long as the broker has confirmed any. The error says that nothing is known of
// any event.
func (s *Sink) publish(ctx context.Context, events []sinks.Event) ([]sinks.EventError, error) {
	f := &flight{connection: s.conn, exchange: s.config.Exchange, events: events, returned: map[string]uint16{}, judged: make([]bool, len(events))}
	err := s.sendAll(ctx, f)
	if err == nil {
		return f.failed, nil
	}
	blocked := f.blockedError()
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), blocked)
	case blocked != nil:
		err = blocked
	default:
		err = s.lostError(err)
	}
	if limit, ok := sizeLimit(err); ok {
		s.largest = min(s.largest, limit)
		for _, m := range f.sent {
			if m.size > limit {
				f.fail(m.index, fmt.Errorf("the message has %d bytes, the broker takes %d", m.size, limit), true)
			}
		}
	}
	if f.stored == 0 && len(f.failed) == 0 {
		return nil, err
	}
	for i, done := range f.judged {
		if !done {
			f.fail(i, err, false)
		}
	}
	return f.failed, nil
}

func (s *Sink) sendAll(ctx context.Context, f *flight) error {
	for i := range f.events {
		e := &f.events[i]
		var err error
		if s.payload, err = s.format.Append(s.payload[:0], *e); err == nil && len(s.payload) > s.largest {
			err = fmt.Errorf("the message has %d bytes, the most is %d", len(s.payload), s.largest)
		}
		if err != nil {
			f.fail(i, err, true)
			continue
		}
		if len(f.sent) == s.config.InFlight {
			if err := f.settle(ctx); err != nil {
				return err
			}
		}
		m := sent{index: i, size: len(s.payload), key: s.routingKey(e)}
		if m.confirmation, err = f.channel.PublishWithDeferredConfirm(s.config.Exchange, m.key, s.config.Mandatory, false, s.message(e)); err != nil {
			return f.cause(ctx, err)
		}
		f.sent = append(f.sent, m)
	}
	for len(f.sent) > 0 {
		if err := f.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sink) message(e *sinks.Event) amqp.Publishing {
	headers := amqp.Table{}
	for name, value := range map[string]string{"event_fingerprint": e.Fingerprint, "schema": e.Schema, "app_id": e.App} {
		if value != "" && len(value) <= 256 { // all headers have to fit in one frame
			headers[name] = value
		}
	}
	return amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: e.ID, Timestamp: e.Collected, Headers: headers,
		ContentType: s.format.ContentType(), Body: s.payload,
	}
}

// settle waits for the oldest message's confirmation.
func (f *flight) settle(ctx context.Context) error {
	m := f.sent[0]
	if err := f.wait(ctx, m.confirmation.Done()); err != nil {
		return err
	}
	f.collect()
	switch {
	case m.confirmation.Acked():
		if code, ok := f.returned[f.identity(m)]; ok {
			f.fail(m.index, fmt.Errorf("no queue received it (%d): bind one to exchange %q for routing key %q", code, f.exchange, m.key), false)
		} else {
			f.stored++
		}
	case !f.alive(): // that, too, ends every wait for a confirmation
		return f.cause(ctx, amqp.ErrClosed)
	default:
		f.fail(m.index, errors.New("the broker refused it (nack): a queue is full, or its node is away"), false)
	}
	f.judged[m.index] = true
	f.sent = f.sent[1:]
	return nil
}

func (f *flight) wait(ctx context.Context, done <-chan struct{}) error {
	for {
		select {
		case <-done:
			return nil
		default:
		}
		select {
		case <-done:
		case <-f.block():
			if err := f.blockedError(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// collect notes what came back. A message comes back before it is confirmed.
func (f *flight) collect() {
	for {
		select {
		case r, ok := <-f.returns:
			if !ok {
				return
			}
			fingerprint, _ := r.Headers["event_fingerprint"].(string)
			f.returned[r.MessageId+"-"+fingerprint+"-"+r.RoutingKey] = r.ReplyCode
		default:
			return
		}
	}
}

// identity is what a message has in common with what comes back of it. Two
// that share it go the same way.
func (f *flight) identity(m sent) string {
	e := &f.events[m.index]
	return e.ID + "-" + e.Fingerprint + "-" + m.key
}

func (f *flight) fail(index int, err error, permanent bool) {
	f.judged[index] = true
	f.failed = append(f.failed, sinks.EventError{Index: index, Err: err, Permanent: permanent})
}
