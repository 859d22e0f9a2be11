package replay

import (
	"weir/edge/envelope"
	"weir/host/journal"
	"weir/sinks"
)

// builder makes a batch of events.
type builder struct {
	header envelope.Header
	lines  []byte
}

func (b *builder) add(e sinks.Event) {
	b.header.Events++
	if e.Verdict != envelope.Good.String() {
		b.header.Failed++
	}
	b.lines = append(append(b.lines, e.Envelope...), '\n')
}

// batch returns what was added as a batch for a route alone, or for all.
func (b *builder) batch(id journal.ID, route string) journal.Batch {
	b.header.ID = id.String()
	text := append(b.header.AppendJSON(nil), '\n')
	return journal.Batch{ID: id, Route: route, Events: b.header.Events, Frame: append(text, b.lines...)}
}
