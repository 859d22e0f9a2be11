package delivery

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"weir/sinks"
)

// Sink is a destination with what all routes to it share: whether it is
// connected, its breaker, and how many writes it takes at once.
type Sink struct {
	Name string

	sink    sinks.Sink
	breaker *breaker
	slots   chan struct{}

	mu   chan struct{} // held while open is read or changed, and while the sink opens
	open bool
}

// NewSink wraps a sink that has not been opened.
func NewSink(name string, s sinks.Sink) *Sink {
	slots := 1
	if l, ok := s.(sinks.Limiter); ok {
		slots = max(1, l.Limits().InFlight)
	}
	return &Sink{Name: name, sink: s, breaker: newBreaker(), slots: make(chan struct{}, slots), mu: make(chan struct{}, 1)}
}

// lock takes mu as long as ctx lets it wait: a sink may hang while it opens.
func (s *Sink) lock(ctx context.Context) error {
	select {
	case s.mu <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.mu <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the sink is still opening: %w", ctx.Err())
	}
}

func (s *Sink) unlock() { <-s.mu }

// Breaker returns the state of the sink's breaker: closed, open or half-open.
func (s *Sink) Breaker() string { return s.breaker.state() }

// Close closes the sink if it is open. One that hangs while it opens is left
// when ctx ends.
func (s *Sink) Close(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	if !s.open {
		return nil
	}
	s.open = false
	return guard(func() error { return s.sink.Close(ctx) })
}

// write opens the sink if need be and writes one batch. It is errStopped when
// the breaker is open and reading has ended. A failure to write what is suspected
// of causing failures says nothing of the sink.
func (s *Sink) write(ctx, reading context.Context, timeout time.Duration, b sinks.Batch, suspected bool, m Metrics) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.breaker.allow(ctx, reading); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	err := s.connect(ctx)
	if err == nil {
		err = guard(func() error { return s.sink.Write(ctx, b) })
	}
	if errors.Is(err, sinks.ErrNotConnected) {
		if s.lock(ctx) == nil { // else it is being opened
			s.open = false
			s.unlock()
		}
	}
	m.Wrote(s.Name, time.Since(start), err)
	if ok := alive(err); ok || !suspected {
		s.breaker.record(ok)
	} else {
		s.breaker.forgo()
	}
	return err
}

// alive reports whether a result shows that the sink works, even if it
// refused what it was given.
func alive(err error) bool {
	var partial *sinks.BatchError
	_, throttled := sinks.IsThrottled(err)
	return err == nil || throttled || errors.As(err, &partial) || sinks.IsPermanent(err)
}

func (s *Sink) connect(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return &openError{err}
	}
	defer s.unlock()
	if s.open {
		return nil
	}
	// A sink that cannot be opened is away, whatever it says: that is never an
	// event's fault.
	if err := guard(func() error { return s.sink.Open(ctx) }); err != nil {
		return &openError{err}
	}
	s.open = true
	return nil
}

// openError says why a sink did not open. No event has to do with it.
type openError struct{ err error }

func (e *openError) Error() string { return fmt.Sprintf("%v: %v", sinks.ErrNotConnected, e.err) }
func (e *openError) Unwrap() error { return sinks.ErrNotConnected }

// panicError is a panic of a sink.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("the sink panicked: %v", e.value) }

// guard turns a panic into an error: one sink's mistake must not end the host.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return f()
}
