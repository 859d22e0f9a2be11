// Package sinks defines what a destination is. Each kind of sink is a folder
// of its own, registers itself, and is proven by sinks/sinktest against the
// real server.
//
// A sink writes; it does not retry, back off, batch, reorder or keep dead
// letters. Those belong to host/delivery alone.
package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"time"
)

// Event is one event as delivered: the envelope and the facts that routing and
// idempotence need, read from it once.
type Event struct {
	Envelope    []byte // one line of JSON without the newline; see weir/edge/envelope
	ID          string // event_id, canonical UUID
	Fingerprint string // event_fingerprint, 32 hexadecimal digits; may be empty
	App         string // app_id
	Name        string // event_name
	Schema      string // the schema key that classifies the event, "iglu:…"; may be empty
	Verdict     string // good | failed; unresolved until the host has judged it
	Collected   time.Time
}

// Batch is what one Write stores. Its memory is the sink's until Write returns.
type Batch struct {
	Events []Event
	// ID names the batch the same way each time it is tried, so that sinks
	// can derive deterministic object names and de-duplication tokens from it.
	ID string
}

// Sink is a destination. Its methods are called by one goroutine at a time
// unless the sink is a [Limiter], which may allow several Writes at once.
type Sink interface {
	// Open connects, creates what the sink owns at the destination and repairs
	// what an earlier process left half done. It is idempotent and is called
	// again after ErrNotConnected. An error leaves nothing held.
	Open(ctx context.Context) error
	// Write returns nil when every event is durable at the destination, as far
	// as the sink's README promises it. A *BatchError says that only the events
	// it names failed and the others are durable; any other error says that all
	// may have failed. Before Open, after Close and when the connection is lost
	// the error is ErrNotConnected.
	//
	// Writing the same batch, or some of its events, again must be harmless.
	// When ctx ends, Write returns soon; whether the batch is stored is then
	// unknown. It neither keeps nor changes the batch.
	Write(ctx context.Context, b Batch) error
	// Close flushes and lets go. It may be called twice, and the sink may be
	// opened again.
	Close(ctx context.Context) error
}

// Checker is implemented by sinks that can test their configuration and
// permissions without writing events. Check needs no Open and leaves no trace;
// its error names everything that is wrong and says what to do.
type Checker interface {
	Check(ctx context.Context) error
}

// Migrator is implemented by sinks that own tables. Migrate is idempotent, needs
// no Open, and may be called by several processes at once.
type Migrator interface {
	Migrate(ctx context.Context) error
}

// Limiter is implemented by sinks that bound a batch or allow writes in parallel.
type Limiter interface {
	Limits() Limits
}

// Limits are bounds that a destination sets. Zero means the delivery's own default.
type Limits struct {
	Events   int // per batch
	Bytes    int // per batch, envelopes added up; one larger event is a batch of its own
	InFlight int // concurrent writes
}

// ErrNotConnected asks delivery to call Open before the next Write. Sinks wrap
// it together with the cause.
var ErrNotConnected = errors.New("sink is not connected")

// BatchError says which events of a batch failed. The others are durable. It
// names at least one.
type BatchError struct {
	Failed []EventError
}

// EventError is the failure of one event of a batch.
type EventError struct {
	Index     int   // in Batch.Events
	Err       error // says what to fix
	Permanent bool  // retrying the same event cannot succeed
}

func (e *BatchError) Error() string {
	if len(e.Failed) == 0 {
		return "no event failed"
	}
	f := e.Failed[0]
	return fmt.Sprintf("%d events failed, the first at index %d: %v", len(e.Failed), f.Index, f.Err)
}

// Outcome is what became of a batch of so many events, of which some failed: nil,
// a [BatchError], or, when nothing is stored and everything may be yet, the first
// error plainly, since then it is the destination that has a problem.
func Outcome(failed []EventError, events int) error {
	if len(failed) == 0 {
		return nil
	}
	permanent := func(f EventError) bool { return f.Permanent }
	if len(failed) == events && !slices.ContainsFunc(failed, permanent) {
		return failed[0].Err
	}
	return &BatchError{Failed: failed}
}

// Permanent wraps an error that no retry of the same batch can cure.
func Permanent(err error) error { return &permanentError{err} }

// IsPermanent reports whether err was wrapped by [Permanent].
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Kind describes one kind of sink.
type Kind struct {
	Name string // the folder's name, and the key in configuration
	Doc  string // one sentence
	// Config returns a pointer to a new configuration struct with its defaults
	// set. Its fields carry `yaml:"name" doc:"…"` tags; strict parsing, the
	// JSON Schema and the reference page are derived from them.
	Config func() any
	// New builds a sink from what Config returned, filled in and validated.
	New func(config any, env Env) (Sink, error)
}

// Validator is implemented by configuration structs with rules beyond types.
type Validator interface{ Validate() error }

// Env is what the host lends a sink.
type Env struct {
	Name    string // the sink's name in the configuration
	Log     *slog.Logger
	DataDir string // a private directory below the host's data directory; exists
}

var kinds = map[string]Kind{}

// Register makes a kind available. It panics on a repeated name: that is a
// mistake of the program, seen at its first start.
func Register(k Kind) {
	if _, ok := kinds[k.Name]; ok {
		panic("sinks: kind " + k.Name + " registered twice")
	}
	kinds[k.Name] = k
}

// Lookup finds a registered kind.
func Lookup(name string) (Kind, bool) {
	k, ok := kinds[name]
	return k, ok
}

// Kinds lists what is registered, sorted by name.
func Kinds() []Kind {
	list := make([]Kind, 0, len(kinds))
	for _, k := range kinds {
		list = append(list, k)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}
