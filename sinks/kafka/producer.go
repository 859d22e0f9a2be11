package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// producer is an idempotent producer that one write has to itself, so that what
// befalls one write is never mistaken for the fate of another.
type producer struct{ client *client }

// item is an event on its way.
type item struct {
	index  int // in the batch
	record kgo.Record
	err    error // once produced; nil: acknowledged
}

// produce sends all items and waits for each one's answer. An error says that
// some answers are missing: what is stored is unknown, the items may not be
// looked at any more, and the producer is of no further use.
func (p *producer) produce(ctx context.Context, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	done := make(chan struct{})
	var left atomic.Int64
	left.Store(int64(len(items)))
	for _, it := range items {
		p.client.Produce(ctx, &it.record, func(_ *kgo.Record, err error) {
			it.err = err
			if left.Add(-1) == 0 {
				close(done)
			}
		})
	}
	if err := p.client.Flush(ctx); err != nil {
		return fmt.Errorf("waiting for the brokers' answers: %w", err)
	}
	// What never left the client is answered beside the flush.
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the brokers' answers: %w", ctx.Err())
	}
}

// errTogether is what becomes of items that were refused together when there
// was no time to tell them apart.
var errTogether = errors.New("refused together with others, and there was no time to find which one is to blame: they are sought among fewer the next time")

// isolate finds which of the items that were refused together are to blame. A
// broker refuses a batch of records as a whole, and with it the client fails
// what was to follow in the same partition. Halves are sent again, in order,
// until those refused are alone; the others are stored. It begins nothing when
// it is later than until. The error is produce's.
func (p *producer) isolate(ctx context.Context, items []*item, until time.Time) error {
	refused := make([]*item, 0, len(items))
	for _, it := range items {
		if isRefusal(it.err) {
			refused = append(refused, it)
		}
	}
	if len(refused) < 2 {
		return nil
	}
	if time.Now().After(until) {
		for _, it := range refused {
			it.err = errTogether
		}
		return nil
	}
	mid := len(refused) / 2
	for _, half := range [][]*item{refused[:mid], refused[mid:]} {
		if err := p.produce(ctx, half); err != nil {
			return err
		}
		if err := p.isolate(ctx, half, until); err != nil {
			return err
		}
	}
	return nil
}
