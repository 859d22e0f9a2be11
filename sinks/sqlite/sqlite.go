package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"weir/sinks"
	"weir/sinks/columns"
)

// Sink writes to one table of one file.
type Sink struct {
	config Config

	db   *sql.DB     // one connection; nil while closed
	file fs.FileInfo // of the database as it was opened

	row  columns.Row
	args []any
}

// Open opens the database, creates what is missing and brings the table up to date.
func (s *Sink) Open(ctx context.Context) (err error) {
	if s.db != nil {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening %s: %w", s.config.Path, errors.Join(err, s.release()))
		}
	}()
	if s.db, err = s.connect(ctx); err != nil {
		return err
	}
	if err = migrate(ctx, s.db, s.config.Table); err != nil {
		return err
	}
	s.file, err = os.Stat(s.config.Path)
	return err
}

// patience is how long a lock of another process is waited for.
const patience = 10 * time.Second

// connect opens the file, private to the user that weir runs as. SQLite gives
// its companions, -wal and -shm, the same mode.
func (s *Sink) connect(ctx context.Context) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(s.config.Path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(s.config.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: s.config.Path, RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "journal_mode(WAL)", "synchronous(FULL)"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := ping(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// ping makes the first connection, which turns a young file to WAL. That is
// the one step for which SQLite does not wait on its own: when several
// processes reach it together it tells all but one that the file is locked.
func ping(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := db.PingContext(ctx)
		if code(err) != codes.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(pause) + pause/2): // not in step with the others
		}
	}
}

// Write stores the batch in one transaction, synced when it returns.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	if s.db == nil {
		return sinks.ErrNotConnected
	}
	if len(b.Events) == 0 {
		return nil
	}
	if err := s.inPlace(); err != nil {
		return fmt.Errorf("%w: %w", sinks.ErrNotConnected, errors.Join(err, s.release()))
	}
	failed, err := s.write(ctx, b)
	if isDoubtful(err) {
		err = fmt.Errorf("%w: %w", sinks.ErrNotConnected, errors.Join(err, s.release()))
	}
	if err != nil {
		return fmt.Errorf("writing to %s: %w", s.config.Path, err)
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

// inPlace makes sure that the file is still the one that was opened: SQLite
// goes on writing to a file that somebody removed, which nobody will read.
func (s *Sink) inPlace() error {
	info, err := os.Stat(s.config.Path)
	if err != nil {
		return err
	}
	if !os.SameFile(info, s.file) {
		return fmt.Errorf("%s was replaced by another file", s.config.Path)
	}
	return nil
}

func (s *Sink) write(ctx context.Context, b sinks.Batch) (failed []sinks.EventError, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	inserts := inserts{table: s.config.Table, tx: tx}
	defer inserts.close()
	for i, e := range b.Events {
		err := s.row.Read(e.Envelope)
		if err == nil {
			var p present
			s.args, p = arguments(s.args[:0], &s.row)
			stmt, err2 := inserts.prepare(ctx, p)
			if err2 != nil {
				return nil, err2
			}
			if _, err = stmt.ExecContext(ctx, s.args...); err != nil && !isRefusal(err) {
				return nil, err
			}
		}
		if err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
		}
	}
	return failed, tx.Commit()
}

// isRefusal reports whether SQLite refused one row. It has then undone that
// statement alone, and the transaction goes on.
func isRefusal(err error) bool {
	switch code(err) {
	case codes.SQLITE_CONSTRAINT, codes.SQLITE_TOOBIG, codes.SQLITE_MISMATCH:
		return true
	}
	return false
}

// isDoubtful reports whether the state of the open database is in doubt, as
// after a failed sync: it is to be closed and read anew.
func isDoubtful(err error) bool {
	switch code(err) {
	case codes.SQLITE_IOERR, codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB, codes.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// code is SQLite's primary result code, or 0.
func code(err error) int {
	var e *driver.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff // the rest tells more of the same
}

// Migrate creates the table or brings it up to date.
func (s *Sink) Migrate(ctx context.Context) error {
	return s.with(ctx, func(db *sql.DB) error { return migrate(ctx, db, s.config.Table) })
}

// Check opens the database and tries whether it may be written to. It leaves nothing.
func (s *Sink) Check(ctx context.Context) error {
	err := s.with(ctx, func(db *sql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		_, err = tx.ExecContext(ctx, `CREATE TABLE "weir_check" (n INTEGER)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("checking %s: %w", s.config.Path, err)
	}
	return nil
}

// with calls f on the open database, or on one opened for the occasion.
func (s *Sink) with(ctx context.Context, f func(*sql.DB) error) error {
	if s.db != nil {
		return f(s.db)
	}
	db, err := s.connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

// Close closes the database, which folds the write-ahead log into its file.
func (s *Sink) Close(context.Context) error { return s.release() }

func (s *Sink) release() (err error) {
	if s.db != nil {
		err = s.db.Close()
		s.db = nil
	}
	return err
}
