package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"weir/host/journal"
)

// scannedRows is how many rows one query of a scan passes over: an open read
// transaction keeps the write-ahead log from being reset.
const scannedRows = 4096

// Scan implements journal.Journal.
func (j *Journal) Scan(ctx context.Context, s journal.Span, l journal.Limit) ([]journal.Record, error) {
	if !j.reading.TryRLock() {
		return nil, journal.ErrClosed
	}
	defer j.reading.RUnlock()
	rows, err := j.scan(ctx, s, l)
	if err != nil {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case isBusy(err):
			return nil, fmt.Errorf("%w: %w", journal.ErrBusy, err)
		}
		return nil, j.fail("reading", err)
	}
	records := make([]journal.Record, len(rows))
	for i, row := range rows {
		// What is damaged was, or will be, reported by the routes.
		if row.Frame, err = row.frame(j.codec, ""); err != nil {
			row.Frame = nil
		}
		records[i] = row.Record
	}
	return records, nil
}

// scan returns rows of the span, some rows of the log at a time until there is
// one.
func (j *Journal) scan(ctx context.Context, s journal.Span, l journal.Limit) ([]row, error) {
	head := j.head.Load()
	begin, err := j.numberAt(ctx, s.From.Add(-journal.Skew), head)
	if err != nil {
		return nil, err
	}
	end, err := j.numberAt(ctx, s.To.Add(journal.Skew), head)
	if err != nil {
		return nil, err
	}
	for after := max(begin-1, s.After); after < end-1; after += scannedRows {
		list, err := j.within(ctx, s, after, min(after+scannedRows, end-1), l)
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	return nil, nil
}

// numberAt returns the first batch received at t or later, or the one after
// head, by halving.
func (j *Journal) numberAt(ctx context.Context, t time.Time, head int64) (int64, error) {
	low, high := j.pruned.Load()+1, head+1
	for low < high {
		mid := low + (high-low)/2
		var seq, received int64
		err := j.read.QueryRowContext(ctx, `SELECT seq, received FROM log WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT 1`, mid, head).Scan(&seq, &received)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			high = mid
		case err != nil:
			return 0, err
		case seq < mid:
			_, err := ascending(mid-1, seq)
			return 0, err
		case time.UnixMilli(received).Before(t):
			low = seq + 1
		default:
			high = mid
		}
	}
	return low, nil
}

// within returns rows of the span with numbers above after and up to last.
func (j *Journal) within(ctx context.Context, s journal.Span, after, last int64, l journal.Limit) (list []row, err error) {
	rows, err := j.read.QueryContext(ctx, `SELECT seq, id, route, received, size, crc, body FROM log
		WHERE seq > ? AND seq <= ? AND route = '' AND received >= ? AND received < ? ORDER BY seq LIMIT ?`,
		after, last, ceilMilli(s.From), ceilMilli(s.To), l.Records)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	bytes := 0
	for rows.Next() {
		row, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		if after, err = ascending(after, row.Seq); err != nil {
			return nil, err
		}
		if bytes += row.size; bytes > l.Bytes && len(list) > 0 {
			return list, nil
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// ceilMilli returns the first whole millisecond at t or later, in Unix time.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - time.Nanosecond).UnixMilli() }
