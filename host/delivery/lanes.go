package delivery

import (
	"context"
	"hash/fnv"
	"sync"

	"weir/host/config"
	"weir/host/journal"
	"weir/host/match"
	"weir/sinks"
)

// plan says how the events of a batch are spread over writes: at most lanes of
// them at a time, each within bounds, and those of one key one after another.
type plan struct {
	lanes   int
	events  int    // per write
	bytes   int    // per write, envelopes added up; one larger event is a write of its own
	orderBy string // path of the key; empty: order is not asked for
}

func newPlan(cfg config.Route, s *Sink) plan {
	p := plan{lanes: cap(s.slots), events: cfg.Batch.Events, bytes: int(cfg.Batch.Bytes), orderBy: cfg.OrderBy}
	if cfg.InFlight > 0 {
		p.lanes = cfg.InFlight
	}
	p.lanes = min(p.lanes, config.MaxInFlight)
	if l, ok := s.sink.(sinks.Limiter); ok {
		limits := l.Limits()
		if limits.Events > 0 {
			p.events = min(p.events, limits.Events)
		}
		if limits.Bytes > 0 {
			p.bytes = min(p.bytes, limits.Bytes)
		}
	}
	return p
}

// write is the events of one call of Write.
type write struct {
	events []sinks.Event
	bytes  int
}

func (w *write) add(e sinks.Event) {
	w.events, w.bytes = append(w.events, e), w.bytes+len(e.Envelope)
}

func (p plan) holds(w *write, e sinks.Event) bool {
	return len(w.events) == 0 || len(w.events) < p.events && w.bytes+len(e.Envelope) <= p.bytes
}

// spread sorts events into lanes, whose writes follow one another. It does the
// same with the same events each time, so that a batch repeated after a crash
// is the same writes under the same ids.
func (p plan) spread(events []sinks.Event) [][]*write {
	if p.orderBy != "" {
		return p.spreadByKey(events)
	}
	lanes := make([][]*write, p.lanes)
	var last *write
	n := 0
	for _, e := range events {
		if last == nil || !p.holds(last, e) {
			last = new(write)
			lanes[n%p.lanes] = append(lanes[n%p.lanes], last)
			n++
		}
		last.add(e)
	}
	return lanes[:min(n, p.lanes)]
}

// spreadByKey keeps a key in one lane, and each of its events in a write after
// that of the event before.
func (p plan) spreadByKey(events []sinks.Event) [][]*write {
	lanes := make([][]*write, max(1, min(p.lanes, (len(events)+p.events-1)/p.events)))
	next := make(map[string]int) // by key, the first write that its next event may be in
	for _, e := range events {
		key := match.Key(e, p.orderBy)
		lane := &lanes[laneOf(key, len(lanes))]
		at := next[key]
		for at < len(*lane) && !p.holds((*lane)[at], e) {
			at++
		}
		if at == len(*lane) {
			*lane = append(*lane, new(write))
		}
		(*lane)[at].add(e)
		next[key] = at + 1
	}
	return lanes
}

// laneOf is the same in every process, as a batch repeated after a crash has to
// be spread as it was.
func laneOf(key string, lanes int) int {
	h := fnv.New64a()
	h.Write([]byte(key))
	return int(h.Sum64() % uint64(lanes))
}

// writeAll writes the events of a batch, lane beside lane, and returns the
// dead letters in the order of lanes. The error is the first lane's that has
// one; then nothing is known of the batch.
func (r *runner) writeAll(hard, reading context.Context, events []sinks.Event) ([]journal.DeadLetter, error) {
	lanes := r.plan.spread(events)
	works := make([]*work, len(lanes))
	errs := make([]error, len(lanes))
	var wg sync.WaitGroup
	for i, lane := range lanes {
		w := newWork(r, reading)
		works[i] = w
		run := func() {
			for _, write := range lane {
				w.begin()
				if errs[i] = w.whole(hard, write.events); errs[i] != nil {
					return
				}
			}
		}
		if i == len(lanes)-1 {
			run()
		} else {
			wg.Go(run)
		}
	}
	wg.Wait()
	var dead []journal.DeadLetter
	for i, w := range works {
		if errs[i] != nil {
			return nil, errs[i]
		}
		dead = append(dead, w.dead...)
	}
	return dead, nil
}
