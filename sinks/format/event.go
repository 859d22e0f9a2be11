package format

import (
	"sync"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/columns"
)

// snowplow is an event read for the formats of the Snowplow pipeline, with the
// memory that reading it takes.
type snowplow struct {
	row      columns.Row
	names    []byte   // of entities, one after another
	entities []entity // those with a readable schema key
	odd      []string // entities without one, as they are
	failures []byte   // see appendFailures
}

var events = sync.Pool{New: func() any { return new(snowplow) }}

// read fills in the columns. What an enriched event must have and an envelope
// may lack is filled in, too: loaders refuse events that name no pipeline.
func (s *snowplow) read(e sinks.Event) error {
	if err := sinks.CheckLine(e.Envelope); err != nil {
		return err
	}
	if err := s.row.Read(e.Envelope); err != nil {
		return err
	}
	for _, f := range []envelope.Field{envelope.VCollector, envelope.VEtl} {
		if s.row[f].Text == "" {
			s.row[f] = columns.Value{Set: true, Text: "weir"}
		}
	}
	if e.Verdict == "failed" {
		s.failures = appendFailures(s.failures, &s.row)
	}
	return nil
}

// release gives the memory back without the views of the envelope in it.
func (s *snowplow) release() {
	clear(s.row[:])
	clear(s.entities[:cap(s.entities)])
	clear(s.odd[:cap(s.odd)])
	s.names, s.entities, s.odd, s.failures = s.names[:0], s.entities[:0], s.odd[:0], s.failures[:0]
	events.Put(s)
}

// appendClean appends text without control characters (Unicode Cc), a tab as
// four spaces: as the Snowplow pipeline does to have one event on one line.
func appendClean(dst []byte, text string) []byte {
	for {
		i, size := nextControl(text)
		dst = append(dst, text[:i]...)
		if size == 0 {
			return dst
		}
		if text[i] == '\t' {
			dst = append(dst, "    "...)
		}
		text = text[i+size:]
	}
}

// nextControl returns where the next control character is and its length,
// which is 0 when there is none.
func nextControl(text string) (at, size int) {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c == 0x7f:
			return i, 1
		case c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0: // U+0080 to U+009F
			return i, 2
		}
	}
	return len(text), 0
}
