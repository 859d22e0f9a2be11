// Package replay hands events to one route again: from the journal, as long as
// it keeps them, or from files that a sink has written.
//
// A replay goes by steps, each of which is bounded and complete in itself.
// Nothing remembers how far one has got: batches made for a replay have ids
// that follow from what is asked for and from what they hold, so the journal
// knows those that it has taken before. Asking again, after a crash or
// while another asks the same, does nothing twice.
package replay

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"weir/edge/envelope"
	"weir/host/frame"
	"weir/host/journal"
	"weir/sinks"
)

// Store is the journal as replays use it.
type Store interface {
	Scan(ctx context.Context, s journal.Span, l journal.Limit) ([]journal.Record, error)
	Append(ctx context.Context, batches ...journal.Batch) ([]journal.Stored, error)
	Stats(ctx context.Context) (journal.Stats, error)
}

// Replayer makes the steps of replays. It is safe for concurrent use.
type Replayer struct {
	Store Store
	// Judge gives unresolved events their verdict, as delivery does.
	Judge func(sinks.Event) sinks.Event
}

// Request says which events are handed to which route. Requests that are equal
// are one replay.
type Request struct {
	Route string    `json:"route"`
	From  time.Time `json:"from"` // events of batches received from then on …
	To    time.Time `json:"to"`   // … and before then
	Filter
	Again string `json:"again,omitempty"` // tells a replay from an equal one before
}

// A RequestError says what is wrong with a request.
type RequestError struct{ Reason string }

func (e *RequestError) Error() string { return e.Reason }

// check reports what is wrong with the span.
func (r *Request) check() error {
	switch {
	case r.From.IsZero() || r.To.IsZero():
		return &RequestError{"a replay needs the times from and to"}
	case !r.From.Before(r.To):
		return &RequestError{fmt.Sprintf("nothing lies from %s to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))}
	}
	return nil
}

// key is the same for equal requests, however they are spelled.
func (r Request) key() []byte {
	r.From, r.To = r.From.UTC(), r.To.UTC()
	if r.Verdict == "all" {
		r.Verdict = ""
	}
	for _, list := range []*[]string{&r.Apps, &r.Schemas, &r.Names} {
		*list = slices.Compact(slices.Sorted(slices.Values(*list)))
	}
	r.Where = slices.Clone(r.Where)
	slices.SortFunc(r.Where, func(a, b condition) int { return strings.Compare(a.String(), b.String()) })
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings and times
	}
	sum := sha256.Sum256(append([]byte("weir replay of the journal, 1\n"), text...))
	return sum[:]
}

// Progress is what a step has done.
type Progress struct {
	After   int64  `json:"after"`             // the batch that the next step goes on after
	Done    bool   `json:"done,omitempty"`    // there is no next step
	Waiting string `json:"waiting,omitempty"` // why nothing was done; the same step can be made again soon
	Batches int    `json:"batches"`           // read
	Counts
	Known int64 `json:"known"` // events that had been handed over before
	// Skipped are lines that no route can read: they are dead letters already.
	Skipped int64 `json:"skipped,omitempty"`
	// Damaged are batches that storage damaged: they are in quarantine.
	Damaged int64 `json:"damaged,omitempty"`
	// Removed is how many batches retention has removed before they could be read, at most.
	Removed int64     `json:"removed,omitempty"`
	Seen    time.Time `json:"seen,omitzero"` // when the last batch read was received
	// Kept is when the oldest batch that the journal keeps was received. Told by the first step.
	Kept time.Time `json:"kept,omitzero"`
}

// Step hands over a part of what the request asks for: of the batches that
// follow batch after, 0 for the first step. A dry step only counts.
func (p *Replayer) Step(ctx context.Context, r Request, after int64, dry bool) (Progress, error) {
	wanted, err := r.matcher()
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return Progress{}, err
	}
	before, err := p.room(ctx, r.Route)
	if err != nil {
		return Progress{}, err
	}
	if before.waiting != "" && !dry {
		return Progress{After: after, Waiting: before.waiting}, nil
	}
	done := Progress{After: after}
	records, err := p.Store.Scan(ctx, journal.Span{From: r.From, To: r.To, After: after}, before.limit)
	if err != nil {
		return Progress{}, fmt.Errorf("reading the journal: %w", err)
	}
	if done.Removed, err = p.removed(ctx, after, records); err != nil {
		return Progress{}, err
	}
	if after == 0 {
		if done.Kept, err = p.kept(ctx); err != nil {
			return Progress{}, err
		}
	}
	var batches []journal.Batch
	key := r.key()
	for _, rec := range records {
		if b, ok := p.copy(&done, rec, wanted, r.Route, key); ok {
			batches = append(batches, b)
		}
	}
	if n := len(records); n > 0 {
		done.Batches, done.After, done.Seen = n, records[n-1].Seq, records[n-1].Received
	}
	done.Done = len(records) == 0
	if dry || len(batches) == 0 {
		return done, nil
	}
	stored, err := p.Store.Append(ctx, batches...)
	switch {
	case errors.Is(err, journal.ErrFull), errors.Is(err, journal.ErrBusy):
		return Progress{After: after, Waiting: err.Error()}, nil
	case err != nil:
		return Progress{}, fmt.Errorf("handing events to route %s: %w", r.Route, err)
	}
	for i, s := range stored {
		if s.Known {
			done.Known += int64(batches[i].Events)
		}
	}
	return done, nil
}

// copy makes a batch of the wanted events of a record, and counts them.
func (p *Replayer) copy(done *Progress, rec journal.Record, wanted *matcher, route string, key []byte) (journal.Batch, bool) {
	batch, err := envelope.NewReader(rec.Frame).Next()
	if rec.Frame == nil || err != nil {
		done.Damaged++
		return journal.Batch{}, false
	}
	var b frame.Builder
	b.Origin(batch.Header.Captured, batch.Header.Bundle)
	for _, line := range batch.Events {
		e, err := sinks.ParseEvent(line)
		if err != nil {
			done.Skipped++
			continue
		}
		judged := e
		if e.Verdict == envelope.Unresolved.String() {
			judged = p.Judge(e)
		}
		if !wanted.match(judged) {
			continue
		}
		done.add(judged, rec.Received)
		b.Add(e)
	}
	if b.Events() == 0 {
		return journal.Batch{}, false
	}
	return b.Batch(journal.DerivedID(rec.Received, key, rec.ID[:]), route), true
}

// removed returns how many batches between after and the first record are gone.
func (p *Replayer) removed(ctx context.Context, after int64, records []journal.Record) (int64, error) {
	if after == 0 {
		return 0, nil
	}
	s, err := p.Store.Stats(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the journal: %w", err)
	}
	oldest := s.Oldest
	if oldest == 0 {
		oldest = s.Head + 1
	}
	if len(records) > 0 {
		oldest = min(oldest, records[0].Seq)
	}
	return max(oldest-1-after, 0), nil
}

// kept returns when the oldest batch was received, zero when there is none.
func (p *Replayer) kept(ctx context.Context) (time.Time, error) {
	first, err := p.Store.Scan(ctx, journal.Span{From: time.Unix(0, 0), To: time.Now().Add(365 * 24 * time.Hour)}, journal.Limit{Records: 1, Bytes: 1})
	if err != nil || len(first) == 0 {
		return time.Time{}, err
	}
	return first[0].Received, nil
}
