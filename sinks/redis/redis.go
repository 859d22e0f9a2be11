package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"weir/sinks"
	"weir/sinks/format"
)

// Sink appends to one stream over one connection.
type Sink struct {
	config  Config
	log     *slog.Logger
	format  format.Format
	server  *server // nil while closed
	told    bool    // the log knows how durable the server is
	entries []entry
	text    []byte // of all entries
}

// entry is one event of a batch on its way.
type entry struct {
	event *sinks.Event
	index int // in the batch
	text  []byte
}

func newSink(c Config, log *slog.Logger) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	f, err := format.New(c.Format)
	if err != nil {
		return nil, err
	}
	return &Sink{config: c, log: log, format: f}, nil
}

// Limits keeps a batch small enough not to hold up the server's other clients.
// One Write at a time keeps the order.
func (s *Sink) Limits() sinks.Limits { return sinks.Limits{Events: 1000, Bytes: 4 << 20, InFlight: 1} }

// Open finds the server that takes writes and learns what it can do.
func (s *Sink) Open(ctx context.Context) error {
	if s.server != nil {
		return nil
	}
	v, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := v.learn(ctx, &s.config); err != nil {
		v.close()
		return fmt.Errorf("opening stream %s: %w", s.config.Stream, err)
	}
	if !s.told {
		s.told = true
		v.persistence(ctx).tell(ctx, s.log, &s.config)
	}
	s.server = v
	return nil
}

// Write sends the batch in one go and waits for every answer.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	v := s.server
	if v == nil {
		return sinks.ErrNotConnected
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	failed := s.render(v, b)
	if len(s.entries) > 0 {
		stop := context.AfterFunc(ctx, v.hangUp)
		errs, err := v.store(ctx, &s.config, s.entries)
		if !stop() { // the connection was cut, in the midst of an answer perhaps
			err = errors.Join(context.Cause(ctx), err)
		}
		if err != nil {
			return s.failure(ctx, err)
		}
		for i, err := range errs {
			if err != nil {
				failed = append(failed, sinks.EventError{Index: s.entries[i].index, Err: explain(err)})
			}
		}
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

// render spells the events. Those that cannot be spelled, or are larger than
// what the server takes, fail for good.
func (s *Sink) render(v *server, b sinks.Batch) (failed []sinks.EventError) {
	s.entries, s.text = s.entries[:0], s.text[:0]
	for i := range b.Events {
		start := len(s.text)
		var err error
		if s.text, err = s.format.Append(s.text, b.Events[i]); err == nil && int64(len(s.text)-start) > v.largest {
			s.text = s.text[:start]
			err = fmt.Errorf("the event is larger than the %s that the server takes: raise proto-max-bulk-len", sinks.Size(v.largest))
		}
		if err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		// Its text moves as more are added: the length is all that can be kept.
		s.entries = append(s.entries, entry{event: &b.Events[i], index: i, text: s.text[start:]})
	}
	at := 0
	for i := range s.entries {
		n := len(s.entries[i].text)
		s.entries[i].text = s.text[at : at+n]
		at += n
	}
	return failed
}

// failure tells what the server answered from a connection that is of no use
// any more. After the latter it is not known what of the batch is stored.
func (s *Sink) failure(ctx context.Context, err error) error {
	err = fmt.Errorf("writing to stream %s: %w", s.config.Stream, explain(err))
	if ctx.Err() == nil && !isDisconnect(err) {
		return err
	}
	s.server.close()
	s.server = nil
	return fmt.Errorf("%w: %w", sinks.ErrNotConnected, err)
}

// Close hangs up.
func (s *Sink) Close(context.Context) error {
	if s.server != nil {
		s.server.close()
		s.server = nil
	}
	return nil
}
