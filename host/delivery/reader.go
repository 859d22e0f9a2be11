package delivery

import (
	"fmt"
	"io"
	"sync"

	"weir/edge/envelope"
	"weir/host/journal"
	"weir/sinks"
)

const (
	keptBytes = 16 << 20 // most that a reader keeps, about
	eventCost = 512      // bytes of an event beside its envelope, about
)

// reader parses and judges records, each one once for all the routes that come
// by soon. A route that lags far behind parses for itself: what it reads,
// nobody else will ask for.
type reader struct {
	routes int
	judge  func(sinks.Event) sinks.Event // may be nil

	mu             sync.Mutex
	kept           map[int64]*contents // by seq, until every route has had it
	bytes          int
	oldest, newest int64 // seqs kept lie between them
}

// contents is what a record holds. Routes share it and do not change it.
type contents struct {
	once   sync.Once
	events []parsed
	err    error // the record cannot be read
	bytes  int
	left   int // routes that have not had it
}

// parsed is one envelope line.
type parsed struct {
	event sinks.Event
	err   error // it is no event
}

func newReader(routes int, judge func(sinks.Event) sinks.Event) *reader {
	return &reader{routes: routes, judge: judge, kept: map[int64]*contents{}}
}

// read returns what a record holds for the route that asks.
func (r *reader) read(rec journal.Record) *contents {
	c := r.find(rec.Seq)
	c.once.Do(func() {
		bytes := r.parse(c, rec)
		r.keep(rec.Seq, c, bytes)
	})
	return c
}

func (r *reader) find(seq int64) *contents {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.kept[seq]
	switch {
	case c != nil:
	case seq <= r.newest:
		return new(contents)
	default:
		if len(r.kept) == 0 {
			r.oldest = seq
		}
		c = &contents{left: r.routes}
		r.kept[seq], r.newest = c, seq
	}
	if c.left--; c.left == 0 {
		r.drop(seq)
	}
	return c
}

// keep counts what was parsed, unless every route has had it by then, and
// makes room for it.
func (r *reader) keep(seq int64, c *contents, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept[seq] != c {
		return
	}
	c.bytes = bytes
	for r.bytes += bytes; r.bytes > keptBytes; r.oldest++ {
		r.drop(r.oldest)
	}
}

func (r *reader) drop(seq int64) {
	if c := r.kept[seq]; c != nil {
		r.bytes -= c.bytes
		delete(r.kept, seq)
	}
}

// parse fills in the contents and returns what they occupy.
func (r *reader) parse(c *contents, rec journal.Record) (bytes int) {
	bytes = len(rec.Frame)
	frames := envelope.NewReader(rec.Frame)
	b, err := frames.Next()
	if err == nil {
		if _, err = frames.Next(); err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		c.err = fmt.Errorf("reading batch %s: %w", rec.ID, err)
		return bytes
	}
	c.events = make([]parsed, 0, b.Header.Events)
	for _, line := range b.Events {
		var p parsed
		if p.event, p.err = sinks.ParseEvent(line); p.err == nil && p.event.Verdict == envelope.Unresolved.String() && r.judge != nil {
			p.event = r.judge(p.event)
			bytes += len(p.event.Envelope)
		}
		bytes += eventCost
		c.events = append(c.events, p)
	}
	return bytes
}
