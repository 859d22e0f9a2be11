// Package failed keeps failed events, with their violations, where an operator
// can list them, whatever the routes say, and has them judged again once their
// schemas were mended.
package failed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"weir/sinks"
)

// Options bound a store. What is too old or too much is removed as other
// events arrive, the oldest first.
type Options struct {
	Keep     time.Duration
	Max      int   // events
	MaxBytes int64 // of envelopes
}

// Store is a SQLite file of failed events. It is a sinks.Sink, so that a route
// of its own fills it.
type Store struct {
	opt Options
	now func() time.Time
	db  *sql.DB

	writing sync.Mutex // held by the one who writes
}

var _ sinks.Sink = (*Store)(nil)

// tables are those of format 0, which has no number.
const tables = `
CREATE TABLE IF NOT EXISTS failed (
	id          INTEGER PRIMARY KEY,
	event_id    TEXT    NOT NULL,
	fingerprint TEXT    NOT NULL,
	stored      INTEGER NOT NULL,
	app         TEXT    NOT NULL,
	schema      TEXT    NOT NULL,
	envelope    BLOB    NOT NULL,
	UNIQUE (event_id, fingerprint)
);
CREATE INDEX IF NOT EXISTS failed_stored ON failed (stored);
`

// additions make format 1. batch is the batch in which an event that passed is
// handed over, its envelope then being the good one; handed is when that was
// done, its envelope then being empty. The number in meta is the bytes of all
// envelopes.
const additions = `
ALTER TABLE failed ADD COLUMN batch BLOB NOT NULL DEFAULT x'';
ALTER TABLE failed ADD COLUMN handed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX failed_planned ON failed (batch) WHERE batch <> x'' AND handed = 0;
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta SELECT 'bytes', coalesce(sum(length(envelope)), 0) FROM failed;
CREATE TRIGGER failed_insert AFTER INSERT ON failed BEGIN
	UPDATE meta SET value = value + length(new.envelope) WHERE key = 'bytes';
END;
CREATE TRIGGER failed_update AFTER UPDATE OF envelope ON failed BEGIN
	UPDATE meta SET value = value + length(new.envelope) - length(old.envelope) WHERE key = 'bytes';
END;
CREATE TRIGGER failed_delete AFTER DELETE ON failed BEGIN
	UPDATE meta SET value = value - length(old.envelope) WHERE key = 'bytes';
END;
PRAGMA user_version = 1;
`

// Open opens or creates the file, mode 0600.
func Open(path string, opt Options) (*Store, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening failed events: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("opening failed events: %w", err)
	}
	q := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("opening failed events: %w", err)
	}
	db.SetMaxOpenConns(3)
	s := &Store{opt: opt, now: time.Now, db: db}
	if err := s.migrate(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening failed events in %s (it may be moved away to start empty; the journal does not need it): %w", path, err), db.Close())
	}
	return s, nil
}

func (s *Store) migrate() error {
	return s.write(context.Background(), func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch version {
		case 0:
			_, err := tx.Exec(tables + additions)
			return err
		case 1:
			return nil
		}
		return fmt.Errorf("its format is %d and this weir knows 1: use the weir that wrote it", version)
	})
}

// write runs a transaction. Its errors are not wrapped.
func (s *Store) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Open implements sinks.Sink. The file is open from the start.
func (s *Store) Open(context.Context) error { return nil }

// Close implements sinks.Sink. The file stays open for List.
func (s *Store) Close(context.Context) error { return nil }

// Shut closes the file.
func (s *Store) Shut() error { return s.db.Close() }

// Write implements sinks.Sink.
func (s *Store) Write(ctx context.Context, b sinks.Batch) error {
	now := s.now()
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, e := range b.Events {
			_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO failed (event_id, fingerprint, stored, app, schema, envelope) VALUES (?, ?, ?, ?, ?, ?)`,
				e.ID, e.Fingerprint, now.UnixMilli(), e.App, e.Schema, e.Envelope)
			if err != nil {
				return err
			}
		}
		return s.bound(ctx, tx, now)
	})
}

// removable are rows that nobody waits for: those that were decided upon are
// handed over first.
const removable = `(batch = x'' OR handed > 0)`

// bound removes what is too old, too many or too much. The latest event stays.
func (s *Store) bound(ctx context.Context, tx *sql.Tx, now time.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM failed WHERE (stored < ? OR id <= (SELECT max(id) FROM failed) - ?) AND `+removable,
		now.Add(-s.opt.Keep).UnixMilli(), s.opt.Max)
	if err != nil {
		return err
	}
	var excess int64
	if err := tx.QueryRowContext(ctx, `SELECT value - ? FROM meta WHERE key = 'bytes'`, s.opt.MaxBytes).Scan(&excess); err != nil || excess <= 0 {
		return err
	}
	last, err := oldest(ctx, tx, excess)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM failed WHERE id <= ? AND id < (SELECT max(id) FROM failed) AND `+removable, last)
	return err
}

// oldest returns up to which event those lie that take so many bytes together.
func oldest(ctx context.Context, tx *sql.Tx, bytes int64) (last int64, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, length(envelope) FROM failed WHERE `+removable+` ORDER BY id`)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for bytes > 0 && rows.Next() {
		var size int64
		if err := rows.Scan(&last, &size); err != nil {
			return 0, err
		}
		bytes -= size
	}
	return last, rows.Err()
}
