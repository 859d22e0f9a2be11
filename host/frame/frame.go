// Package frame makes batches of events that the host stores itself: retried
// dead letters, replays, failed events that were judged again.
package frame

import (
	"weir/edge/envelope"
	"weir/host/journal"
	"weir/sinks"
)

// Builder collects events for a batch. The zero Builder is empty.
type Builder struct {
	header envelope.Header
	lines  []byte
}

// Origin says when the batch was captured, in milliseconds since the Unix
// epoch, and by which bundle of schemas it was judged, if that is known.
func (b *Builder) Origin(captured int64, bundle string) {
	b.header.Captured, b.header.Bundle = min(max(captured, 0), envelope.MaxTime), bundle
}

// Add adds an event, whose memory is not kept.
func (b *Builder) Add(e sinks.Event) {
	b.header.Events++
	if e.Verdict != envelope.Good.String() {
		b.header.Failed++
	}
	b.lines = append(append(b.lines, e.Envelope...), '\n')
}

// Events is how many were added.
func (b *Builder) Events() int { return b.header.Events }

// Lines are the envelopes that were added, a line each.
func (b *Builder) Lines() []byte { return b.lines }

// Batch returns what was added as a batch for one route, or for all if route is empty.
func (b *Builder) Batch(id journal.ID, route string) journal.Batch {
	b.header.ID = id.String()
	text := append(b.header.AppendJSON(nil), '\n')
	return journal.Batch{ID: id, Route: route, Events: b.header.Events, Frame: append(text, b.lines...)}
}
