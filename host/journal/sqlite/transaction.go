package sqlite

import (
	"context"
	"time"

	"weir/host/journal"
)

// transaction is one commit in the making. Its numbers are published only
// after the commit.
type transaction struct {
	ctx    context.Context
	w      *writer
	now    time.Time
	head   int64
	pruned int64
	stored int
	bytes  int

	settled map[string]journal.Position
}

func (t *transaction) run(j *Journal, group []*request, pending map[string]journal.Position, prune bool) error {
	before := t.head
	for name, next := range pending {
		if err := t.settle(settlement{route: name, next: next}); err != nil {
			return err
		}
	}
	for _, r := range group {
		if err := t.perform(r); err != nil {
			return err
		}
	}
	if t.head != before {
		if _, err := t.w.meta.ExecContext(t.ctx, t.head, "head"); err != nil {
			return err
		}
	}
	if prune {
		return t.prune(j)
	}
	return nil
}

func (t *transaction) settle(s settlement) error {
	for _, d := range s.dead {
		_, err := t.w.bury.ExecContext(t.ctx, d.Route, d.Sink, d.EventID, d.App, d.Schema, d.Reason, d.Tries,
			d.Died.UnixMilli(), d.Envelope)
		if err != nil {
			return err
		}
	}
	t.settled[s.route] = s.next
	_, err := t.w.settle.ExecContext(t.ctx, s.route, s.next.Seq, s.next.Event)
	return err
}

func (t *transaction) perform(r *request) error {
	if len(r.appends) > 0 {
		if err := t.append(r); err != nil {
			return err
		}
	}
	for _, id := range r.retried {
		if _, err := t.w.retry.ExecContext(t.ctx, t.now.UnixMilli(), id); err != nil {
			return err
		}
	}
	if p := r.plan; p != nil {
		if _, err := t.w.plan.ExecContext(t.ctx, p.end.Seq, p.end.Event, p.route); err != nil {
			return err
		}
	}
	if s := r.settle; s != nil {
		if err := t.settle(*s); err != nil {
			return err
		}
	}
	if r.quarantine > 0 {
		if _, err := t.w.quarantine.ExecContext(t.ctx, t.now.UnixMilli(), r.quarantine); err != nil {
			return err
		}
	}
	return nil
}

func (t *transaction) append(r *request) error {
	if t.stored == 0 {
		var used int64
		if err := t.w.used.QueryRowContext(t.ctx).Scan(&used); err != nil {
			return err
		}
		if used >= t.w.limit {
			return journal.ErrFull
		}
	}
	for i, e := range r.appends {
		received := e.received.UnixMilli()
		res, err := t.w.see.ExecContext(t.ctx, e.id[:], t.head+1, received)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if r.known[i] = n == 0; r.known[i] {
			continue
		}
		_, err = t.w.insert.ExecContext(t.ctx, t.head+1, e.id[:], e.route, received, e.events, e.size, int64(e.sum), e.body)
		if err != nil {
			return err
		}
		t.head++
		t.stored++
		t.bytes += len(e.body)
	}
	return nil
}
