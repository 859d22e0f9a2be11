package failed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"weir/host/journal"
)

// An event that passes is handed over in three steps: what becomes of it, and in
// which batch, is stored; the batch is appended to the journal; the event is
// marked. After a crash between any two of them the batch is appended again,
// with the same id and the same events in it: the journal knows whether it had it.

// plan stores the good envelopes of events and the batch that they go in, and
// returns how many there are: some may have been removed meanwhile, to bound
// the store.
func (s *Store) plan(ctx context.Context, id journal.ID, good []Event) (planned int, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, e := range good {
			res, err := tx.ExecContext(ctx, `UPDATE failed SET batch = ?, envelope = ? WHERE id = ? AND batch = x''`, id[:], e.Envelope, e.ID)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			planned += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("storing which events pass: %w", err)
	}
	return planned, nil
}

// planned returns a batch that is not known to be handed over, and its events
// in the order in which they were planned; none if there is no such batch.
func (s *Store) planned(ctx context.Context) (id journal.ID, list []Event, err error) {
	var text []byte
	err = s.db.QueryRowContext(ctx, `SELECT batch FROM failed WHERE batch <> x'' AND handed = 0 LIMIT 1`).Scan(&text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return id, nil, nil
	case err == nil && len(text) != len(id):
		err = fmt.Errorf("%x is no batch id", text)
	}
	if err == nil {
		id = journal.ID(text)
		list, err = s.events(ctx, 0, `SELECT id, stored, envelope FROM failed WHERE batch = ? AND handed = 0 ORDER BY id`, text)
	}
	if err != nil {
		return id, nil, fmt.Errorf("reading which events passed: %w", err)
	}
	return id, list, nil
}

// handed marks the events of a batch. Their rows stay for a while, so that a
// failed event that is delivered once more is known.
func (s *Store) handed(ctx context.Context, id journal.ID) error {
	now := s.now().UnixMilli()
	err := s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE failed SET handed = ?, envelope = x'' WHERE batch = ?`, now, id[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("marking events that passed: %w", err)
	}
	return nil
}
