// Package deadletter hands what sinks gave up on to its routes again, or drops
// it.
package deadletter

import (
	"context"
	"fmt"
	"slices"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
	"weir/sinks"
)

// Store is the journal as dead letters need it.
type Store interface {
	DeadLetters(ctx context.Context, q journal.Query) ([]journal.DeadLetter, error)
	Retry(ctx context.Context, b journal.Batch, ids []int64) error
	Drop(ctx context.Context, ids []int64) (int, error)
}

// batchEvents is how many dead letters make one batch.
const batchEvents = 500

// Retry hands the selected dead letters to their routes again, oldest first,
// and returns how many. Each becomes part of a batch that only its route
// reads, in the step that marks it as retried: one that fails again is a dead
// letter anew. One that never was a readable event is left as it is.
func Retry(ctx context.Context, s Store, q journal.Query) (retried int, err error) {
	list, err := s.DeadLetters(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("reading dead letters: %w", err)
	}
	routes := map[string]*pile{}
	var order []string
	for i := len(list) - 1; i >= 0; i-- {
		d := list[i]
		if !d.Retried.IsZero() {
			continue
		}
		e, err := sinks.ParseEvent(d.Envelope)
		if err != nil {
			continue
		}
		p := routes[d.Route]
		if p == nil {
			p = &pile{route: d.Route}
			routes[d.Route] = p
			order = append(order, d.Route)
		}
		p.letters = append(p.letters, letter{d, e.Verdict == envelope.Good.String()})
	}
	for _, name := range order {
		n, err := routes[name].retry(ctx, s)
		retried += n
		if err != nil {
			return retried, fmt.Errorf("retrying dead letters of route %s: %w", name, err)
		}
	}
	return retried, nil
}

// Drop deletes the selected dead letters for good and returns how many.
func Drop(ctx context.Context, s Store, q journal.Query) (dropped int, err error) {
	list, err := s.DeadLetters(ctx, q)
	if err != nil {
		return 0, fmt.Errorf("reading dead letters: %w", err)
	}
	for part := range slices.Chunk(list, batchEvents) {
		ids := make([]int64, len(part))
		for i, d := range part {
			ids[i] = d.ID
		}
		n, err := s.Drop(ctx, ids)
		dropped += n
		if err != nil {
			return dropped, fmt.Errorf("dropping dead letters: %w", err)
		}
	}
	return dropped, nil
}

// pile is the dead letters of one route.
type pile struct {
	route   string
	letters []letter
}

type letter struct {
	journal.DeadLetter
	good bool
}

func (p *pile) retry(ctx context.Context, s Store) (retried int, err error) {
	for start := 0; start < len(p.letters); start += batchEvents {
		part := p.letters[start:min(start+batchEvents, len(p.letters))]
		b, ids := frame(p.route, part)
		if err := s.Retry(ctx, b, ids); err != nil {
			return retried, err
		}
		retried += len(part)
	}
	return retried, nil
}

// frame makes a batch of dead letters.
func frame(route string, letters []letter) (journal.Batch, []int64) {
	now := time.Now()
	id := journal.NewID(now)
	h := envelope.Header{ID: id.String(), Captured: now.UnixMilli(), Events: len(letters)}
	ids := make([]int64, len(letters))
	var lines []byte
	for i, d := range letters {
		ids[i] = d.ID
		if !d.good {
			h.Failed++
		}
		lines = append(append(lines, d.Envelope...), '\n')
	}
	text := append(h.AppendJSON(nil), '\n')
	return journal.Batch{ID: id, Route: route, Events: len(letters), Frame: append(text, lines...)}, ids
}
