package mqtt

import (
	"context"
	"fmt"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/template"
)

// chunk is how much is buffered before it is sent, in bytes.
const chunk = 64 << 10

// Sink publishes over one connection.
type Sink struct {
	config  Config
	servers []server
	topic   template.Template
	format  format.Format
	expiry  *uint32 // seconds; nil: none

	conn    *connection // nil while closed
	payload []byte
}

func newSink(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Sink{config: c}
	for _, text := range c.Servers {
		at, err := parseServer(text)
		if err != nil {
			return nil, fmt.Errorf("servers: %w", err)
		}
		s.servers = append(s.servers, at)
	}
	var err error
	if s.topic, err = parseTopic(c.Topic); err != nil {
		return nil, fmt.Errorf("topic: %w", err)
	}
	if s.format, err = format.New(c.Format); err != nil {
		return nil, err
	}
	if c.Expiry > 0 {
		seconds := uint32(c.Expiry / time.Second)
		s.expiry = &seconds
	}
	return s, nil
}

// Open connects to the first broker that takes the connection.
func (s *Sink) Open(ctx context.Context) error {
	if s.conn != nil {
		if s.conn.alive() {
			return nil
		}
		s.drop()
	}
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	s.conn = conn
	return nil
}

// Write publishes every event and waits for the broker's acknowledgement of
// each. As many are in flight as the broker allows, in the order of the batch.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	switch {
	case s.conn == nil:
		return sinks.ErrNotConnected
	case !s.conn.alive():
		return s.lose(s.conn.err)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	// Sending to a broker that does not read ends with ctx, too.
	conn := s.conn.conn
	stop := context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Unix(1, 0)) })
	failed, err := s.publish(ctx, b.Events)
	switch {
	case err != nil:
		stop()
		return s.lose(err)
	case !stop(): // too late for these events, but the connection is of no more use
		s.drop()
	}
	return sinks.Outcome(failed, len(b.Events))
}

// publish returns the events that the format or the broker refused. When the
// connection is lost, all that was not acknowledged is among them, as long as
// the broker has judged any: some hang up on a client because of one message, and
// the others must not share its fate for ever. The error says that nothing is
// known of any event.
func (s *Sink) publish(ctx context.Context, events []sinks.Event) (failed []sinks.EventError, err error) {
	c := s.conn
	judged := make([]bool, len(events))
	acks := 0
	settle := func() error {
		a, err := c.await(ctx)
		if err != nil {
			return err
		}
		acks++
		judged[a.index] = true
		if a.code >= 0x80 {
			failed = append(failed, s.refusal(a))
		}
		return nil
	}
	send := func() error {
		for i := range events {
			message, err := s.message(&events[i])
			if err == nil && c.largest > 0 && size(message) > c.largest {
				err = fmt.Errorf("the message has %d bytes, the broker takes %d", size(message), c.largest)
			}
			if err != nil {
				judged[i] = true
				failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
				continue
			}
			for c.inFlight == c.window {
				if err := settle(); err != nil {
					return err
				}
			}
			if err := c.send(ctx, message, i); err != nil {
				return err
			}
		}
		for c.inFlight > 0 {
			if err := settle(); err != nil {
				return err
			}
		}
		return nil
	}
	if err = send(); err == nil || ctx.Err() != nil {
		return failed, err
	}
	for len(c.session.acks) > 0 { // they came before the end
		if settle() != nil {
			break
		}
	}
	if acks == 0 {
		return nil, err
	}
	for i, done := range judged {
		if !done {
			failed = append(failed, sinks.EventError{Index: i, Err: fmt.Errorf("%w: publishing to %s: %w", sinks.ErrNotConnected, c.address, err)})
		}
	}
	return failed, nil
}

// message is the PUBLISH packet of an event. Its payload lasts until the next.
func (s *Sink) message(e *sinks.Event) (*packets.Publish, error) {
	var err error
	if s.payload, err = s.format.Append(s.payload[:0], *e); err != nil {
		return nil, err
	}
	text := byte(1) // the payload is UTF-8
	p := &packets.Publish{
		Topic: s.topicOf(e), QoS: byte(s.config.QoS), Retain: s.config.Retain, Payload: s.payload,
		Properties: &packets.Properties{PayloadFormat: &text, ContentType: s.format.ContentType(), MessageExpiry: s.expiry},
	}
	for _, u := range [...]packets.User{{Key: "event_id", Value: e.ID}, {Key: "event_fingerprint", Value: e.Fingerprint}, {Key: "schema", Value: e.Schema}} {
		if u.Value != "" && len(u.Value) <= 256 && valid(u.Value) {
			p.Properties.User = append(p.Properties.User, u)
		}
	}
	return p, nil
}

// refusal is what an acknowledgement with a failure means for an event.
func (s *Sink) refusal(a ack) sinks.EventError {
	err := reason(a.code).classify(fmt.Errorf("publishing to %s: %w", s.conn.address, reason(a.code)))
	return sinks.EventError{Index: a.index, Err: err, Permanent: sinks.IsPermanent(err)}
}

// lose lets go of a connection that is gone, or whose state is not known.
func (s *Sink) lose(err error) error {
	c := s.conn
	s.drop()
	return c.lostError(err)
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
