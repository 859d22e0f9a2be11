package sqlite

import (
	"context"
	"math"
	"time"

	"weir/host/journal"
)

const (
	pruneBatches = 256  // fewest batches removed in one commit
	pruneIDs     = 2048 // most ids forgotten in one commit
	pruneLetters = 256  // most dead letters deleted in one commit
)

// due limits the search to once a second, unless the last one found that there
// is more to do.
func (w *writer) due(now time.Time) bool {
	return w.more || now.Sub(w.searched) >= housekeeping || now.Before(w.searched)
}

// settledUpTo returns the last batch that every route has settled, as committed.
func (j *Journal) settledUpTo() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	least := j.head.Load()
	for _, r := range j.routes {
		least = min(least, r.committed.Seq-1)
	}
	return least
}

// prune removes settled batches from the old end of the log, a chunk at a
// time, forgets ids that no upstream can still hold, and deletes dead letters
// that have had their time.
func (t *transaction) prune(j *Journal) error {
	chunk := max(pruneBatches, int64(2*t.stored))
	target := min(j.settledUpTo(), t.pruned+chunk)
	full, err := t.crowded()
	if err != nil {
		return err
	}
	end := target
	if !full && j.opt.Retain > 0 {
		cutoff := t.now.Add(-j.opt.Retain).UnixMilli()
		err := t.w.conn.QueryRowContext(t.ctx, `SELECT coalesce(min(seq) - 1, ?) FROM log WHERE seq > ? AND seq <= ? AND received > ?`,
			target, t.pruned, target, cutoff).Scan(&end)
		if err != nil {
			return err
		}
	}
	if end > t.pruned {
		if _, err := t.w.conn.ExecContext(t.ctx, `DELETE FROM log WHERE seq <= ?`, end); err != nil {
			return err
		}
		if _, err := t.w.meta.ExecContext(t.ctx, end, "pruned"); err != nil {
			return err
		}
	}
	forgotten, err := t.forget(j.opt.Remember)
	if err != nil {
		return err
	}
	removed, err := t.expire(j.opt)
	if err != nil {
		return err
	}
	t.w.searched = t.now
	t.w.more = end == target && end-t.pruned == chunk || forgotten == pruneIDs || removed >= pruneLetters
	t.pruned = max(t.pruned, end)
	return nil
}

// crowded reports whether four fifths of the journal are in use, or the volume
// is full.
func (t *transaction) crowded() (bool, error) {
	if t.w.volumeFull(t.now) {
		return true, nil
	}
	var used int64
	err := t.w.used.QueryRowContext(t.ctx).Scan(&used)
	return used >= t.w.limit/5*4, err
}

// reserve is what is left free on the volume: room for the write-ahead log,
// without which a full journal could not even be emptied.
const reserve = 64 << 20

// volumeFull asks the system once a second. Not knowing counts as room: a
// write will tell.
func (w *writer) volumeFull(now time.Time) bool {
	if since := now.Sub(w.asked); since >= housekeeping || since < 0 {
		free, err := w.opt.free()
		w.asked, w.full = now, err == nil && free < reserve
	}
	return w.full
}

// forget removes ids made and received more than remember ago. A UUIDv7
// begins with the time it was made at, so this is one range of the key.
func (t *transaction) forget(remember time.Duration) (int64, error) {
	cutoff := t.now.Add(-remember).UnixMilli()
	var prefix [6]byte
	for i := range prefix {
		prefix[i] = byte(cutoff >> (40 - 8*i))
	}
	return affected(t.w.conn.ExecContext(t.ctx,
		`DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE id < ? AND received < ? LIMIT ?)`, prefix[:], cutoff, pruneIDs))
}

// deadShare is the part of the journal that dead letters may take. Beyond it a
// route that leaves more of them behind stands still, and its events stay in
// the log: what people have not looked at is never deleted to make room.
const deadShare = 4

// expire deletes dead letters beyond their time or number, and what is left of
// retried ones when the share is full, and returns how many rows went. They are
// numbered in the order of their deaths, so looking at the first ones is enough.
func (t *transaction) expire(opt Options) (int64, error) {
	cutoff := int64(math.MinInt64)
	if opt.KeepDead > 0 {
		cutoff = t.now.Add(-opt.KeepDead).UnixMilli()
	}
	most := opt.MaxDead
	if most <= 0 {
		most = math.MaxInt64
	}
	rows, err := t.w.expire.QueryContext(t.ctx, pruneLetters, cutoff, most)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	removed := int64(0)
	for ; rows.Next(); removed++ {
		var retried int64
		if err := rows.Scan(&retried); err != nil {
			return 0, err
		}
		if retried == 0 {
			t.expired++
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	dead, err := t.deadBytes()
	if err != nil || dead < opt.MaxBytes/deadShare {
		return removed, err
	}
	n, err := affected(t.w.tidy.ExecContext(t.ctx, pruneLetters))
	return removed + n, err
}

// Check reads the whole database and reports damage to its structure. It is
// for the background: on a large journal it takes minutes.
func (j *Journal) Check(ctx context.Context) error {
	if !j.reading.TryRLock() {
		return journal.ErrClosed
	}
	defer j.reading.RUnlock()
	var result string
	if err := j.read.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return &DamageError{Path: j.dir, Found: result}
	}
	return nil
}

// DamageError says that the database's structure is damaged.
type DamageError struct{ Path, Found string }

func (e *DamageError) Error() string {
	return "journal in " + e.Path + " is damaged: " + e.Found + "; copy it, then recover the copy with the sqlite3 shell's .recover"
}
