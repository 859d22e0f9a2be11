// Package journal is the durable log between ingest and delivery: what an edge
// was told is safe, how far each route has got, and what a sink gave up on.
//
// An implementation keeps these promises, which journaltest checks:
//
//   - Append returns after the batches and their ids have reached stable
//     storage, in one atomic step. A batch whose id is already known is
//     success and is stored once.
//   - Each route reads every batch, in the order in which they were stored,
//     from a durable position of its own. Delivery is at least once: what was
//     not settled before a crash is read again.
//   - Dead letters are stored in the step that moves the position past them,
//     so an event is never neither queued nor dead.
//   - Opening never deletes, truncates or recreates what cannot be read.
//   - Full is [ErrFull], at once and reversible. Any other error of storage is
//     [ErrBroken]: the process ends and recovers by restarting, because after a
//     failed sync a later successful one proves nothing.
package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrFull says that the journal has reached its limit. It accepts again
	// once routes have moved on.
	ErrFull = errors.New("journal is full")
	// ErrDeadFull is the ErrFull of dead letters: they have filled their share
	// of the journal. Their route stands still until some are retried or
	// dropped; nothing is deleted to make room.
	ErrDeadFull = fmt.Errorf("%w of dead letters: retry or drop some, the route goes on by itself then", ErrFull)
	// ErrBusy says that the storage was not available for too long: another
	// program held it, or it could not be reached. Trying again is safe.
	ErrBusy = errors.New("journal is not available for the time being")
	// ErrBroken says that storage failed and that nothing more is accepted
	// until the process has been restarted.
	ErrBroken = errors.New("journal storage failed")
	// ErrRetried says that a dead letter was retried or dropped meanwhile.
	ErrRetried = errors.New("dead letter was retried or dropped already")
	// ErrTooLarge says that a frame exceeds MaxFrame.
	ErrTooLarge = fmt.Errorf("frame exceeds %d bytes", MaxFrame)
	// ErrClosed says that the journal was closed.
	ErrClosed = errors.New("journal is closed")
)

// UnknownRouteError says that the journal was opened without a route: nobody
// would read what is addressed to it.
type UnknownRouteError struct{ Route string }

func (e *UnknownRouteError) Error() string {
	return fmt.Sprintf("there is no route named %q; configure it and start again", e.Route)
}

// Journal stores batches and hands them to routes. It is safe for concurrent use.
type Journal interface {
	// Append stores the batches in one step, tells where each stands in the
	// log, and returns when they would survive a power cut. When ctx ends first
	// the batches may or may not have been stored; sending them again is
	// harmless. The frames are not kept. ErrTooLarge stores nothing.
	Append(ctx context.Context, batches ...Batch) ([]Stored, error)
	// Settled returns once the named routes have durably settled batch seq and
	// all before it. The error is ctx.Err() when ctx ends first.
	Settled(ctx context.Context, seq int64, routes ...string) error
	// Ready is nil when a batch would be accepted, else ErrFull, ErrBusy or
	// ErrBroken.
	Ready(ctx context.Context) error
	// Route returns the durable reader of a route that the journal was opened
	// with. A route never seen before begins at the oldest batch kept.
	Route(name string) (Route, error)
	// Scan returns batches that are kept, whoever has settled them, and were
	// received within a span, in the order in which they were stored: at least
	// one, and none once there are no more. Batches addressed to one route are
	// left out: what they hold came in a batch for all before. A damaged one
	// has a nil Frame. No position moves.
	Scan(ctx context.Context, s Span, l Limit) ([]Record, error)
	// DeadLetters lists what the query selects, the latest first unless it
	// says otherwise.
	DeadLetters(ctx context.Context, q Query) ([]DeadLetter, error)
	// Retry appends a batch made of dead letters for their route alone and
	// marks them as retried, in one step. It is an [*UnknownRouteError] when
	// the journal was opened without the route, ErrRetried when one of them
	// does not wait any more, and ErrTooLarge like Append; then nothing is done.
	Retry(ctx context.Context, b Batch, ids []int64) error
	// Drop deletes dead letters for good and returns how many there were.
	Drop(ctx context.Context, ids []int64) (int, error)
	// Stats describes the journal as it is committed.
	Stats(ctx context.Context) (Stats, error)
	// Broken is closed when storage has failed; Err then says how.
	Broken() <-chan struct{}
	// Err is nil, or wraps ErrBroken.
	Err() error
	// Close commits what was settled and lets go of the storage.
	Close() error
}

// Route is one route's durable reader. One goroutine uses it at a time.
type Route interface {
	// Start returns the first position that is not settled, and the end of the
	// batch that was planned but not settled when the journal was last closed
	// (the zero Position if there was none).
	Start() (next, planned Position)
	// Next returns the batches that follow those it has already returned, at
	// least one. It waits for one to be stored; the error is ctx.Err() when
	// ctx ends first, and after ErrBusy the call can be made again. What holds nothing for this route has a nil Frame: a
	// batch addressed to another one, or one that storage damaged, which is
	// then quarantined and reported.
	Next(ctx context.Context, l Limit) ([]Record, error)
	// Plan makes durable where the batch about to be written ends, so that
	// after a crash the same batch is written again and not a longer one.
	Plan(ctx context.Context, end Position) error
	// Settle moves the route to a position and stores the dead letters left
	// behind, in one step. Without dead letters it joins the next commit,
	// which follows within 200 ms; with them it waits for that commit, and
	// after ErrFull (ErrDeadFull, too) the same call can be made again.
	Settle(ctx context.Context, next Position, dead []DeadLetter) error
}

// Batch is what an edge sent: a header line and envelope lines.
type Batch struct {
	ID     ID
	Frame  []byte
	Events int    // envelope lines in Frame
	Route  string // the only route to read it; empty for all
}

// Stored says where a batch stands in the log.
type Stored struct {
	Seq   int64
	Known bool // it was stored before
}

// Record is a stored batch.
type Record struct {
	Seq      int64 // from 1, without gaps
	ID       ID
	Received time.Time
	Frame    []byte // nil when there is nothing in it for the route
}

// Position is a place in the log: everything before event Event of batch Seq
// lies before it.
type Position struct {
	Seq   int64
	Event int
}

// Before reports whether p comes before q.
func (p Position) Before(q Position) bool {
	return p.Seq < q.Seq || p.Seq == q.Seq && p.Event < q.Event
}

// Span selects batches by when they were received: from From on and before To.
type Span struct {
	From, To time.Time
	After    int64 // only batches with greater numbers
}

// Skew is how far clocks may have been set back, or those of hosts that share
// a journal differ, without Scan missing a batch: numbers are searched for by
// time, as if times grew with them.
const Skew = time.Hour

// Has reports whether a batch received at t is selected.
func (s Span) Has(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// Limit bounds what Next and Scan return: at least one record, then no more
// than these. Both must be positive.
type Limit struct {
	Records int
	Bytes   int // of frames
}

// Stats describes a journal.
type Stats struct {
	Head        int64 // the last batch stored, 0 if none
	Oldest      int64 // the oldest batch kept, 0 if none
	Bytes       int64 // in use
	Limit       int64 // bytes at which Append answers ErrFull
	DeadLetters int64 // not retried
	DeadBytes   int64 // that dead letters take, about
	DeadLimit   int64 // bytes of dead letters at which routes that leave some behind stand still
	Quarantined int64 // batches that storage damaged
	Routes      []RouteStats
}

// Crowded reports whether less than a fifth of the journal is free. That is for
// edges: what an operator asks for can wait.
func (s *Stats) Crowded() bool { return s.Bytes >= s.Limit/5*4 }

// RouteStats describes how far a route has got.
type RouteStats struct {
	Name   string
	Next   Position
	Lag    int64     // batches not settled
	Oldest time.Time // when the oldest of them was received; zero if there is none
}
