// Package sinktest is the suite that every sink passes against the real thing:
// the server, the file, the pipe. A sink's own test describes its destination
// and its promise, and calls [Run]:
//
//	func TestSink(t *testing.T) {
//		server := …
//		sinktest.Run(t, sinktest.Harness{
//			Unique: true,
//			Start:  func(t testing.TB) sinktest.Destination { … },
//		})
//	}
//
// [RunKind] checks what surrounds a sink: its registration, configuration,
// examples and README. [Benchmark] measures it.
package sinktest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"weir/sinks"
)

// Harness is a sink's promise and the way to a place where it is kept. What is
// promised is tested; what is not promised is not held against the sink.
type Harness struct {
	// Start returns a destination of its own, empty. It lasts as long as the test.
	Start func(t testing.TB) Destination

	// Unique: an event written again is stored once.
	Unique bool
	// Ordered: events are stored in the order written.
	Ordered bool
	// Shared: several sinks may write to the destination at a time.
	Shared bool
	// Stateless: the sink holds no connection, so that an outage is seen by
	// Write alone, and Open has nothing to lose.
	Stateless bool
	// NUL is what the destination holds in place of U+0000, a lone surrogate or
	// invalid UTF-8. Empty: it keeps the first as it is.
	NUL string
}

// Destination is where the sinks of one test write.
type Destination struct {
	// New returns a sink that is not open yet.
	New func() sinks.Sink
	// Stored reads back what is stored, in the destination's order.
	Stored func(t testing.TB) []Stored

	// Poison returns events made out of e that the destination refuses, called
	// when a sink has been opened. Nil: it refuses none.
	Poison func(t testing.TB, e sinks.Event) []sinks.Event
	// Outage takes the server away while during runs. Nil: there is no server.
	Outage func(t testing.TB, during func())
	// Forbid takes away a permission that the sink needs. Nil: there is none to take.
	Forbid func(t testing.TB)
}

// patience bounds everything that the suite waits for. It is far beyond what
// any step needs, as test machines are slow and shared.
const patience = 60 * time.Second

// Run holds a sink to its promise.
func Run(t *testing.T, h Harness) {
	for _, b := range behaviours {
		t.Run(b.name, func(t *testing.T) {
			s := &suite{T: t, Harness: h, Destination: h.Start(t)}
			if b.applies != nil && !b.applies(s) {
				t.Skipf("not part of this sink's promise: %s", b.name)
			}
			s.ctx, s.cancel = context.WithTimeout(t.Context(), patience)
			defer s.cancel()
			b.test(s)
		})
	}
}

// Env is what a host would lend a sink, for tests.
func Env(t testing.TB) sinks.Env {
	return sinks.Env{Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil)), DataDir: t.TempDir()}
}

// suite is one behaviour's test.
type suite struct {
	*testing.T
	Harness
	Destination
	ctx    context.Context
	cancel context.CancelFunc
}

// open returns an open sink that is closed when the test ends.
func (s *suite) open() sinks.Sink {
	s.Helper()
	sink := s.New()
	if err := sink.Open(s.ctx); err != nil {
		s.Fatalf("Open: %v", err)
	}
	s.Cleanup(func() { s.close(sink) })
	return sink
}

func (s *suite) close(sink sinks.Sink) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := sink.Close(ctx); err != nil {
		s.Errorf("Close: %v", err)
	}
}

// write writes events and expects all of them to be durable.
func (s *suite) write(sink sinks.Sink, events []sinks.Event) {
	s.Helper()
	for i, b := range batches(sink, events) {
		if err := sink.Write(s.ctx, b); err != nil {
			s.Fatalf("Write of batch %d, %d events: %v", i, len(b.Events), err)
		}
	}
}

// deliver writes as delivery does: opens again when told so, a bounded number of times.
func (s *suite) deliver(sink sinks.Sink, events []sinks.Event) {
	s.Helper()
	for _, b := range batches(sink, events) {
		var err error
		for range 10 {
			err = sink.Write(s.ctx, b)
			if errors.Is(err, sinks.ErrNotConnected) {
				if err := sink.Open(s.ctx); err != nil {
					s.Fatalf("Open after ErrNotConnected: %v", err)
				}
			} else if !s.Stateless || err == nil || sinks.IsPermanent(err) {
				break // a stateless sink may be the first to find a connection dead
			}
		}
		if err != nil {
			s.Fatalf("Write: %v", err)
		}
	}
}

// batches cuts events into batches within the sink's limits.
func batches(sink sinks.Sink, events []sinks.Event) (list []sinks.Batch) {
	most, bytes := len(events), 1<<62
	if l, ok := sink.(sinks.Limiter); ok {
		limits := l.Limits()
		if limits.Events > 0 {
			most = min(most, limits.Events)
		}
		if limits.Bytes > 0 {
			bytes = limits.Bytes
		}
	}
	for len(events) > 0 {
		n, size := 1, len(events[0].Envelope)
		for n < most && n < len(events) && size+len(events[n].Envelope) <= bytes {
			size += len(events[n].Envelope)
			n++
		}
		list = append(list, sinks.Batch{ID: fmt.Sprintf("%s-%d", events[0].ID, n), Events: events[:n]})
		events = events[n:]
	}
	return list
}

// holds compares what is stored with what must be. Where the promise does not
// exclude duplicates, an event may be there more than once if twice allows it.
// Of very many events every tenth is compared in full, as decoding takes long.
func (s *suite) holds(twice bool, want ...sinks.Event) {
	s.Helper()
	stored := s.Stored(s)
	byID := make(map[string][]Stored, len(stored))
	for _, x := range stored {
		byID[x.ID] = append(byID[x.ID], x)
	}
	wrong := 0
	report := func(format string, args ...any) {
		s.Helper()
		if wrong++; wrong <= 5 {
			s.Errorf(format, args...)
		}
	}
	known := make(map[string]bool, len(want))
	for i, e := range want {
		known[e.ID] = true
		found := byID[e.ID]
		if len(found) == 0 {
			report("event %s is not stored", e.ID)
		} else if len(found) > 1 && (s.Unique || !twice) {
			report("event %s is stored %d times", e.ID, len(found))
		}
		if len(want) > 2_000 && i%10 != 3 {
			continue
		}
		for _, x := range found {
			if d := x.differs(e); d != "" {
				report("event %s: %s", e.ID, d)
			}
		}
	}
	for id := range byID {
		if !known[id] {
			report("event %q is stored and was not written", id)
		}
	}
	if wrong > 5 {
		s.Errorf("… and %d more", wrong-5)
	}
	if wrong == 0 && s.Ordered && !twice {
		for i, x := range stored {
			if x.ID != want[i].ID {
				s.Fatalf("event %s is stored at place %d, written at that place was %s", x.ID, i, want[i].ID)
			}
		}
	}
}
