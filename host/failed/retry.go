package failed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"weir/host/frame"
	"weir/host/journal"
	"weir/host/judge"
	"weir/sinks"
)

// Journal is the journal as events that pass need it.
type Journal interface {
	Append(ctx context.Context, batches ...journal.Batch) ([]journal.Stored, error)
	Stats(ctx context.Context) (journal.Stats, error)
}

// Judge judges events by the schemas that there are.
type Judge interface {
	Refresh() error
	Again(e sinks.Event, now time.Time) (sinks.Event, judge.Outcome, string)
}

// Retrier judges failed events again and hands those that pass to all routes,
// each once. It is safe for concurrent use.
type Retrier struct {
	Store   *Store
	Journal Journal
	Judge   Judge

	mu sync.Mutex // one step at a time
}

// Selection says which failed events to judge again.
type Selection struct {
	App    string    `json:"app,omitempty"`
	Schema string    `json:"schema,omitempty"` // as in Query
	From   time.Time `json:"from,omitzero"`    // stored from then on …
	To     time.Time `json:"to,omitzero"`      // … and before then
	IDs    []int64   `json:"ids,omitempty"`
	After  int64     `json:"after,omitempty"` // the step goes on after this event
	UpTo   int64     `json:"up_to,omitempty"` // no later events; as the first step told
}

// Retried is what a step has done.
type Retried struct {
	After   int64  `json:"after"` // where the next step goes on
	UpTo    int64  `json:"up_to"` // the latest event when the first step began
	Done    bool   `json:"done,omitempty"`
	Waiting string `json:"waiting,omitempty"` // why nothing was done; the same step can be made again soon
	Judged  int    `json:"judged"`
	Passed  int    `json:"passed"`
	// Resumed are events that passed earlier, and were handed over just now:
	// that run was interrupted, or had to wait.
	Resumed int    `json:"resumed,omitempty"`
	Left    []Left `json:"left,omitempty"` // those that do not pass
}

// Left is an event that stays failed.
type Left struct {
	ID      int64         `json:"id"`
	EventID string        `json:"event_id"`
	App     string        `json:"app,omitempty"`
	Schema  string        `json:"schema,omitempty"`
	Outcome judge.Outcome `json:"outcome"`
	Why     string        `json:"why"`
}

// A SchemasError says that the schemas cannot be read as they are.
type SchemasError struct{ Err error }

func (e *SchemasError) Error() string {
	return "the schemas cannot be used as they are; nothing was judged: " + e.Err.Error()
}

func (e *SchemasError) Unwrap() error { return e.Err }

// What a step judges at most.
const (
	stepEvents = 500
	stepBytes  = 4 << 20
)

// Step judges a part of the selection; dry changes nothing. The first step
// reads the schemas again.
func (r *Retrier) Step(ctx context.Context, s Selection, dry bool) (Retried, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done := Retried{After: s.After, UpTo: s.UpTo}
	var err error
	if s.After == 0 {
		if err := r.Judge.Refresh(); err != nil {
			return done, &SchemasError{err}
		}
	}
	if done.UpTo == 0 {
		if done.UpTo, err = r.Store.latest(ctx); err != nil {
			return done, fmt.Errorf("listing failed events: %w", err)
		}
	}
	if !dry {
		if done.Resumed, done.Waiting, err = r.resume(ctx); err != nil || done.Waiting != "" {
			return done, err
		}
	}
	page, err := r.Store.List(ctx, Query{App: s.App, Schema: s.Schema, From: s.From, To: s.To, IDs: s.IDs,
		After: s.After, Before: done.UpTo + 1, Oldest: true, Limit: stepEvents, Bytes: stepBytes})
	if err != nil {
		return done, err
	}
	if len(page) == 0 {
		done.Done = true
		return done, nil
	}
	good := r.judge(&done, page)
	if !dry && len(good) > 0 {
		if done.Passed, err = r.Store.plan(ctx, journal.NewID(r.Store.now()), good); err != nil {
			return done, err
		}
		_, waiting, err := r.resume(ctx)
		if err != nil || waiting != "" {
			// They are planned: the next step hands them over.
			return Retried{After: s.After, UpTo: done.UpTo, Resumed: done.Resumed, Waiting: waiting}, err
		}
	}
	done.After = page[len(page)-1].ID
	return done, nil
}

// judge returns those of a page that pass, with their good envelopes.
func (r *Retrier) judge(done *Retried, page []Event) (good []Event) {
	now := r.Store.now()
	for _, kept := range page {
		done.Judged++
		e, err := sinks.ParseEvent(kept.Envelope)
		if err != nil {
			done.Left = append(done.Left, Left{ID: kept.ID, Outcome: judge.Other, Why: err.Error()})
			continue
		}
		e, outcome, why := r.Judge.Again(e, now)
		if outcome != judge.Passes {
			done.Left = append(done.Left, Left{kept.ID, e.ID, e.App, e.Schema, outcome, why})
			continue
		}
		done.Passed++
		kept.Envelope = e.Envelope
		good = append(good, kept)
	}
	return good
}

// Resume hands over what passed before a crash. It is for the start of a host;
// each step does so, too.
func (r *Retrier) Resume(ctx context.Context) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, waiting, err := r.resume(ctx)
	if err == nil && waiting != "" {
		err = errors.New(waiting)
	}
	return n, err
}

// resume hands over all batches that are planned.
func (r *Retrier) resume(ctx context.Context) (events int, waiting string, err error) {
	for {
		id, list, err := r.Store.planned(ctx)
		if err != nil || len(list) == 0 {
			return events, "", err
		}
		stats, err := r.Journal.Stats(ctx)
		if err != nil {
			return events, "", fmt.Errorf("reading the journal: %w", err)
		}
		if stats.Crowded() {
			return events, "less than a fifth of the journal is free", nil
		}
		b, err := batchOf(list)
		if err != nil {
			return events, "", err
		}
		_, err = r.Journal.Append(ctx, b.Batch(id, ""))
		switch {
		case errors.Is(err, journal.ErrFull), errors.Is(err, journal.ErrBusy):
			return events, err.Error(), nil
		case err != nil:
			return events, "", fmt.Errorf("handing over events that pass: %w", err)
		}
		if err := r.Store.handed(ctx, id); err != nil {
			return events, "", err
		}
		events += len(list)
	}
}

func batchOf(list []Event) (*frame.Builder, error) {
	b := new(frame.Builder)
	for i, kept := range list {
		e, err := sinks.ParseEvent(kept.Envelope)
		if err != nil {
			return nil, fmt.Errorf("event %d, which passed: %w", kept.ID, err)
		}
		if i == 0 {
			b.Origin(e.Collected.UnixMilli(), "")
		}
		b.Add(e)
	}
	return b, nil
}
