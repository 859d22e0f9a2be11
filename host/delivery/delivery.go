// Package delivery moves events from the journal to sinks. Each route has one
// durable reader, its own batches, retries and dead letters; each sink has a
// breaker. Routes share the journal, and what was parsed of its latest records;
// none waits for another, so a dead sink costs disk and nothing else.
//
// The way of a batch: read, judge, match, collect; make its end durable
// (Plan); spread it over writes, each of which is tried until it is stored or
// the events to blame are found; settle the position together with the dead
// letters.
package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"weir/host/config"
	"weir/host/journal"
	"weir/host/match"
	"weir/sinks"
)

// Metrics counts what delivery does. Its methods must not block.
type Metrics interface {
	Delivered(route, sink string, events int)
	Dead(route, sink string, events int)
	Filtered(route string, events int)
	Duplicates(route string, events int)
	Wrote(sink string, took time.Duration, err error)
}

// Route is one route to run. Journal, Sink and Settings are required.
type Route struct {
	Settings config.Route
	Journal  journal.Route
	Sink     *Sink
	// Window keeps events from being delivered again to a sink that would not
	// notice; may be nil.
	Window Window
	// Observe sees every event read, judged and before any filter; may be nil.
	Observe func(sinks.Event)
}

// Window remembers which events were delivered lately.
type Window interface {
	Unseen([]sinks.Event) []sinks.Event
	Add([]sinks.Event) error
}

// Status says how a route fares.
type Status struct {
	Route     string    `json:"route"`
	Sink      string    `json:"sink"`
	Breaker   string    `json:"breaker"` // closed | open | half-open
	Delivered int64     `json:"delivered"`
	Dead      int64     `json:"dead"`
	LastError string    `json:"last_error,omitempty"`
	FailedAt  time.Time `json:"failed_at,omitzero"`
}

// Delivery runs routes until it is drained.
type Delivery struct {
	runners []*runner
	log     *slog.Logger
	wg      sync.WaitGroup
	stop    context.CancelFunc
	drain   context.CancelFunc
}

// Start runs every route in a goroutine of its own. judge gives unresolved
// events a verdict, from several goroutines; nil leaves them as they are.
func Start(routes []Route, judge func(sinks.Event) sinks.Event, m Metrics, log *slog.Logger) (*Delivery, error) {
	hard, stop := context.WithCancel(context.Background())
	reading, drain := context.WithCancel(hard)
	d := &Delivery{log: log, stop: stop, drain: drain}
	read := newReader(len(routes), judge)
	for _, r := range routes {
		wanted, err := match.New(r.Settings.Rule())
		if err != nil {
			stop()
			return nil, fmt.Errorf("route %s: %w", r.Settings.Name, err)
		}
		d.runners = append(d.runners, newRunner(r, wanted, read, m, log.With("route", r.Settings.Name, "sink", r.Sink.Name)))
	}
	for _, r := range d.runners {
		d.wg.Go(func() { r.run(hard, reading) })
	}
	return d, nil
}

// Status describes every route, in the order in which they were given.
func (d *Delivery) Status() []Status {
	list := make([]Status, len(d.runners))
	for i, r := range d.runners {
		list[i] = r.status()
	}
	return list
}

// Drain delivers what the journal holds, as long as sinks take it at the first
// try, and then stops. When ctx ends first it stops at once: what was not
// settled is delivered after the next start.
func (d *Delivery) Drain(ctx context.Context) error {
	d.drain()
	done := make(chan struct{})
	go func() {
		d.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		d.stop()
		return nil
	case <-ctx.Done():
	}
	d.stop()
	// A sink that ignores its context must not hold the process.
	select {
	case <-done:
		return nil
	case <-time.After(time.Second):
		return fmt.Errorf("draining: a sink did not return: %w", ctx.Err())
	}
}
