package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/sinks"
	"weir/sinks/format"
)

// Sink writes to the topics of one cluster.
type Sink struct {
	config Config
	writer writer
	log    *slog.Logger
	wrap   func(network) network // nil: connections are as the network has them

	once      sync.Once // for warnings
	mu        sync.Mutex
	producers []*producer // those that no write is using
	live      int         // those and the ones in use; never more than config.InFlight
	life      int         // counts calls of Close, so that a write gives nothing back to a later life
}

func newSink(c Config, env sinks.Env) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r, err := newRouter(&c)
	if err != nil {
		return nil, err
	}
	f, err := format.New(c.Format)
	if err != nil {
		return nil, err
	}
	return &Sink{config: c, log: env.Log, writer: writer{router: r, format: f, name: c.Format, key: c.Key, headers: c.Headers}}, nil
}

// Limits says how many Writes may run at a time.
func (s *Sink) Limits() sinks.Limits { return sinks.Limits{InFlight: s.config.InFlight} }

// Open looks at the topics, creates those that are missing if it is to, and
// makes the producers that there are not. Each has a producer id of its own, so
// that what an earlier one left open cannot meet its sequence numbers.
func (s *Sink) Open(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == s.config.InFlight {
		return nil
	}
	known, err := s.look(ctx, s.config.Create)
	if err != nil {
		return err
	}
	s.once.Do(func() {
		for _, name := range s.writer.router.all() {
			s.warn(known[name])
		}
	})
	opts, err := s.producerOptions(known)
	if err != nil {
		return err
	}
	for s.live < s.config.InFlight {
		client, err := s.connect(opts)
		if err != nil {
			return err
		}
		s.producers = append(s.producers, &producer{client})
		s.live++
	}
	return nil
}

// Write produces the batch and waits for every acknowledgement. Records of one
// partition are stored in the batch's order.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	p, life := s.take()
	if p == nil {
		return sinks.ErrNotConnected
	}
	useless, err := s.write(ctx, p, b)
	s.giveBack(p, life, useless)
	return err
}

// write also says whether the producer is of no further use: one that met with
// trouble is replaced by one that knows nothing of it.
func (s *Sink) write(ctx context.Context, p *producer, b sinks.Batch) (useless bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var failed []sinks.EventError
	all := make([]item, len(b.Events))
	items := make([]*item, 0, len(b.Events))
	page := page{headers: make([]kgo.RecordHeader, 0, len(b.Events)*len(s.writer.headers))}
	for i := range all {
		if err := s.writer.fill(&all[i].record, &b.Events[i], &page); err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		all[i].index = i
		items = append(items, &all[i])
	}

	half := time.Now().Add(s.config.Timeout / 2)
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	if err = p.produce(bounded, items); err == nil {
		err = p.isolate(bounded, items, half)
	}
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("no answer within %s: a broker is away, or a partition has no leader", s.config.Timeout)
		}
		return true, fmt.Errorf("%w: %w", sinks.ErrNotConnected, err)
	}

	stored, later := 0, 0
	for _, it := range items {
		if it.err == nil {
			stored++
			continue
		}
		useless = useless || !isRefusal(it.err) // it may cling to what it knows, or owe an answer
		f := sinks.EventError{Index: it.index, Err: explain(it.record.Topic, it.err)}
		if f.Permanent = sinks.IsPermanent(f.Err); !f.Permanent {
			later++
		}
		failed = append(failed, f)
	}
	switch {
	case len(failed) == 0:
		return useless, nil
	case stored == 0 && later == len(failed):
		return useless, failed[0].Err // it is not about the events
	}
	return useless, &sinks.BatchError{Failed: failed}
}

// take lends a producer to a write; nil when there is none.
func (s *Sink) take() (*producer, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.producers) == 0 {
		return nil, s.life
	}
	p := s.producers[len(s.producers)-1]
	s.producers = s.producers[:len(s.producers)-1]
	return p, s.life
}

func (s *Sink) giveBack(p *producer, life int, useless bool) {
	s.mu.Lock()
	keep := !useless && life == s.life
	switch {
	case keep:
		s.producers = append(s.producers, p)
	case life == s.life:
		s.live--
	}
	s.mu.Unlock()
	if !keep {
		p.client.Close()
	}
}

// Close hangs up. Everything acknowledged is stored; there is nothing to flush.
func (s *Sink) Close(context.Context) error {
	s.mu.Lock()
	idle := s.producers
	s.producers, s.live = nil, 0
	s.life++
	s.mu.Unlock()
	for _, p := range idle {
		p.client.Close()
	}
	return nil
}
