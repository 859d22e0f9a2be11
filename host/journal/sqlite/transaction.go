package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"weir/host/journal"
)

// transaction is one commit in the making. Its numbers are published only
// after the commit.
type transaction struct {
	ctx     context.Context
	w       *writer
	now     time.Time
	head    int64
	pruned  int64
	roomy   bool // the limit is not reached
	stored  int
	bytes   int
	expired int // dead letters deleted by retention

	moved map[string]cursor // the routes' rows as the transaction leaves them
}

func (t *transaction) run(j *Journal, group []*request, pending map[string]journal.Position, prune bool) error {
	before := t.head
	for name, next := range pending {
		if err := t.settle(settlement{route: name, next: next}); err != nil {
			return err
		}
	}
	for _, r := range group {
		if err := t.perform(j, r); err != nil {
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
	return t.move(s.route, cursor{next: s.next})
}

func (t *transaction) move(route string, c cursor) error {
	t.moved[route] = c
	return t.w.store(t.ctx, route, c)
}

func (t *transaction) perform(j *Journal, r *request) error {
	// Before anything is done, so that there is nothing to undo.
	var err error
	if r.refused, err = t.check(r); err != nil || r.refused != nil {
		return err
	}
	for _, id := range r.retried {
		if _, err := t.w.retry.ExecContext(t.ctx, t.now.UnixMilli(), id); err != nil {
			return err
		}
	}
	if len(r.appends) > 0 {
		if err := t.append(r); err != nil {
			return err
		}
	}
	r.dropped = 0
	for _, id := range r.drop {
		n, err := affected(t.w.drop.ExecContext(t.ctx, id))
		if err != nil {
			return err
		}
		r.dropped += int(n)
	}
	if p := r.plan; p != nil {
		c, ok := t.moved[p.route]
		if !ok {
			c.next = j.committed(p.route)
		}
		c.planned = p.end
		if err := t.move(p.route, c); err != nil {
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

// check returns why a request cannot be performed.
func (t *transaction) check(r *request) (refusal, err error) {
	for _, id := range r.retried {
		var waits int
		if err := t.w.waits.QueryRowContext(t.ctx, id).Scan(&waits); err != nil {
			return nil, err
		}
		if waits == 0 {
			return fmt.Errorf("%w: number %d", journal.ErrRetried, id), nil
		}
	}
	if r.settle != nil && len(r.settle.dead) > 0 {
		dead, err := t.deadBytes()
		if err != nil {
			return nil, err
		}
		if dead >= t.w.opt.MaxBytes/deadShare {
			return journal.ErrDeadFull, nil
		}
	}
	return nil, nil
}

// deadBytes returns about what dead letters take.
func (t *transaction) deadBytes() (n int64, err error) {
	err = t.w.dead.QueryRowContext(t.ctx).Scan(&n)
	return n, err
}

// affected returns how many rows a statement has changed.
func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t *transaction) append(r *request) error {
	if r.needsRoom() && !t.roomy {
		var used int64
		if err := t.w.used.QueryRowContext(t.ctx).Scan(&used); err != nil {
			return err
		}
		if used >= t.w.limit || t.w.volumeFull(t.now) {
			return journal.ErrFull
		}
		t.roomy = true
	}
	for i, e := range r.appends {
		received := e.received.UnixMilli()
		n, err := affected(t.w.see.ExecContext(t.ctx, e.id[:], t.head+1, received))
		if err != nil {
			return err
		}
		if n == 0 {
			r.stored[i].Known = true
			if err := t.w.find.QueryRowContext(t.ctx, e.id[:]).Scan(&r.stored[i].Seq); err != nil {
				return err
			}
			continue
		}
		_, err = t.w.insert.ExecContext(t.ctx, t.head+1, e.id[:], e.route, received, e.events, e.size, int64(sumOf(e.sum, e.route)), e.body)
		if err != nil {
			return err
		}
		t.head++
		r.stored[i] = journal.Stored{Seq: t.head}
		t.stored++
		t.bytes += len(e.body)
	}
	return nil
}
