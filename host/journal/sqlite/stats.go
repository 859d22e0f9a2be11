package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"sort"
	"strings"
	"time"

	"weir/host/journal"
)

// refusal is how long a volume that was found full counts as full.
const refusal = 5 * time.Second

// Ready implements journal.Journal.
func (j *Journal) Ready(ctx context.Context) error {
	if !j.reading.TryRLock() {
		return journal.ErrClosed
	}
	defer j.reading.RUnlock()
	if err := j.Err(); err != nil {
		return err
	}
	if time.Since(time.UnixMilli(j.refused.Load())) < refusal {
		return journal.ErrFull
	}
	var used int64
	err := j.read.QueryRowContext(ctx, `SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count`).Scan(&used)
	switch {
	case err != nil:
		return err
	case used >= j.opt.MaxBytes/pageSize:
		return journal.ErrFull
	}
	return nil
}

// Stats implements journal.Journal.
func (j *Journal) Stats(ctx context.Context) (journal.Stats, error) {
	if !j.reading.TryRLock() {
		return journal.Stats{}, journal.ErrClosed
	}
	defer j.reading.RUnlock()
	s := journal.Stats{Head: j.head.Load(), Limit: j.opt.MaxBytes, DeadLimit: j.opt.MaxBytes / deadShare}
	if pruned := j.pruned.Load(); pruned < s.Head {
		s.Oldest = pruned + 1
	}
	err := j.read.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * ?,
		(SELECT count(*) FROM dead WHERE retried = 0), (SELECT value FROM meta WHERE key = 'dead'), (SELECT count(*) FROM quarantine)
		FROM pragma_page_count, pragma_freelist_count`, pageSize).Scan(&s.Bytes, &s.DeadLetters, &s.DeadBytes, &s.Quarantined)
	if err != nil {
		return s, err
	}
	j.mu.Lock()
	for _, r := range j.routes {
		s.Routes = append(s.Routes, journal.RouteStats{Name: r.name, Next: r.committed, Lag: max(0, s.Head-r.committed.Seq+1)})
	}
	j.mu.Unlock()
	sort.Slice(s.Routes, func(a, b int) bool { return s.Routes[a].Name < s.Routes[b].Name })
	for i := range s.Routes {
		var received int64
		err := j.read.QueryRowContext(ctx, `SELECT received FROM log WHERE seq >= ? ORDER BY seq LIMIT 1`, s.Routes[i].Next.Seq).Scan(&received)
		switch {
		case err == nil:
			s.Routes[i].Oldest = time.UnixMilli(received)
		case !errors.Is(err, sql.ErrNoRows):
			return s, err
		}
	}
	return s, nil
}

// DeadLetters implements journal.Journal.
func (j *Journal) DeadLetters(ctx context.Context, q journal.Query) ([]journal.DeadLetter, error) {
	if !j.reading.TryRLock() {
		return nil, journal.ErrClosed
	}
	defer j.reading.RUnlock()
	text := `SELECT id, route, sink, event_id, app, schema, reason, tries, died, retried, envelope FROM dead WHERE 1`
	var args []any
	if q.Route != "" {
		text += ` AND route = ?`
		args = append(args, q.Route)
	}
	if q.App != "" {
		text += ` AND app = ?`
		args = append(args, q.App)
	}
	if begin, prefix := strings.CutSuffix(q.Schema, "*"); prefix {
		text += ` AND substr(schema, 1, length(?)) = ?`
		args = append(args, begin, begin)
	} else if q.Schema != "" {
		text += ` AND schema = ?`
		args = append(args, q.Schema)
	}
	if q.Reason != "" {
		text += ` AND instr(reason, ?) > 0`
		args = append(args, q.Reason)
	}
	if !q.Retried {
		text += ` AND retried = 0`
	}
	if len(q.IDs) > 0 {
		list, err := json.Marshal(q.IDs)
		if err != nil {
			return nil, err
		}
		text += ` AND id IN (SELECT value FROM json_each(?))`
		args = append(args, string(list))
	}
	if q.After > 0 {
		text += ` AND id > ?`
		args = append(args, q.After)
	}
	if q.UpTo > 0 {
		text += ` AND id <= ?`
		args = append(args, q.UpTo)
	}
	order := `DESC`
	if q.Oldest {
		order = `ASC`
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := j.read.QueryContext(ctx, text+` ORDER BY id `+order+` LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []journal.DeadLetter
	bytes := 0
	for rows.Next() {
		var d journal.DeadLetter
		var died, retried int64
		if err := rows.Scan(&d.ID, &d.Route, &d.Sink, &d.EventID, &d.App, &d.Schema, &d.Reason, &d.Tries,
			&died, &retried, &d.Envelope); err != nil {
			return nil, err
		}
		if d.Envelope, err = j.codec.Expand(d.Envelope); err != nil {
			j.opt.Log.Error("journal: a dead letter is damaged; it can be dropped", "dir", j.dir, "number", d.ID, "error", err)
		}
		if bytes += len(d.Envelope); q.Bytes > 0 && bytes > q.Bytes && len(list) > 0 {
			return list, nil
		}
		d.Died = time.UnixMilli(died)
		if retried > 0 {
			d.Retried = time.UnixMilli(retried)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}
