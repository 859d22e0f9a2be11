package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"time"

	"weir/host/journal"
)

// route is one route's reader.
type route struct {
	j              *Journal
	name           string
	start, planned journal.Position // as recovered
	read           int64            // the last seq returned by Next

	committed journal.Position // settled and synced; guarded by j.mu
}

// Route implements journal.Journal.
func (j *Journal) Route(name string) (journal.Route, error) {
	r, ok := j.routes[name]
	if !ok {
		return nil, &journal.UnknownRouteError{Route: name}
	}
	return r, nil
}

// Start implements journal.Route.
func (r *route) Start() (next, planned journal.Position) { return r.start, r.planned }

// Next implements journal.Route.
func (r *route) Next(ctx context.Context, l journal.Limit) ([]journal.Record, error) {
	for {
		r.j.mu.Lock()
		grown := r.j.grown
		r.j.mu.Unlock()
		if head := r.j.head.Load(); r.read < head {
			records, err := r.fetch(ctx, head, l)
			if err != nil || len(records) > 0 {
				return records, err
			}
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-r.j.broken:
			return nil, r.j.Err()
		case <-r.j.closing:
			return nil, journal.ErrClosed
		}
	}
}

// row is a record as stored.
type row struct {
	journal.Record
	route string // the only one to read it; empty for all
	size  int
	sum   checksum
	body  []byte
}

// checksum is what a row is stored with: that of id, time of reception and
// body in its lower half, and in the upper one that of the route's name, negated
// such that a row for all has one, too; 0 if the row was stored before names had one.
type checksum uint64

func sumOf(body uint32, route string) checksum {
	return checksum(body) | checksum(^crc32.Checksum([]byte(route), castagnoli))<<32
}

// frame checks the row and returns its frame, nil if it is addressed to another
// route: whether it is must not hang on a bit that flipped. The error wraps
// journal.ErrDamaged.
func (r row) frame(c *journal.Codec, route string) ([]byte, error) {
	if named := r.sum >> 32; named != 0 && sumOf(0, r.route) != named<<32 {
		return nil, fmt.Errorf("%w: the name of the route that it is addressed to", journal.ErrDamaged)
	}
	if r.route != "" && r.route != route {
		return nil, journal.Check(r.ID, r.Received, r.body, uint32(r.sum))
	}
	return c.Decode(r.ID, r.Received, r.body, uint32(r.sum))
}

// fetch reads rows and closes the read transaction before it decodes them: an
// open one keeps the write-ahead log from being reset.
func (r *route) fetch(ctx context.Context, head int64, l journal.Limit) ([]journal.Record, error) {
	if !r.j.reading.TryRLock() {
		return nil, journal.ErrClosed
	}
	defer r.j.reading.RUnlock()
	rows, err := r.query(ctx, head, l)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case isBusy(err):
			return nil, fmt.Errorf("%w: %w", journal.ErrBusy, err)
		}
		return nil, r.j.fail("reading", err)
	}
	records := make([]journal.Record, 0, len(rows))
	last := max(r.read, r.j.pruned.Load())
	for _, row := range rows {
		if expected := last + 1; row.Seq > expected {
			r.j.alarm(fmt.Errorf("%w: batches %d to %d are missing from the log", journal.ErrDamaged, expected, row.Seq-1))
		}
		if row.Frame, err = row.frame(r.j.codec, r.name); err != nil {
			r.j.alarm(fmt.Errorf("batch %d (%s), kept in table quarantine: %w", row.Seq, row.ID, err))
			if err := r.j.do(ctx, &request{quarantine: row.Seq, done: make(chan error, 1)}); err != nil {
				return nil, err
			}
			row.Frame = nil
		}
		last = row.Seq
		records = append(records, row.Record)
	}
	if len(rows) == 0 && last < head {
		r.j.alarm(fmt.Errorf("%w: batches %d to %d are missing from the log", journal.ErrDamaged, last+1, head))
		last = head
	}
	r.read = last
	return records, nil
}

func (r *route) query(ctx context.Context, head int64, l journal.Limit) (list []row, err error) {
	rows, err := r.j.read.QueryContext(ctx, `SELECT seq, id, route, received, size, crc, body
		FROM log WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`, r.read, head, l.Records)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	bytes, last := 0, r.read
	for rows.Next() {
		row, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		if last, err = ascending(last, row.Seq); err != nil {
			return nil, err
		}
		if bytes += row.size; bytes > l.Bytes && len(list) > 0 {
			return list, nil
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// ascending checks that the number of a batch follows the one before it, and
// returns it. SQLite believes the order in which rows lie: where one bit makes a
// number smaller, the same rows would be read for ever.
func ascending(last, seq int64) (int64, error) {
	if seq <= last {
		return last, fmt.Errorf("%w: batch %d lies behind batch %d: the database is damaged; restore it from a copy, or salvage it with the sqlite3 shell's .recover", journal.ErrDamaged, seq, last)
	}
	return seq, nil
}

// scanRow reads seq, id, route, received, size, crc and body.
func scanRow(rows *sql.Rows) (r row, err error) {
	var id sql.RawBytes
	var received, sum int64
	if err := rows.Scan(&r.Seq, &id, &r.route, &received, &r.size, &sum, &r.body); err != nil {
		return row{}, err
	}
	copy(r.ID[:], id)
	r.sum = checksum(sum)
	r.Received = time.UnixMilli(received)
	return r, nil
}

// Settled implements journal.Journal.
func (j *Journal) Settled(ctx context.Context, seq int64, routes ...string) error {
	for {
		moved, behind, err := j.behind(seq, routes)
		if err != nil || !behind {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-j.broken:
			return j.Err()
		case <-j.closing:
			return journal.ErrClosed
		}
	}
}

// behind reports whether any of the routes has yet to settle a batch; moved is
// closed when the answer may have changed.
func (j *Journal) behind(seq int64, routes []string) (moved <-chan struct{}, behind bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, name := range routes {
		r, ok := j.routes[name]
		if !ok {
			return nil, false, &journal.UnknownRouteError{Route: name}
		}
		behind = behind || r.committed.Seq <= seq
	}
	return j.moved, behind, nil
}

func (j *Journal) alarm(err error) {
	j.opt.Log.Error("journal: a batch cannot be delivered", "dir", j.dir, "error", err)
	j.opt.Alarm(err)
}

// Plan implements journal.Route.
func (r *route) Plan(ctx context.Context, end journal.Position) error {
	return r.j.do(ctx, &request{plan: &plan{r.name, end}, done: make(chan error, 1)})
}

// Settle implements journal.Route.
func (r *route) Settle(ctx context.Context, next journal.Position, dead []journal.DeadLetter) error {
	if err := r.j.Err(); err != nil {
		return err
	}
	if len(dead) > 0 {
		dead = slices.Clone(dead)
		for i := range dead {
			dead[i].Envelope = r.j.codec.Encode(dead[i].Envelope)
		}
		return r.j.do(ctx, &request{settle: &settlement{r.name, next, dead}, done: make(chan error, 1)})
	}
	r.j.mu.Lock()
	r.j.pending[r.name] = next
	r.j.mu.Unlock()
	select {
	case r.j.settled <- struct{}{}:
	default:
	}
	return nil
}
