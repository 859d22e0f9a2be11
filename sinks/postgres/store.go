package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"weir/sinks"
	"weir/sinks/columns"
)

// staging is a temporary table of the connection, for batches that hold events
// which are stored already: COPY knows no ON CONFLICT, so they are copied there
// and inserted from there.
const staging = "weir_staging"

var (
	createStaging = "CREATE TEMPORARY TABLE " + staging + " (\n\t" + dialect.Definitions() + "\n) ON COMMIT DELETE ROWS"
	copyStaging   = "COPY pg_temp." + staging + " (" + dialect.Names() + ") FROM STDIN"
)

// copy is the statement by which lines go straight into the table.
func (t table) copy() string {
	names := make([]string, 0, columns.Len+1)
	for _, c := range t.columns() {
		names = append(names, quote(c.Name))
	}
	return "COPY " + t.quoted() + " (" + strings.Join(names, ", ") + ") FROM STDIN"
}

// insert takes what is staged. Only the key makes a duplicate: an event that
// meets another unique index, one of the operator's, is refused, not dropped.
// The order keeps two hosts that store the same events from waiting for each
// other's keys in a circle.
func (t table) insert() string {
	return "INSERT INTO " + t.quoted() + " (" + dialect.Names() + ") SELECT " + dialect.Names() +
		" FROM pg_temp." + staging + " ORDER BY event_id, event_fingerprint ON CONFLICT " + t.conflict() + " DO NOTHING"
}

// cautious is how many batches go by way of staging after one that held a
// duplicate: a replay is mostly duplicates, and each direct try in vain leaves
// dead rows behind.
const cautious = 100

// storeAll stores every rendered event, or none: straight into the table, and
// if that meets an event which is stored already, by way of staging.
func (s *Sink) storeAll(ctx context.Context) error {
	if len(s.ends) == 0 {
		return nil
	}
	if s.staged > 0 {
		s.staged--
	} else {
		err := s.inTransaction(ctx, func() error {
			return s.copy(ctx, 0, len(s.ends), s.table.copy())
		})
		if !s.table.isRepetition(err) {
			return err
		}
		s.staged = cautious
	}
	return s.inTransaction(ctx, func() error { return s.store(ctx, 0, len(s.ends)) })
}

// isRepetition reports whether a key that is there already stopped a COPY. The
// chunks of a hypertable put their numbers in front of its name.
func (t table) isRepetition(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "23505" {
		return false
	}
	return e.ConstraintName == t.key() || t.dialect == timescale && strings.HasSuffix(e.ConstraintName, "_"+t.key())
}

// storeHalving stores what the server takes, in one transaction. A part that is
// refused is undone to its savepoint and halved, down to the guilty event: at
// most two attempts for each event of the batch.
func (s *Sink) storeHalving(ctx context.Context) error {
	return s.inTransaction(ctx, func() error {
		type part struct{ from, to int }
		for todo := []part{{0, len(s.ends)}}; len(todo) > 0; {
			p := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if err := s.exec(ctx, "SAVEPOINT part"); err != nil {
				return err
			}
			err := s.store(ctx, p.from, p.to)
			switch {
			case err == nil:
				err = s.exec(ctx, "DELETE FROM pg_temp."+staging+"; RELEASE SAVEPOINT part")
			case !isRefusal(err):
			case p.to-p.from == 1:
				s.failures = append(s.failures, sinks.EventError{Index: s.indexes[p.from], Err: refusal(err), Permanent: true})
				err = s.exec(ctx, "ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
			default:
				middle := (p.from + p.to) / 2
				todo = append(todo, part{middle, p.to}, part{p.from, middle})
				err = s.exec(ctx, "ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Sink) inTransaction(ctx context.Context, f func() error) error {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	if err := f(); err != nil {
		// Without regard to ctx, which may be what ended f; a connection that
		// cannot roll back is closed by pgx.
		return errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// store puts events into staging and from there into the table.
func (s *Sink) store(ctx context.Context, from, to int) error {
	if err := s.copy(ctx, from, to, copyStaging); err != nil {
		return err
	}
	if err := s.exec(ctx, s.table.insert()); err != nil {
		return fmt.Errorf("inserting: %w", err)
	}
	return nil
}

func (s *Sink) copy(ctx context.Context, from, to int, statement string) error {
	if _, err := s.conn.PgConn().CopyFrom(ctx, bytes.NewReader(s.span(from, to)), statement); err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	return nil
}

func (s *Sink) exec(ctx context.Context, sql string) error {
	_, err := s.conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// isRefusal reports whether the server refused what an event holds: SQLSTATE
// classes 22 data exception, 23 integrity constraint violation, 54 program
// limit exceeded, and P0001, an exception that a trigger raised.
func isRefusal(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) || len(e.Code) != 5 {
		return false
	}
	return e.Code[:2] == "22" || e.Code[:2] == "23" || e.Code[:2] == "54" || e.Code == "P0001"
}

// refusal says why the server refused an event, without the server's message,
// which may quote the event's values.
func refusal(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	text := "PostgreSQL refused the event: SQLSTATE " + e.Code
	if e.ConstraintName != "" {
		text += ", constraint " + e.ConstraintName
	}
	column := e.ColumnName
	if _, rest, ok := strings.Cut(e.Where, "COPY "+staging+", line 1, column "); ok { // it goes on with the value
		column, _, _ = strings.Cut(rest, ":")
	}
	if column != "" {
		text += ", column " + column
	}
	return errors.New(text)
}

// isDisconnect reports whether another connection is needed: SQLSTATE class 08,
// a server that is shutting down, crashed or starting (57P01 to 57P03), or that
// has become a read-only standby (25006).
func isDisconnect(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "57P01", "57P02", "57P03", "25006":
		return true
	}
	return strings.HasPrefix(e.Code, "08")
}
