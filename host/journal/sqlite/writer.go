package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"weir/host/journal"
)

const (
	groupBatches = 1024    // most batches in one commit
	groupBytes   = 8 << 20 // most bytes of bodies in one commit
	settleDelay  = 100 * time.Millisecond
	housekeeping = time.Second
)

// request is what one caller waits for. Its appends are stored all or none.
type request struct {
	appends    []entry
	bytes      int
	retried    []int64
	drop       []int64
	plan       *plan
	quarantine int64 // seq
	settle     *settlement

	stored  []journal.Stored // of appends
	dropped int              // of drop: those that were there
	refused error            // why nothing was done, although others' requests were committed
	done    chan error
}

// needsRoom reports whether a request makes the journal grow for good. What is
// retried leaves as much room as it takes.
func (r *request) needsRoom() bool { return len(r.appends) > 0 && len(r.retried) == 0 }

type entry struct {
	id       journal.ID
	route    string
	received time.Time
	events   int
	size     int
	sum      uint32
	body     []byte
}

type plan struct {
	route string
	end   journal.Position
}

// settlement is how far a route has got and what it left behind.
type settlement struct {
	route string
	next  journal.Position
	dead  []journal.DeadLetter
}

// writer is the one connection that writes, with its statements prepared.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	opt  Options

	find, see, insert, move, bury, waits, retry, drop, expire, tidy, dead, quarantine, meta, used *sql.Stmt

	limit    int64     // pages in use at which nothing is appended
	searched time.Time // when retention last looked
	more     bool      // it left something for the next commit
	asked    time.Time // when the volume was last asked for its free bytes
	full     bool      // what it said
}

func openWriter(path string, opt Options, created bool) (*writer, error) {
	pragmas := []string{"journal_mode(WAL)", "synchronous(FULL)"}
	if created { // it has an effect before the first page is written only, and would write to a database that may yet be refused
		pragmas = append([]string{"auto_vacuum(INCREMENTAL)"}, pragmas...)
	}
	db, err := sql.Open("sqlite", dsn(path, pragmas...))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &writer{db: db, opt: opt, limit: opt.MaxBytes / pageSize}
	if err := w.open(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *writer) open() error {
	ctx := context.Background()
	var err error
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	if err := w.bound(ctx); err != nil {
		return err
	}
	if err := w.migrate(ctx); err != nil {
		return err
	}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&w.find, `SELECT seq FROM seen WHERE id = ?`},
		{&w.see, `INSERT OR IGNORE INTO seen (id, seq, received) VALUES (?, ?, ?)`},
		{&w.insert, `INSERT INTO log (seq, id, route, received, events, size, crc, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`},
		{&w.move, `INSERT OR REPLACE INTO cur (route, seq, event, planned_seq, planned_event, crc) VALUES (?, ?, ?, ?, ?, ?)`},
		{&w.bury, `INSERT INTO dead (route, sink, event_id, app, schema, reason, tries, died, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&w.waits, `SELECT count(*) FROM dead WHERE id = ? AND retried = 0`},
		{&w.retry, `UPDATE dead SET retried = ?, envelope = x'' WHERE id = ?`},
		{&w.drop, `DELETE FROM dead WHERE id = ?`},
		{&w.expire, `DELETE FROM dead WHERE id IN (
			SELECT id FROM (SELECT id, died FROM dead ORDER BY id LIMIT ?)
			WHERE died < ? OR id <= (SELECT max(id) FROM dead) - ?) RETURNING retried`},
		{&w.tidy, `DELETE FROM dead WHERE id IN (SELECT id FROM dead WHERE retried > 0 ORDER BY id LIMIT ?)`},
		{&w.dead, `SELECT value FROM meta WHERE key = 'dead'`},
		{&w.quarantine, `INSERT OR IGNORE INTO quarantine SELECT seq, id, received, crc, body, ? FROM log WHERE seq = ?`},
		{&w.meta, `UPDATE meta SET value = ? WHERE key = ?`},
		{&w.used, `SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count`},
	} {
		if *s.stmt, err = w.conn.PrepareContext(ctx, s.text); err != nil {
			return err
		}
	}
	return nil
}

// bound sets the hard limit on the file. What it holds already may exceed a
// limit that was lowered; the reserve comes on top of that, too.
func (w *writer) bound(ctx context.Context) error {
	var pages int64
	if err := w.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		return err
	}
	_, err := w.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", max(maxPages(w.opt.MaxBytes), pages+reservePages(w.opt.MaxBytes))))
	return err
}

// migrate creates the tables in an empty database, adds to those of an earlier
// format, and refuses any other database.
func (w *writer) migrate(ctx context.Context) error {
	var app, version, objects int
	err := w.conn.QueryRowContext(ctx, `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&app, &version, &objects)
	if err != nil {
		return err
	}
	create := tables + additions + accounts
	switch {
	case app == 0 && version == 0 && objects == 0:
	case app == applicationID && version == 1:
		create = additions + accounts
	case app == applicationID && version == 2:
		create = accounts
	case app != applicationID:
		return errors.New("journal.db is not a weir journal: move it away or choose another data directory")
	case version != formatVersion:
		return fmt.Errorf("journal.db has format %d and this weir reads format %d: use the weir that wrote it", version, formatVersion)
	default:
		return nil
	}
	_, err = w.conn.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		create, applicationID, formatVersion))
	return err
}

func (w *writer) close() error {
	var errs []error
	// SQLite keeps a connection with open statements, and with it the log.
	for _, s := range []*sql.Stmt{w.find, w.see, w.insert, w.move, w.bury, w.waits, w.retry, w.drop, w.expire, w.tidy, w.dead, w.quarantine, w.meta, w.used} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}

// write is the writer's loop: take what waits, commit it in one transaction,
// answer everyone. It ends when the journal is closed, after a last commit.
func (j *Journal) write() {
	defer close(j.stopped)
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	settle := time.NewTimer(settleDelay)
	defer settle.Stop()
	armed := true
	for {
		var group []*request
		select {
		case r := <-j.requests:
			group = j.gather(r)
		case <-j.settled:
			if !armed {
				settle.Reset(settleDelay)
				armed = true
			}
			continue
		case <-settle.C:
			armed = false
		case <-tick.C:
		case <-j.closing:
			for len(j.requests) > 0 {
				j.commit(j.gather(<-j.requests))
			}
			j.commit(nil)
			return
		}
		j.commit(group)
	}
}

// gather returns r and everything else that is waiting, up to a group's limits.
func (j *Journal) gather(r *request) []*request {
	group := []*request{r}
	batches, bytes := len(r.appends), r.bytes
	for batches < groupBatches && bytes < groupBytes {
		select {
		case r := <-j.requests:
			group = append(group, r)
			batches += len(r.appends)
			bytes += r.bytes
		default:
			return group
		}
	}
	return group
}

// commit stores a group together with all pending settlements and answers it.
func (j *Journal) commit(group []*request) {
	pending := j.takePending()
	err := j.Err()
	if err == nil {
		err = j.try(group, pending)
	}
	if code(err) == sqlite3.SQLITE_FULL || isFull(err) && j.w.full {
		j.refused.Store(time.Now().UnixMilli())
	}
	if isFull(err) && len(group) > 0 {
		// Positions must be able to move in a full journal, or it would stay
		// full: commit them without what needs room.
		group = refuse(group, (*request).needsRoom)
		err = j.try(group, pending)
	}
	switch {
	case err == nil:
	case isFull(err):
		err = journal.ErrFull
		j.keepPending(pending)
	case isBusy(err):
		err = fmt.Errorf("%w: %w", journal.ErrBusy, err)
		j.keepPending(pending)
	default:
		err = j.fail("writing", err)
	}
	for _, r := range group {
		if errors.Is(r.refused, journal.ErrDeadFull) {
			j.standstill(r.settle.route)
		}
		r.done <- cmp.Or(err, r.refused)
	}
}

// standstill reports once a minute that a route cannot leave dead letters behind.
func (j *Journal) standstill(route string) {
	if now := time.Now(); now.Sub(j.stalled) >= time.Minute {
		j.stalled = now
		j.opt.Log.Error("journal: a route stands still because dead letters have filled their share, a quarter of journal.max_bytes; retry or drop some",
			"route", route, "dir", j.dir)
	}
}

// refuse answers ErrFull to the requests that match and returns the others.
func refuse(group []*request, match func(*request) bool) []*request {
	var rest []*request
	for _, r := range group {
		if match(r) {
			r.done <- journal.ErrFull
		} else {
			rest = append(rest, r)
		}
	}
	return rest
}

// try runs one transaction and, once it is committed, publishes the new head.
func (j *Journal) try(group []*request, pending map[string]journal.Position) error {
	prune := j.w.due(j.opt.Now())
	if len(group) == 0 && len(pending) == 0 && !prune {
		return nil
	}
	start := time.Now()
	ctx := context.Background()
	if _, err := j.w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	t := &transaction{ctx: ctx, w: j.w, now: j.opt.Now(), head: j.head.Load(), pruned: j.pruned.Load(),
		moved: map[string]cursor{}}
	err := t.run(j, group, pending, prune)
	if err == nil {
		_, err = j.w.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// SQLite may have rolled back by itself; then there is nothing to undo.
		j.w.conn.ExecContext(ctx, "ROLLBACK")
		return err
	}
	j.publish(t)
	if t.stored > 0 {
		if err := j.witness.saw(t.head); err != nil && !isFull(err) {
			return err
		}
	}
	if t.expired > 0 {
		j.opt.Expired(t.expired)
	}
	if t.stored > 0 {
		j.opt.Committed(Commit{Batches: t.stored, Bytes: t.bytes, Took: time.Since(start)})
	}
	return nil
}

// publish makes what was committed known: positions to retention, the head to
// waiting readers.
func (j *Journal) publish(t *transaction) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, next := range t.moved {
		if r, ok := j.routes[name]; ok {
			r.committed = next.next
		}
	}
	if len(t.moved) > 0 {
		close(j.moved)
		j.moved = make(chan struct{})
	}
	j.pruned.Store(t.pruned)
	if t.head != j.head.Load() {
		j.head.Store(t.head)
		close(j.grown)
		j.grown = make(chan struct{})
	}
}

func (j *Journal) takePending() map[string]journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.pending
	j.pending = map[string]journal.Position{}
	return p
}

// keepPending puts positions back that could not be committed.
func (j *Journal) keepPending(p map[string]journal.Position) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, next := range p {
		if _, newer := j.pending[name]; !newer {
			j.pending[name] = next
		}
	}
}
