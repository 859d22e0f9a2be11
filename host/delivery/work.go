package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"time"

	"weir/host/journal"
	"weir/sinks"
)

// errStopped says that a drain met a failure and left the batch to the next start.
var errStopped = errors.New("stopped while draining")

// work is the delivery of one lane of a batch: it ends when every event is
// stored or dead, or when the host stops.
type work struct {
	*runner
	reading context.Context
	began   time.Time
	tries   int // writes so far, of the events at hand
	dead    []journal.DeadLetter
	// searching says that the sink takes events, and that those at hand are
	// suspected of causing its failures: these are not the sink's.
	searching bool
}

func newWork(r *runner, reading context.Context) *work { return &work{runner: r, reading: reading} }

// begin forgets what other events came to.
func (w *work) begin() { w.began, w.tries = time.Now(), 0 }

// result is what one write came to.
type result struct {
	kind kind
	err  error
	rest []sinks.Event // those that failed for the time being, when kind is partial
	// throttled says that the destination asked for later writes, and wait how
	// much later: nobody's fault, so it counts against no event.
	throttled bool
	wait      time.Duration
}

type kind uint8

const (
	stored  kind = iota // every event
	partial             // some; the permanent failures are buried
	refused             // nothing, and trying the same again is useless
	failing             // nothing; it may be the events' fault
	away                // nothing; the sink is not connected, or asked for a pause
)

// whole delivers events as one batch as long as that can succeed.
func (w *work) whole(ctx context.Context, events []sinks.Event) error {
	defer func(was bool) { w.searching = was }(w.searching)
	w.searching = false
	for failures := 0; ; {
		res, err := w.try(ctx, events)
		if err != nil {
			return err
		}
		switch res.kind {
		case stored:
			return nil
		case partial:
			return w.remainder(ctx, res)
		case refused:
			return w.divide(ctx, events, res.err)
		case failing:
			failures++
			if len(events) > 1 && failures%w.cfg.Retry.Attempts == 0 {
				if done, err := w.suspect(ctx, events); done || err != nil {
					return err
				}
			}
		}
		if giveUp := w.cfg.Retry.GiveUp; giveUp > 0 && time.Since(w.began) >= giveUp {
			w.bury(events, fmt.Errorf("given up after %s: %w", giveUp, res.err))
			return nil
		}
		if err := w.rest(ctx, failures, res.wait); err != nil {
			return err
		}
	}
}

// divide finds the events for which a batch was refused.
func (w *work) divide(ctx context.Context, events []sinks.Event, refusal error) error {
	if len(events) == 1 {
		w.bury(events, refusal)
		return nil
	}
	mid := len(events) / 2
	if err := w.whole(ctx, events[:mid]); err != nil {
		return err
	}
	return w.whole(ctx, events[mid:])
}

// remainder tries again what failed while other events of the batch were
// stored. As long as some of it is stored each time, it goes on.
func (w *work) remainder(ctx context.Context, res result) error {
	failures := 1
	if res.throttled {
		failures = 0
	}
	for len(res.rest) > 0 {
		if failures >= w.cfg.Retry.Attempts {
			w.bury(res.rest, res.err)
			return nil
		}
		if err := w.rest(ctx, failures, res.wait); err != nil {
			return err
		}
		next, err := w.try(ctx, res.rest)
		if err != nil {
			return err
		}
		switch next.kind {
		case stored:
			return nil
		case refused:
			return w.divide(ctx, res.rest, next.err)
		case away:
			return w.whole(ctx, res.rest)
		case failing:
			failures++
		case partial:
			switch {
			case len(next.rest) < len(res.rest):
				failures = 1
			case !next.throttled:
				failures++
			}
			res = next
		}
	}
	return nil
}

// suspect looks for events to blame in a batch that keeps failing. It tries
// three of them alone: if the sink takes any, the fault lies with the others,
// which are then searched. Otherwise the sink is to blame and nothing is done.
func (w *work) suspect(ctx context.Context, events []sinks.Event) (done bool, err error) {
	rest := events
	takes := false
	for _, i := range []int{len(events) - 1, len(events) / 2, 0} {
		if i >= len(rest) {
			continue
		}
		res, err := w.try(ctx, rest[i:i+1])
		if err != nil {
			return false, err
		}
		switch res.kind {
		case away:
			return false, nil
		case refused:
			w.bury(rest[i:i+1], res.err)
		case stored, partial:
			if len(res.rest) > 0 {
				continue
			}
		default:
			continue
		}
		takes = true
		rest = append(append([]sinks.Event(nil), rest[:i]...), rest[i+1:]...)
	}
	if !takes {
		return false, nil
	}
	w.searching = true
	s := search{work: w, patience: 2*bits.Len(uint(len(events))) + w.cfg.Retry.Attempts}
	if err := s.isolate(ctx, rest); err != nil {
		return true, err
	}
	for i := range s.guilty {
		if err := w.remainder(ctx, result{rest: s.guilty[i : i+1], err: s.err}); err != nil {
			return true, err
		}
	}
	return true, nil
}

// search halves a failing batch until single events fail.
type search struct {
	*work
	guilty   []sinks.Event
	err      error
	failures int // in a row
	patience int // failures in a row after which the sink is to blame after all
}

func (s *search) isolate(ctx context.Context, events []sinks.Event) error {
	if len(events) == 0 {
		return nil
	}
	if s.failures >= s.patience {
		return s.whole(ctx, events)
	}
	res, err := s.try(ctx, events)
	if err != nil {
		return err
	}
	switch res.kind {
	case stored:
		s.failures = 0
		return nil
	case partial:
		s.failures = 0
		return s.remainder(ctx, res)
	case refused:
		s.failures = 0
		return s.divide(ctx, events, res.err)
	case away:
		return s.whole(ctx, events)
	}
	s.failures++
	s.err = res.err
	if len(events) == 1 {
		s.guilty = append(s.guilty, events[0])
		return nil
	}
	mid := len(events) / 2
	if err := s.isolate(ctx, events[:mid]); err != nil {
		return err
	}
	return s.isolate(ctx, events[mid:])
}

// try writes events once. The error says that the host stops.
func (w *work) try(ctx context.Context, events []sinks.Event) (result, error) {
	err := w.sink.write(ctx, w.reading, w.cfg.Retry.Timeout, sinks.Batch{Events: events, ID: batchID(w.name, events)}, w.searching, w.metrics)
	if errors.Is(err, errStopped) {
		return result{}, err
	}
	w.tries++
	if ctx.Err() != nil && err != nil {
		return result{}, ctx.Err()
	}
	var some *sinks.BatchError
	res := result{err: err}
	switch {
	case err == nil:
		return result{kind: stored}, nil
	case errors.As(err, &some) && len(some.Failed) > 0:
		res = w.some(events, some)
	case sinks.IsPermanent(err):
		res.kind = refused
	case errors.Is(err, sinks.ErrNotConnected):
		res.kind = away
	default:
		res.kind = failing
		if res.wait, res.throttled = sinks.IsThrottled(err); res.throttled {
			res.kind = away
		}
	}
	if err != nil {
		w.unwritten(err)
	}
	if w.reading.Err() != nil && res.kind != refused && res.kind != partial {
		return res, errStopped
	}
	return res, nil
}

// some sorts the events that a sink named: what can never succeed is buried,
// the others are left over.
func (w *work) some(events []sinks.Event, some *sinks.BatchError) result {
	res := result{kind: partial, err: some}
	named := make(map[int]bool, len(some.Failed))
	for _, f := range some.Failed {
		if f.Index < 0 || f.Index >= len(events) || named[f.Index] {
			continue
		}
		named[f.Index] = true
		if f.Permanent {
			w.bury(events[f.Index:f.Index+1], f.Err)
		} else {
			res.rest = append(res.rest, events[f.Index])
			res.err = f.Err
			if wait, ok := sinks.IsThrottled(f.Err); ok {
				res.throttled, res.wait = true, max(res.wait, wait)
			}
		}
	}
	if len(named) == 0 || len(named) == len(events) && len(res.rest) == len(events) {
		// The sink named no event that it was given, so that nobody knows what
		// it stored; or nothing was stored: like any other failure of the whole.
		res.kind, res.rest = failing, nil
		if res.throttled {
			res.kind = away
		}
	}
	return res
}

func (w *work) bury(events []sinks.Event, reason error) {
	for _, e := range events {
		w.dead = append(w.dead, w.letter(e, reason, w.tries))
	}
}

// longestWait bounds the pause that a destination can ask for.
const longestWait = 5 * time.Minute

// rest pauses before the next try: exponential back-off with full jitter, or
// what the destination asked for if that is longer.
func (w *work) rest(ctx context.Context, failures int, wait time.Duration) error {
	bound := w.cfg.Retry.Max
	if shift := max(failures-1, 0); shift < 20 {
		bound = min(bound, w.cfg.Retry.Initial<<shift)
	}
	either, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.reading, cancel)()
	pause(either, max(time.Duration(rand.Int64N(int64(bound)+1)), min(wait, longestWait)))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case w.reading.Err() != nil:
		return errStopped
	}
	return nil
}

// pause waits and reports whether ctx let it.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// batchID names a batch by what is in it, so that the same events written
// again carry the same name and any others another.
func batchID(route string, events []sinks.Event) string {
	h := sha256.New()
	h.Write([]byte(route))
	for i := range events {
		h.Write([]byte{0})
		h.Write([]byte(events[i].ID))
		h.Write([]byte(events[i].Fingerprint))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
