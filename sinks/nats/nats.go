package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/template"
)

// Sink publishes to one stream over one connection.
type Sink struct {
	config  Config
	log     *slog.Logger
	subject template.Template
	format  format.Format
	link    *link // nil while closed
	warned  bool  // the log knows what weakens the promise
	text    []byte
	pending []pending
}

// pending is an event whose acknowledgement has not been looked at.
type pending struct {
	index int // in the batch
	ack   jetstream.PubAckFuture
}

func newSink(c Config, log *slog.Logger) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s, err := parseSubject(c.Subject)
	if err != nil {
		return nil, err
	}
	f, err := format.New(c.Format)
	if err != nil {
		return nil, err
	}
	return &Sink{config: c, log: log, subject: s, format: f}, nil
}

// Limits keeps a batch small; one Write at a time keeps the order.
func (s *Sink) Limits() sinks.Limits { return sinks.Limits{Events: 1000, Bytes: 4 << 20, InFlight: 1} }

// Open connects to one of the servers and creates the stream if asked to.
func (s *Sink) Open(ctx context.Context) error {
	if s.link != nil && !s.link.conn.IsClosed() {
		return nil
	}
	s.hangUp()
	l, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if s.config.Create {
		if err := l.ask(ctx, s.config.Timeout, func(ctx context.Context) error { return s.create(ctx, l) }); err != nil {
			l.hangUp()
			return fmt.Errorf("creating stream %s: %w", s.config.Stream, explain(err))
		}
	}
	if !s.warned {
		s.warned = true
		// Writes tell of a stream that is not there; a user may lack the permission to look.
		if info, err := s.info(ctx, l); err == nil {
			s.warn(&info.Config)
		}
	}
	s.link = l
	return nil
}

// Write publishes the batch and waits for the acknowledgement of every event.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	if s.link == nil || s.link.conn.IsClosed() {
		return sinks.ErrNotConnected
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, s.link.cut)
	failed, err := s.publish(ctx, b)
	if !stop() { // the connection was cut
		err = errors.Join(context.Cause(ctx), err)
	}
	if err != nil {
		// Acknowledgements that are still to come would be taken for those of the next batch.
		s.hangUp()
		return fmt.Errorf("%w: publishing to stream %s: %w", sinks.ErrNotConnected, s.config.Stream, explain(err))
	}
	if len(failed) == 0 {
		return nil
	}
	if common := allFailed(failed, len(b.Events)); common != nil {
		return fmt.Errorf("publishing to stream %s: %w", s.config.Stream, common)
	}
	return &sinks.BatchError{Failed: failed}
}

// publish sends the events with a bounded number of them under way. Its error
// is that of the connection.
func (s *Sink) publish(ctx context.Context, b sinks.Batch) (failed []sinks.EventError, err error) {
	patience := time.NewTimer(s.config.Timeout)
	defer patience.Stop()
	clear(s.pending)
	s.pending = s.pending[:0]
	next := 0 // of pending, to be looked at
	settle := func() error {
		p := s.pending[next]
		next++
		refusal, err := s.link.wait(ctx, p.ack, patience, s.config.Timeout)
		if refusal != nil {
			failed = append(failed, refused(p.index, refusal))
		}
		return err
	}
	for i := range b.Events {
		if len(s.pending)-next >= s.config.InFlight {
			if err := settle(); err != nil {
				return nil, err
			}
		}
		m, err := s.message(&b.Events[i])
		if err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		ack, err := s.link.js.PublishMsgAsync(m, onlyOnce)
		if errors.Is(err, nats.ErrMaxPayload) {
			failed = append(failed, sinks.EventError{Index: i, Permanent: true,
				Err: fmt.Errorf("the event is larger than the max_payload of the server, %s: raise it there", sinks.Size(s.link.conn.MaxPayload()))})
			continue
		}
		if err != nil {
			return nil, err
		}
		s.pending = append(s.pending, pending{i, ack})
	}
	for next < len(s.pending) {
		if err := settle(); err != nil {
			return nil, err
		}
	}
	return failed, nil
}

// onlyOnce has the client library not publish again by itself, out of order.
var onlyOnce = jetstream.WithRetryAttempts(0)

// message spells an event. The library has copied it when publishing returns.
func (s *Sink) message(e *sinks.Event) (*nats.Msg, error) {
	var err error
	if s.text, err = s.format.Append(s.text[:0], *e); err != nil {
		return nil, err
	}
	var room [256]byte
	m := &nats.Msg{Subject: string(s.appendSubject(room[:0], e)), Data: s.text, Header: nats.Header{
		jetstream.MsgIDHeader:          {e.ID + "-" + e.Fingerprint},
		jetstream.ExpectedStreamHeader: {s.config.Stream},
		"content-type":                 {s.format.ContentType()},
		"verdict":                      {e.Verdict},
	}}
	if e.App != "" {
		m.Header["app_id"] = []string{e.App}
	}
	if e.Schema != "" {
		m.Header["schema"] = []string{e.Schema}
	}
	return m, nil
}

// allFailed returns the error that all n events of a batch have, if none of
// them is stored and none is to blame.
func allFailed(failed []sinks.EventError, n int) error {
	if len(failed) < n {
		return nil
	}
	for _, f := range failed {
		if f.Permanent {
			return nil
		}
	}
	return failed[0].Err
}

// Close hangs up.
func (s *Sink) Close(context.Context) error {
	s.hangUp()
	return nil
}

func (s *Sink) hangUp() {
	if s.link != nil {
		s.link.hangUp()
		s.link = nil
	}
}
