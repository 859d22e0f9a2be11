package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"weir/host/frame"
	"weir/host/journal"
	"weir/sinks"
)

// MaxChunk is the most that one Push takes, in bytes.
const MaxChunk = 8 << 20

// Pushed is what a Push has done.
type Pushed struct {
	Events  int    `json:"events"`
	Known   bool   `json:"known,omitempty"`   // the same lines had been handed over before
	Waiting string `json:"waiting,omitempty"` // why nothing was done; the same can be pushed again soon
}

// Push hands lines of envelopes to a route. The same lines are handed over
// once for each again. A line that is no envelope is a *RequestError.
func (p *Replayer) Push(ctx context.Context, route, again string, lines []byte) (Pushed, error) {
	var b frame.Builder
	var first sinks.Event
	n := 0
	for line := range bytes.Lines(lines) {
		n++
		e, err := sinks.ParseEvent(bytes.TrimRight(line, "\r\n"))
		if err != nil {
			return Pushed{}, &RequestError{fmt.Sprintf("line %d: %v", n, err)}
		}
		if n == 1 {
			first = e
		}
		b.Add(e)
	}
	if n == 0 {
		return Pushed{}, &RequestError{"there is no line"}
	}
	before, err := p.room(ctx, route)
	if err != nil || before.waiting != "" {
		return Pushed{Waiting: before.waiting}, err
	}
	b.Origin(first.Collected.UnixMilli(), "")
	id := journal.DerivedID(first.Collected, []byte("weir replay of files, 1"), []byte(route), []byte(again), b.Lines())
	stored, err := p.Store.Append(ctx, b.Batch(id, route))
	switch {
	case errors.Is(err, journal.ErrFull), errors.Is(err, journal.ErrBusy):
		return Pushed{Waiting: err.Error()}, nil
	case err != nil:
		return Pushed{}, fmt.Errorf("handing events to route %s: %w", route, err)
	}
	return Pushed{Events: n, Known: stored[0].Known}, nil
}
