package failed

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Event is a failed event that is kept.
type Event struct {
	ID       int64
	Stored   time.Time
	Envelope []byte
}

// Query selects failed events. Zero members select everything.
type Query struct {
	App string
	// Schema is a schema key, or its beginning and a *: events that name it, as
	// their own, as an entity's or in a violation.
	Schema   string
	From, To time.Time // stored from From on and before To
	IDs      []int64
	After    int64 // only greater numbers
	Before   int64 // only smaller numbers
	Oldest   bool  // the oldest first
	Limit    int   // 0 means 100
	Bytes    int   // of envelopes: one at least, then no more than these; 0 sets no bound
}

// List returns failed events, the latest first unless the query says otherwise.
// Those that have passed since are none any more.
func (s *Store) List(ctx context.Context, q Query) ([]Event, error) {
	text := `SELECT id, stored, envelope FROM failed WHERE batch = x'' AND stored >= ?`
	args := []any{s.now().Add(-s.opt.Keep).UnixMilli()}
	and := func(condition string, values ...any) {
		text += ` AND ` + condition
		args = append(args, values...)
	}
	if q.App != "" {
		and(`app = ?`, q.App)
	}
	if q.Schema != "" {
		named, err := json.Marshal(q.Schema)
		if err != nil {
			return nil, err
		}
		begin, prefix := strings.CutSuffix(string(named), `*"`)
		if !prefix {
			begin = string(named)
		}
		and(`(schema = ? OR instr(envelope, ?) > 0)`, q.Schema, []byte(begin))
	}
	if !q.From.IsZero() {
		and(`stored >= ?`, q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		and(`stored < ?`, q.To.UnixMilli())
	}
	if len(q.IDs) > 0 {
		list, err := json.Marshal(q.IDs)
		if err != nil {
			return nil, err
		}
		and(`id IN (SELECT value FROM json_each(?))`, string(list))
	}
	if q.After > 0 {
		and(`id > ?`, q.After)
	}
	if q.Before > 0 {
		and(`id < ?`, q.Before)
	}
	order := ` ORDER BY id DESC`
	if q.Oldest {
		order = ` ORDER BY id`
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	list, err := s.events(ctx, q.Bytes, text+order+` LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("listing failed events: %w", err)
	}
	return list, nil
}

// events reads rows of id, stored and envelope, up to so many bytes if that is not 0.
func (s *Store) events(ctx context.Context, most int, text string, args ...any) ([]Event, error) {
	rows, err := s.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Event
	bytes := 0
	for rows.Next() {
		var e Event
		var stored int64
		if err := rows.Scan(&e.ID, &stored, &e.Envelope); err != nil {
			return nil, err
		}
		if bytes += len(e.Envelope); most > 0 && bytes > most && len(list) > 0 {
			return list, nil
		}
		e.Stored = time.UnixMilli(stored)
		list = append(list, e)
	}
	return list, rows.Err()
}

// latest returns the greatest number, 0 if there is none.
func (s *Store) latest(ctx context.Context) (id int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM failed`).Scan(&id)
	return id, err
}
