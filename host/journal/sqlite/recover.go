package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"weir/host/journal"
)

// state is what a start needs to know of what was stored before.
type state struct {
	head    int64
	pruned  int64
	missing int64 // batches before the first in the log; -1 when there is none in it
	cursors map[string]cursor
}

// cursor is a row of cur: how far a route has got, and the end of the batch
// that it was about to write.
type cursor struct{ next, planned journal.Position }

// sum is the row's checksum: a flipped bit in a position would skip batches.
func (c cursor) sum(route string) int64 {
	text := fmt.Appendf(nil, "%s %d %d %d %d", route, c.next.Seq, c.next.Event, c.planned.Seq, c.planned.Event)
	return int64(crc32.Checksum(text, castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (w *writer) store(ctx context.Context, route string, c cursor) error {
	_, err := w.move.ExecContext(ctx, route, c.next.Seq, c.next.Event, c.planned.Seq, c.planned.Event, c.sum(route))
	return err
}

// recover reads the state and gives routes seen for the first time a position.
//
// The sequence resumes after the greatest number ever given. The log alone
// would not do: once retention has emptied it, numbers would begin again below
// the routes' positions, and batches would be skipped. meta.head is written in
// the transaction that writes log and seen; the maximum of log and cur is
// taken as well, so that a wrong number there cannot lead to a second use.
//
// A position that cannot be right begins again at the oldest batch kept: that
// repeats deliveries, where trusting it could skip some.
func (w *writer) recover(routes []string, alarm func(error)) (state, error) {
	ctx := context.Background()
	s := state{cursors: map[string]cursor{}}
	err := w.conn.QueryRowContext(ctx, `SELECT
		max((SELECT value FROM meta WHERE key = 'head'), (SELECT coalesce(max(seq), 0) FROM log)),
		(SELECT value FROM meta WHERE key = 'pruned'),
		(SELECT coalesce(min(seq) - 1, -1) FROM log)`).Scan(&s.head, &s.pruned, &s.missing)
	if err != nil {
		return s, err
	}
	switch {
	case s.missing >= 0 && s.pruned > s.missing:
		alarm(fmt.Errorf("%w: the log begins at batch %d although all up to %d should be gone", journal.ErrDamaged, s.missing+1, s.pruned))
		s.pruned = s.missing
	case s.pruned > s.head:
		alarm(fmt.Errorf("%w: all up to batch %d should be gone, and the last one ever stored is %d", journal.ErrDamaged, s.pruned, s.head))
		s.pruned = s.head
	}
	for _, name := range routes {
		c, fresh, err := w.load(ctx, name)
		switch {
		case errors.Is(err, journal.ErrDamaged):
			alarm(err)
			fresh = true
		case err != nil:
			return s, err
		}
		if oldest := (journal.Position{Seq: s.pruned + 1}); c.next.Before(oldest) || fresh {
			if !fresh {
				w.opt.Log.Warn("journal: batches were removed while the route was not configured",
					"route", name, "from", c.next.Seq, "to", s.pruned)
			}
			c = cursor{next: oldest}
		}
		s.cursors[name] = c
		s.head = max(s.head, c.next.Seq-1)
	}
	return s, w.storeAll(ctx, s.cursors)
}

// storeAll stores positions in one transaction: all of them or none.
func (w *writer) storeAll(ctx context.Context, cursors map[string]cursor) error {
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for name, c := range cursors {
		if err := w.store(ctx, name, c); err != nil {
			_, undo := w.conn.ExecContext(ctx, "ROLLBACK")
			return errors.Join(err, undo)
		}
	}
	_, err := w.conn.ExecContext(ctx, "COMMIT")
	return err
}

// orphans raises an alarm for each route that is not configured and has
// batches waiting that are addressed to it.
func (w *writer) orphans(alarm func(error)) error {
	rows, err := w.conn.QueryContext(context.Background(), `SELECT route, count(*) FROM log
		WHERE route <> '' AND seq >= coalesce((SELECT seq FROM cur WHERE cur.route = log.route), 0) GROUP BY route`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return err
		}
		if !slices.Contains(w.opt.Routes, name) {
			alarm(fmt.Errorf("%d batches of retried dead letters wait for route %s, which is not configured", n, name))
		}
	}
	return rows.Err()
}

// load reads a route's row; fresh tells that there is none.
func (w *writer) load(ctx context.Context, route string) (c cursor, fresh bool, err error) {
	var sum int64
	err = w.conn.QueryRowContext(ctx, `SELECT seq, event, planned_seq, planned_event, crc FROM cur WHERE route = ?`, route).
		Scan(&c.next.Seq, &c.next.Event, &c.planned.Seq, &c.planned.Event, &sum)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return cursor{}, true, nil
	case err != nil:
		return cursor{}, false, err
	case sum != c.sum(route):
		return cursor{}, false, fmt.Errorf("%w: the position of route %s", journal.ErrDamaged, route)
	}
	return c, false, nil
}
