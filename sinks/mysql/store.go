package mysql

import (
	"context"
	"database/sql"
	"fmt"

	"weir/sinks"
)

// cautious is how many batches first ask what is stored after one that held a
// duplicate: a replay is mostly duplicates.
const cautious = 100

// store puts the rows into the table, in one transaction. The server undoes a
// statement that it refuses, and nothing else; its part is then halved, down to
// the guilty event: at most two attempts for each event of the batch.
func (s *Sink) store(ctx context.Context) (failed []sinks.EventError, err error) {
	b := &s.batch
	failed = b.failed
	if len(b.rows) == 0 {
		return failed, nil
	}
	// A statement sees what others have committed by then, and locks no gaps.
	tx, err := s.conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, fmt.Errorf("beginning: %w", err)
	}
	defer tx.Rollback()
	ask := s.careful > 0
	if ask {
		s.careful--
	}
	for _, part := range b.parts() {
		for todo := [][]row{part}; len(todo) > 0; {
			rows := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if !ask {
				err = s.insert(ctx, tx, rows)
				if ask = isRepetition(err, s.table.key()); ask {
					s.careful = cautious
				}
			}
			if ask {
				err = s.insertNew(ctx, tx, rows)
			}
			switch {
			case err == nil:
			case !isRefusal(err, s.table.key()):
				return nil, err
			case len(rows) == 1:
				failed = append(failed, sinks.EventError{Index: rows[0].index, Err: refusal(err), Permanent: true})
			default:
				middle := len(rows) / 2
				todo = append(todo, rows[middle:], rows[:middle])
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("committing: %w", err)
	}
	return failed, nil
}

// insertNew stores the rows that are not stored yet. What another host stores
// between the question and the statement makes it fail; the next try sees it.
func (s *Sink) insertNew(ctx context.Context, tx *sql.Tx, rows []row) error {
	query, args := stored(s.table, rows)
	found, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("looking for duplicates: %w", err)
	}
	defer found.Close()
	known := make(map[key]bool, len(rows))
	for found.Next() {
		var k key
		if err := found.Scan(&k.id, &k.fingerprint); err != nil {
			return fmt.Errorf("looking for duplicates: %w", err)
		}
		known[k] = true
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("looking for duplicates: %w", err)
	}
	fresh := make([]row, 0, len(rows))
	for _, r := range rows {
		if !known[r.key] {
			known[r.key] = true
			fresh = append(fresh, r)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.insert(ctx, tx, fresh)
}

func (s *Sink) insert(ctx context.Context, tx *sql.Tx, rows []row) error {
	query, args := s.batch.insert(s.table, rows)
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("inserting: %w", err)
	}
	return nil
}
