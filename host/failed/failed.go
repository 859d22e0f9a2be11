// Package failed keeps failed events, with their violations, where an operator
// can list them, whatever the routes say.
package failed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"weir/sinks"
)

// Store is a SQLite file of failed events, bounded by age and number. It is a
// sinks.Sink, so that a route of its own fills it.
type Store struct {
	path string
	keep time.Duration
	max  int
	now  func() time.Time
	db   *sql.DB
}

var _ sinks.Sink = (*Store)(nil)

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
CREATE INDEX IF NOT EXISTS failed_stored ON failed (stored)`

// Open opens or creates the file, mode 0600. Events older than keep and beyond
// max in number are removed as others arrive.
func Open(path string, keep time.Duration, max int) (*Store, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening failed events: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("opening failed events: %w", err)
	}
	q := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("opening failed events: %w", err)
	}
	db.SetMaxOpenConns(2)
	if _, err := db.Exec(tables); err != nil {
		return nil, errors.Join(fmt.Errorf("opening failed events in %s (it may be moved away to start empty; the journal does not need it): %w", path, err), db.Close())
	}
	return &Store{path: path, keep: keep, max: max, now: time.Now, db: db}, nil
}

// Open implements sinks.Sink. The file is open from the start.
func (s *Store) Open(context.Context) error { return nil }

// Close implements sinks.Sink. The file stays open for List.
func (s *Store) Close(context.Context) error { return nil }

// Shut closes the file.
func (s *Store) Shut() error { return s.db.Close() }

// Write implements sinks.Sink.
func (s *Store) Write(ctx context.Context, b sinks.Batch) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	now := s.now()
	for _, e := range b.Events {
		_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO failed (event_id, fingerprint, stored, app, schema, envelope) VALUES (?, ?, ?, ?, ?, ?)`,
			e.ID, e.Fingerprint, now.UnixMilli(), e.App, e.Schema, e.Envelope)
		if err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM failed WHERE stored < ? OR id <= (SELECT max(id) FROM failed) - ?`,
		now.Add(-s.keep).UnixMilli(), s.max)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// List returns the envelopes of the latest failed events, at most limit.
func (s *Store) List(ctx context.Context, limit int) ([][]byte, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT envelope FROM failed WHERE stored >= ? ORDER BY id DESC LIMIT ?`,
		s.now().Add(-s.keep).UnixMilli(), limit)
	if err != nil {
		return nil, fmt.Errorf("listing failed events: %w", err)
	}
	defer rows.Close()
	var list [][]byte
	for rows.Next() {
		var line []byte
		if err := rows.Scan(&line); err != nil {
			return nil, fmt.Errorf("listing failed events: %w", err)
		}
		list = append(list, line)
	}
	return list, rows.Err()
}
