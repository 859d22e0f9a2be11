package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"weir/host/journal"
)

// state is what a start needs to know of what was stored before.
type state struct {
	head    int64
	pruned  int64
	cursors map[string]cursor
}

type cursor struct{ next, planned journal.Position }

// recover reads the state and gives routes seen for the first time a position.
//
// The sequence resumes after the greatest number ever given. The log alone
// would not do: once retention has emptied it, numbers would begin again below
// the routes' positions, and batches would be skipped. meta.head is written in
// the transaction that writes log and seen; the maximum of log and cur is
// taken as well, so that a wrong number there cannot lead to a second use.
func (w *writer) recover(routes []string) (state, error) {
	ctx := context.Background()
	s := state{cursors: map[string]cursor{}}
	err := w.conn.QueryRowContext(ctx, `SELECT max(
			(SELECT value FROM meta WHERE key = 'head'),
			(SELECT coalesce(max(seq), 0) FROM log),
			(SELECT coalesce(max(seq) - 1, 0) FROM cur)),
		(SELECT value FROM meta WHERE key = 'pruned')`).Scan(&s.head, &s.pruned)
	if err != nil {
		return s, err
	}
	for _, name := range routes {
		var c cursor
		err := w.conn.QueryRowContext(ctx, `SELECT seq, event, planned_seq, planned_event FROM cur WHERE route = ?`, name).
			Scan(&c.next.Seq, &c.next.Event, &c.planned.Seq, &c.planned.Event)
		fresh := errors.Is(err, sql.ErrNoRows)
		if err != nil && !fresh {
			return s, err
		}
		oldest := journal.Position{Seq: s.pruned + 1}
		if c.next.Before(oldest) {
			if !fresh {
				w.opt.Log.Warn("journal: batches were removed while the route was not configured",
					"route", name, "from", c.next.Seq, "to", s.pruned)
			}
			c = cursor{next: oldest}
		}
		if _, err := w.settle.ExecContext(ctx, name, c.next.Seq, c.next.Event); err != nil {
			return s, err
		}
		if _, err := w.plan.ExecContext(ctx, c.planned.Seq, c.planned.Event, name); err != nil {
			return s, err
		}
		s.cursors[name] = c
	}
	return s, nil
}
