// Package deadletter hands what sinks gave up on to its routes again, or drops
// it.
package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/host/frame"
	"weir/host/journal"
	"weir/sinks"
)

// Store is the journal as dead letters need it.
type Store interface {
	DeadLetters(ctx context.Context, q journal.Query) ([]journal.DeadLetter, error)
	Retry(ctx context.Context, b journal.Batch, ids []int64) error
	Drop(ctx context.Context, ids []int64) (int, error)
}

// A page of dead letters, and so a batch made of them, is bounded.
const (
	pageLetters = 500
	pageBytes   = 4 << 20 // of envelopes, unless one alone is larger
)

// patience is how often a page is read again that begins with the same letter,
// because somebody else is about to retry or drop what is on it.
const patience = 10

// Result is what came of retrying or dropping.
type Result struct {
	Letters int // retried or dropped
	Left    int // never were readable events, and stay
	// Unknown are routes that are not configured, whose letters stay.
	Unknown []string
	After   int64 // the last letter looked at
	UpTo    int64 // the latest letter when the first call began
	More    bool  // the limit was reached: there may be others after After
}

// Retry hands the selected dead letters to their routes again, oldest first;
// without a limit, all that there are when it begins. Each becomes part of a
// batch that only its route reads, in the step that marks it as retried: one
// that fails again is a dead letter anew. One that never was a readable event is
// left as it is, and so are those of routes that are not configured.
//
// To go on where a limit ended it, give After and UpTo of the result.
func Retry(ctx context.Context, s Store, q journal.Query) (Result, error) {
	return pages(ctx, s, q, func(done *Result, page []journal.DeadLetter) error {
		left := len(page)
		for _, p := range pilesOf(page) {
			left -= len(p.ids)
			now := time.Now()
			p.batch.Origin(now.UnixMilli(), "")
			err := s.Retry(ctx, p.batch.Batch(journal.NewID(now), p.route), p.ids)
			var gone *journal.UnknownRouteError
			switch {
			case errors.As(err, &gone):
				if !slices.Contains(done.Unknown, gone.Route) {
					done.Unknown = append(done.Unknown, gone.Route)
				}
			case err != nil:
				return fmt.Errorf("retrying dead letters of route %s: %w", p.route, err)
			default:
				done.Letters += len(p.ids)
			}
		}
		done.Left += left
		return nil
	})
}

// Drop deletes the selected dead letters for good; without a limit, all that
// there are when it begins.
func Drop(ctx context.Context, s Store, q journal.Query) (Result, error) {
	return pages(ctx, s, q, func(done *Result, page []journal.DeadLetter) error {
		ids := make([]int64, len(page))
		for i, d := range page {
			ids[i] = d.ID
		}
		n, err := s.Drop(ctx, ids)
		done.Letters += n
		if err != nil {
			return fmt.Errorf("dropping dead letters: %w", err)
		}
		return nil
	})
}

// pages calls act with the selected dead letters, oldest first, a page at a
// time. It ends with the latest that there is when it begins: what dies again
// meanwhile is not taken once more.
func pages(ctx context.Context, s Store, q journal.Query, act func(*Result, []journal.DeadLetter) error) (Result, error) {
	done := Result{After: q.After, UpTo: q.UpTo}
	if done.UpTo == 0 {
		latest := q
		latest.Limit = 1
		list, err := s.DeadLetters(ctx, latest)
		if err != nil {
			return done, fmt.Errorf("reading dead letters: %w", err)
		}
		if len(list) == 0 {
			return done, nil
		}
		done.UpTo = list[0].ID
	}
	left, same, first := q.Limit, 0, int64(0)
	q.Oldest, q.UpTo, q.Bytes = true, done.UpTo, pageBytes
	for {
		q.Limit = pageLetters
		if left > 0 {
			q.Limit = min(left, pageLetters)
		}
		page, err := s.DeadLetters(ctx, q)
		if err != nil {
			return done, fmt.Errorf("reading dead letters: %w", err)
		}
		if len(page) == 0 {
			return done, nil
		}
		if same++; page[0].ID != first {
			first, same = page[0].ID, 0
		}
		switch err := act(&done, page); {
		case errors.Is(err, journal.ErrRetried) && same < patience:
			continue // somebody else is at it, too: look what is left
		case err != nil:
			return done, err
		}
		q.After = page[len(page)-1].ID
		done.After = q.After
		if left > 0 {
			if left -= len(page); left == 0 {
				done.More = q.After < done.UpTo
				return done, nil
			}
		}
	}
}

// pile is dead letters of one route.
type pile struct {
	route string
	ids   []int64
	batch frame.Builder
}

// pilesOf sorts a page by route, and leaves out what is no event.
func pilesOf(page []journal.DeadLetter) []*pile {
	var list []*pile
	for _, d := range page {
		e, err := sinks.ParseEvent(d.Envelope)
		if err != nil {
			continue
		}
		i := slices.IndexFunc(list, func(p *pile) bool { return p.route == d.Route })
		if i < 0 {
			i = len(list)
			list = append(list, &pile{route: d.Route})
		}
		list[i].ids = append(list[i].ids, d.ID)
		list[i].batch.Add(e)
	}
	return list
}
