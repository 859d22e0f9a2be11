package delivery

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"weir/host/journal"
	"weir/host/match"
	"weir/sinks"
)

// errDrained says that the journal holds nothing more for a route that drains.
var errDrained = errors.New("drained")

// batch is what one delivery settles.
type batch struct {
	events     []sinks.Event
	bytes      int
	end        journal.Position // after the last event, delivered or not
	filtered   int
	unreadable []journal.DeadLetter
}

// source reads a route's records and cuts them into batches.
type source struct {
	route   Route
	wanted  *match.Matcher
	reader  *reader
	log     *slog.Logger
	limit   journal.Limit
	events  int
	bytes   int
	queue   []item
	batch   batch            // collected so far; kept when reading fails
	due     time.Time        // when it has waited long enough; zero while it holds no event
	planned journal.Position // where the first batch must end; zero when free
	start   journal.Position
}

// item is one event on its way into a batch. end is the position after it.
type item struct {
	event sinks.Event
	kind  itemKind
	err   error // why it is unreadable
	end   journal.Position
}

type itemKind uint8

const (
	wanted itemKind = iota
	filtered
	unreadable
	empty // a record that holds nothing for the route
)

// readAhead bounds what is read from the journal at once.
const readAhead = 128

func newSource(r Route, p plan, wanted *match.Matcher, read *reader, log *slog.Logger) *source {
	s := &source{route: r, wanted: wanted, reader: read, log: log, events: p.events * p.lanes, bytes: p.bytes * p.lanes}
	s.limit = journal.Limit{Records: readAhead, Bytes: p.bytes}
	s.start, s.planned = r.Journal.Start()
	return s
}

// next returns the next batch: full, or as it is after the longest wait, or
// without events when what was read only moves the position. A batch that was
// planned before a crash is cut where it was then.
func (s *source) next(hard, reading context.Context) (batch, error) {
	for !s.fill() {
		if s.due.IsZero() && len(s.batch.events) > 0 {
			s.due = time.Now().Add(s.route.Settings.Batch.Wait)
		}
		err := s.fetch(hard, reading)
		if err == nil {
			continue
		}
		over := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errDrained)
		if over && s.batch.end != (journal.Position{}) {
			s.planned = journal.Position{}
			break
		}
		return batch{}, err
	}
	b := s.batch
	s.batch, s.due = batch{}, time.Time{}
	return b, nil
}

// fill moves queued events into the batch and reports whether it is complete.
func (s *source) fill() bool {
	b := &s.batch
	for len(s.queue) > 0 {
		it := s.queue[0]
		if it.kind == wanted {
			size := len(it.event.Envelope)
			if len(b.events) > 0 && s.planned == (journal.Position{}) && (len(b.events) >= s.events || b.bytes+size > s.bytes) {
				return true
			}
			b.events = append(b.events, it.event)
			b.bytes += size
		}
		switch it.kind {
		case filtered:
			b.filtered++
		case unreadable:
			b.unreadable = append(b.unreadable, journal.DeadLetter{Route: s.route.Settings.Name, Sink: s.route.Sink.Name,
				Reason: it.err.Error(), Tries: 0, Envelope: it.event.Envelope, Died: time.Now()})
		}
		b.end = it.end
		s.queue = s.queue[1:]
		if s.planned != (journal.Position{}) && !it.end.Before(s.planned) {
			s.planned = journal.Position{}
			return true
		}
	}
	if s.planned != (journal.Position{}) {
		return false
	}
	// Records without an event for this route still move the position.
	return len(b.events) >= s.events || len(b.events) == 0 && b.end != (journal.Position{})
}

// fetch reads further records into the queue. It waits for them until the
// batch is due; while draining it does not wait.
func (s *source) fetch(hard, reading context.Context) error {
	ctx, cancel := reading, context.CancelFunc(func() {})
	switch {
	case reading.Err() != nil:
		// Long enough to read what is there, too short to hold up the end.
		ctx, cancel = context.WithTimeout(hard, 250*time.Millisecond)
	case !s.due.IsZero():
		ctx, cancel = context.WithDeadline(reading, s.due)
	}
	defer cancel()
	records, err := s.route.Journal.Next(ctx, s.limit)
	if err != nil {
		switch {
		case hard.Err() != nil:
			return hard.Err()
		case errors.Is(err, context.Canceled): // draining has begun: look again
			return nil
		case errors.Is(err, context.DeadlineExceeded) && reading.Err() != nil:
			return errDrained
		}
		return err
	}
	for _, rec := range records {
		s.split(rec)
	}
	return nil
}

// split queues the events of a record.
func (s *source) split(rec journal.Record) {
	after := journal.Position{Seq: rec.Seq + 1}
	if rec.Frame == nil {
		s.queue = append(s.queue, item{kind: empty, end: after})
		return
	}
	c := s.reader.read(rec)
	if c.err != nil {
		s.log.Error("delivery: a stored batch cannot be read", "error", c.err)
		s.queue = append(s.queue, item{kind: unreadable, err: c.err, event: sinks.Event{Envelope: rec.Frame}, end: after})
		return
	}
	for i, p := range c.events {
		end := journal.Position{Seq: rec.Seq, Event: i + 1}
		if i+1 == len(c.events) {
			end = after
		}
		if (journal.Position{Seq: rec.Seq, Event: i}).Before(s.start) {
			continue // settled before the last restart
		}
		s.queue = append(s.queue, s.item(p, end))
	}
}

func (s *source) item(p parsed, end journal.Position) item {
	if p.err != nil {
		return item{kind: unreadable, err: p.err, event: p.event, end: end}
	}
	if s.route.Observe != nil {
		s.route.Observe(p.event)
	}
	if !s.wanted.Match(p.event) {
		return item{kind: filtered, end: end}
	}
	return item{event: p.event, end: end}
}
