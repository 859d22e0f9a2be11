package jetstream

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/host/journal"
)

// refusal is how long a log that refused a batch counts as full.
const refusal = 5 * time.Second

// Ready implements journal.Journal.
func (j *Journal) Ready(ctx context.Context) error {
	if j.ctx.Err() != nil {
		return journal.ErrClosed
	}
	if j.conn.Status() != nats.CONNECTED {
		return journal.ErrBusy
	}
	bounded, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	info, err := j.log.Info(bounded)
	if err != nil {
		return j.failure(ctx, err)
	}
	if full := time.Since(time.UnixMilli(j.refused.Load())) < refusal; full && info.State.Bytes >= uint64(j.opt.MaxBytes/10*9) {
		return journal.ErrFull
	}
	return nil
}

// Stats implements journal.Journal.
func (j *Journal) Stats(ctx context.Context) (journal.Stats, error) {
	if j.ctx.Err() != nil {
		return journal.Stats{}, journal.ErrClosed
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := j.stats(bounded)
	if err != nil {
		return s, j.failure(ctx, err)
	}
	return s, nil
}

func (j *Journal) stats(ctx context.Context) (journal.Stats, error) {
	log, err := state(ctx, j.log)
	if err != nil {
		return journal.Stats{}, err
	}
	dead, err := state(ctx, j.dead)
	if err != nil {
		return journal.Stats{}, err
	}
	quarantine, err := state(ctx, j.quarantine)
	if err != nil {
		return journal.Stats{}, err
	}
	s := journal.Stats{Head: int64(log.State.LastSeq), Bytes: int64(log.State.Bytes), Limit: j.opt.MaxBytes, DeadLetters: int64(dead.State.Msgs),
		DeadBytes: int64(dead.State.Bytes), DeadLimit: j.opt.MaxBytes / 4, Quarantined: int64(quarantine.State.Msgs)}
	if log.State.Msgs > 0 {
		s.Oldest = int64(log.State.FirstSeq)
	}
	j.mu.Lock()
	for name := range j.routes {
		if name != indexRoute {
			next := j.known[name].next()
			s.Routes = append(s.Routes, journal.RouteStats{Name: name, Next: next, Lag: max(0, s.Head-next.Seq+1)})
		}
	}
	j.mu.Unlock()
	slices.SortFunc(s.Routes, func(a, b journal.RouteStats) int { return strings.Compare(a.Name, b.Name) })
	for i := range s.Routes {
		r := &s.Routes[i]
		if r.Lag == 0 {
			continue
		}
		m, err := fetch(ctx, j.log, uint64(max(r.Next.Seq, s.Oldest)))
		switch {
		case err == nil:
			r.Oldest = m.Time
		case !errors.Is(err, jetstream.ErrMsgNotFound):
			return s, err
		}
	}
	return s, nil
}
