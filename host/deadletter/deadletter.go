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

// Retry hands the selected dead letters to their routes again, oldest first,
// and returns how many; without a limit, all that there are when it begins.
// Each becomes part of a batch that only its route reads, in the step that
// marks it as retried: one that fails again is a dead letter anew. One that
// never was a readable event is left as it is, and so are those of routes that
// are not configured, of which the error tells at the end.
func Retry(ctx context.Context, s Store, q journal.Query) (retried int, err error) {
	var unknown []error
	err = pages(ctx, s, q, func(page []journal.DeadLetter) error {
		for _, p := range pilesOf(page) {
			now := time.Now()
			p.batch.Origin(now.UnixMilli(), "")
			err := s.Retry(ctx, p.batch.Batch(journal.NewID(now), p.route), p.ids)
			var gone *journal.UnknownRouteError
			switch {
			case errors.As(err, &gone):
				if !slices.ContainsFunc(unknown, func(e error) bool { return e.Error() == err.Error() }) {
					unknown = append(unknown, err)
				}
			case err != nil:
				return fmt.Errorf("retrying dead letters of route %s: %w", p.route, err)
			default:
				retried += len(p.ids)
			}
		}
		return nil
	})
	return retried, errors.Join(append(unknown, err)...)
}

// Drop deletes the selected dead letters for good and returns how many; without
// a limit, all that there are when it begins.
func Drop(ctx context.Context, s Store, q journal.Query) (dropped int, err error) {
	err = pages(ctx, s, q, func(page []journal.DeadLetter) error {
		ids := make([]int64, len(page))
		for i, d := range page {
			ids[i] = d.ID
		}
		n, err := s.Drop(ctx, ids)
		dropped += n
		if err != nil {
			return fmt.Errorf("dropping dead letters: %w", err)
		}
		return nil
	})
	return dropped, err
}

// pages calls act with the selected dead letters, oldest first, a page at a
// time. It ends with the latest that there is when it begins: what dies again
// meanwhile is not taken once more.
func pages(ctx context.Context, s Store, q journal.Query, act func([]journal.DeadLetter) error) error {
	latest := q
	latest.Limit = 1
	list, err := s.DeadLetters(ctx, latest)
	if err != nil {
		return fmt.Errorf("reading dead letters: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	left := q.Limit
	q.Oldest, q.UpTo, q.Bytes = true, list[0].ID, pageBytes
	for {
		q.Limit = pageLetters
		if left > 0 {
			q.Limit = min(left, pageLetters)
		}
		page, err := s.DeadLetters(ctx, q)
		if err != nil {
			return fmt.Errorf("reading dead letters: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		if err := act(page); err != nil {
			return err
		}
		q.After = page[len(page)-1].ID
		if left > 0 {
			if left -= len(page); left == 0 {
				return nil
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
