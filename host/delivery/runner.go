package delivery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"weir/host/config"
	"weir/host/journal"
	"weir/host/match"
	"weir/sinks"
)

// runner is one route at work.
type runner struct {
	name    string
	cfg     config.Route
	source  *source
	plan    plan
	window  Window // may be nil
	journal journal.Route
	sink    *Sink
	metrics Metrics
	log     *slog.Logger

	mu        sync.Mutex
	delivered int64
	dead      int64
	lastError string
	failedAt  time.Time
}

func newRunner(r Route, wanted *match.Matcher, read *reader, m Metrics, log *slog.Logger) *runner {
	p := newPlan(r.Settings, r.Sink)
	return &runner{name: r.Settings.Name, cfg: r.Settings, journal: r.Journal, sink: r.Sink, metrics: m, log: log,
		plan: p, window: r.Window, source: newSource(r, p, wanted, read, log)}
}

// run delivers batches until the journal ends, or hard ends; once reading has
// ended it drains.
func (r *runner) run(hard, reading context.Context) {
	for {
		b, err := r.source.next(hard, reading)
		switch {
		case errors.Is(err, errDrained), hard.Err() != nil, errors.Is(err, journal.ErrClosed):
			return
		case errors.Is(err, journal.ErrBroken):
			return // the host ends the process
		case err != nil:
			r.failed(err)
			if !pause(hard, time.Second) {
				return
			}
			continue
		}
		if err := r.deliver(hard, reading, b); err != nil {
			if hard.Err() == nil && !errors.Is(err, errStopped) && !errors.Is(err, journal.ErrClosed) {
				r.failed(err)
			}
			return
		}
	}
}

// deliver writes one batch and settles it. An error means that it was not settled.
func (r *runner) deliver(hard, reading context.Context, b batch) error {
	r.metrics.Filtered(r.name, b.filtered)
	dead := b.unreadable
	if r.window != nil {
		unseen := r.window.Unseen(b.events)
		r.metrics.Duplicates(r.name, len(b.events)-len(unseen))
		b.events = unseen
	}
	if len(b.events) > 0 {
		if err := r.journal.Plan(hard, b.end); err != nil && !errors.Is(err, journal.ErrFull) && !errors.Is(err, journal.ErrBusy) {
			// Without a durable plan the batch may come out longer after a
			// crash: a duplicate at worst, so a full journal does not stop it.
			return err
		}
		died, err := r.writeAll(hard, reading, b.events)
		if err != nil {
			return err
		}
		dead = append(dead, died...)
		r.remembered(b.events, died)
		r.count(len(b.events)-len(died), len(dead))
	} else if len(dead) > 0 {
		r.count(0, len(dead))
	}
	for {
		err := r.journal.Settle(hard, b.end, dead)
		if !errors.Is(err, journal.ErrFull) && !errors.Is(err, journal.ErrBusy) {
			return err
		}
		r.failed(err)
		if !pause(hard, time.Second) {
			return err
		}
	}
}

// remembered adds to the window what was stored, all at once: a batch repeated
// after a crash is whole, or gone.
func (r *runner) remembered(events []sinks.Event, died []journal.DeadLetter) {
	if r.window == nil {
		return
	}
	if len(died) > 0 {
		dead := make(map[string]bool, len(died))
		for _, d := range died {
			dead[d.EventID] = true
		}
		events = slices.DeleteFunc(slices.Clone(events), func(e sinks.Event) bool { return dead[e.ID] })
	}
	// The events are stored: at worst they are delivered twice if they come again.
	if err := r.window.Add(events); err != nil && r.remember(err) {
		r.log.Error("delivery: delivered events cannot be remembered; sent again they are delivered twice", "error", err)
	}
}

func (r *runner) count(delivered, dead int) {
	r.mu.Lock()
	r.delivered += int64(delivered)
	r.dead += int64(dead)
	r.mu.Unlock()
	if delivered > 0 {
		r.metrics.Delivered(r.name, r.sink.Name, delivered)
	}
	if dead > 0 {
		r.metrics.Dead(r.name, r.sink.Name, dead)
		r.log.Warn("delivery: events became dead letters", "events", dead)
	}
}

// failed remembers an error of the journal, and logs it when it is not the one
// before.
func (r *runner) failed(err error) {
	if r.remember(err) {
		r.log.Warn("delivery: the journal failed", "error", err)
	}
}

// unwritten remembers what a write came to. What a sink or its destination
// says may quote events, so the log has only what cannot; dead letters and the
// status page, which are protected like events, have it all.
func (r *runner) unwritten(err error) {
	if !r.remember(err) {
		return
	}
	attrs := []any{"error", loggable(err)}
	var p *panicError
	if errors.As(err, &p) {
		attrs = append(attrs, "stack", string(p.stack))
	}
	r.log.Warn("delivery: a write failed; dead letters and status say more", attrs...)
}

// remember keeps an error for the status page and reports whether it is news.
func (r *runner) remember(err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	repeated := r.lastError == err.Error() && time.Since(r.failedAt) < time.Minute
	r.lastError, r.failedAt = err.Error(), time.Now()
	return !repeated
}

func (r *runner) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Status{Route: r.name, Sink: r.sink.Name, Breaker: r.sink.breaker.state(), Delivered: r.delivered, Dead: r.dead,
		LastError: r.lastError, FailedAt: r.failedAt}
}

// letter makes a dead letter of an event.
func (r *runner) letter(e sinks.Event, reason error, tries int) journal.DeadLetter {
	return journal.DeadLetter{Route: r.name, Sink: r.sink.Name, EventID: e.ID, App: e.App, Schema: e.Schema,
		Reason: reason.Error(), Tries: tries, Envelope: e.Envelope, Died: time.Now()}
}
