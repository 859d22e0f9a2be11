package jetstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/host/journal"
)

// claim is what the bucket of retried letters says of one. A letter that was
// claimed and is not done belongs to a retry that is under way, or whose host
// ended in it: then, after a while, it can be claimed again, and its events may
// be delivered twice.
type claim struct {
	Host   string             `json:"host"`
	At     int64              `json:"at"` // Unix milliseconds
	Done   bool               `json:"done,omitempty"`
	Letter journal.DeadLetter `json:"letter"` // without its envelope, once done
}

// claimed is how long a claim that is not done keeps others away.
const claimed = time.Minute

// bury stores dead letters. Their ids follow from what they are and from the
// position that moves past them.
func (j *Journal) bury(ctx context.Context, route string, next journal.Position, dead []journal.DeadLetter) error {
	for i, d := range dead {
		d.ID = 0
		d.Envelope = j.codec.Encode(d.Envelope)
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		m := nats.NewMsg(j.opt.Stream + ".dead")
		m.Data = text
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d\x00%d\x00%s\x00%s", route, next.Seq, next.Event, i, d.EventID, d.Envelope))
		_, _, err = j.publish(ctx, m, hex.EncodeToString(sum[:16]))
		if errors.Is(err, journal.ErrFull) {
			j.standstill(route)
			return journal.ErrDeadFull
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// standstill reports once a minute that a route cannot leave dead letters behind.
func (j *Journal) standstill(route string) {
	now, last := time.Now().UnixMilli(), j.stalled.Load()
	if now-last >= time.Minute.Milliseconds() && j.stalled.CompareAndSwap(last, now) {
		j.opt.Log.Error("journal: a route stands still because dead letters have filled their stream; retry or drop some",
			"route", route, "stream", j.opt.Stream+"-dead")
	}
}

// letters calls f with each letter that waits, the oldest first, until it
// returns false.
func (j *Journal) letters(ctx context.Context, f func(journal.DeadLetter) bool) error {
	info, err := state(ctx, j.dead)
	if err != nil || info.State.Msgs == 0 {
		return err
	}
	consumer, err := j.dead.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		d, err := j.letter(m.Data(), int64(meta.Sequence.Stream))
		if err != nil {
			return err
		}
		if !f(d) || meta.Sequence.Stream >= info.State.LastSeq || meta.NumPending == 0 {
			return nil
		}
	}
}

func (j *Journal) letter(text []byte, id int64) (d journal.DeadLetter, err error) {
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("dead letter %d: %w: %w", id, journal.ErrDamaged, err)
	}
	d.ID = id
	if d.Envelope, err = j.codec.Expand(d.Envelope); err != nil {
		j.opt.Log.Error("journal: a dead letter is damaged; it can be dropped", "number", id, "error", err)
		err = nil
	}
	return d, err
}

// DeadLetters implements journal.Journal.
func (j *Journal) DeadLetters(ctx context.Context, q journal.Query) ([]journal.DeadLetter, error) {
	if j.ctx.Err() != nil {
		return nil, journal.ErrClosed
	}
	bounded, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	wanted := make(map[int64]bool, len(q.IDs))
	for _, id := range q.IDs {
		wanted[id] = true
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	match := func(d journal.DeadLetter) bool {
		return q.Has(&d) && (len(wanted) == 0 || wanted[d.ID]) && d.ID > q.After && (q.UpTo == 0 || d.ID <= q.UpTo)
	}
	var list []journal.DeadLetter
	if q.Retried {
		done, err := j.done(bounded)
		if err != nil {
			return nil, j.failure(ctx, err)
		}
		for _, d := range done {
			if match(d) {
				list = append(list, d)
			}
		}
	}
	err := j.letters(bounded, func(d journal.DeadLetter) bool {
		if match(d) && !slices.ContainsFunc(list, func(r journal.DeadLetter) bool { return r.ID == d.ID }) {
			list = append(list, d)
			if !q.Oldest && !q.Retried && len(list) > limit { // only the latest count
				list[0] = journal.DeadLetter{}
				list = list[1:]
			}
		}
		return !q.Oldest || q.Retried || len(list) < limit
	})
	if err != nil {
		return nil, j.failure(ctx, err)
	}
	slices.SortFunc(list, func(a, b journal.DeadLetter) int {
		if q.Oldest {
			return int(a.ID - b.ID)
		}
		return int(b.ID - a.ID)
	})
	list = list[:min(len(list), limit)]
	bytes := 0
	for i, d := range list {
		if bytes += len(d.Envelope); q.Bytes > 0 && bytes > q.Bytes && i > 0 {
			return list[:i], nil
		}
	}
	return list, nil
}

// done returns the letters that were retried.
func (j *Journal) done(ctx context.Context) ([]journal.DeadLetter, error) {
	lister, err := j.retried.ListKeys(ctx)
	if err != nil {
		return nil, err
	}
	defer lister.Stop()
	var list []journal.DeadLetter
	for key := range lister.Keys() {
		c, _, err := j.claim(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if c.Done {
			list = append(list, c.Letter)
		}
	}
	return list, ctx.Err()
}

func (j *Journal) claim(ctx context.Context, key string) (c claim, revision uint64, err error) {
	kv, err := j.retried.Get(ctx, key)
	if err != nil {
		return c, 0, err
	}
	return c, kv.Revision(), json.Unmarshal(kv.Value(), &c)
}

// Retry implements journal.Journal. The letters are claimed, the batch is
// appended, the letters are done: one that is not done waits again after a
// minute, so that none is lost.
func (j *Journal) Retry(ctx context.Context, b journal.Batch, ids []int64) error {
	if j.ctx.Err() != nil {
		return journal.ErrClosed
	}
	if _, ok := j.routes[b.Route]; !ok {
		return &journal.UnknownRouteError{Route: b.Route}
	}
	if _, err := j.message(b); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	ids = slices.Clone(ids)
	slices.Sort(ids) // so that of two retries of the same letters one wins all
	ids = slices.Compact(ids)
	mine := map[int64]uint64{}
	for _, id := range ids {
		revision, err := j.take(bounded, id)
		if err != nil {
			j.giveBack(mine)
			if errors.Is(err, journal.ErrRetried) {
				return err
			}
			return j.failure(ctx, err)
		}
		mine[id] = revision
	}
	if _, err := j.Append(ctx, b); err != nil {
		if errors.Is(err, journal.ErrFull) || errors.Is(err, journal.ErrTooLarge) {
			j.giveBack(mine) // surely not stored
		}
		return err
	}
	for _, id := range ids {
		if err := j.finish(bounded, id, mine[id]); err != nil {
			return j.failure(ctx, err)
		}
	}
	return nil
}

// take claims a letter that waits.
func (j *Journal) take(ctx context.Context, id int64) (uint64, error) {
	key := strconv.FormatInt(id, 10)
	refusal := fmt.Errorf("%w: number %d", journal.ErrRetried, id)
	if _, err := fetch(ctx, j.dead, uint64(max(id, 0))); errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, refusal
	} else if err != nil {
		return 0, err
	}
	text, _ := json.Marshal(claim{Host: j.host, At: time.Now().UnixMilli()})
	revision, err := j.retried.Create(ctx, key, text)
	if !errors.Is(err, jetstream.ErrKeyExists) && !conflict(err) {
		return revision, err
	}
	c, revision, err := j.claim(ctx, key)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return 0, refusal // given back this moment: whoever holds it was quicker
	case err != nil:
		return 0, err
	case c.Done || time.Since(time.UnixMilli(c.At)) < claimed:
		return 0, refusal
	}
	if revision, err = j.retried.Update(ctx, key, text, revision); conflict(err) {
		return 0, refusal
	}
	return revision, err
}

// giveBack withdraws claims.
func (j *Journal) giveBack(mine map[int64]uint64) {
	ctx, cancel := context.WithTimeout(j.ctx, patience)
	defer cancel()
	for id, revision := range mine {
		j.retried.Delete(ctx, strconv.FormatInt(id, 10), jetstream.LastRevision(revision))
	}
}

// finish notes that a letter was retried, and deletes it.
func (j *Journal) finish(ctx context.Context, id int64, revision uint64) error {
	m, err := fetch(ctx, j.dead, uint64(id))
	if err != nil {
		return err
	}
	d, err := j.letter(m.Data, id)
	if err != nil {
		return err
	}
	d.Envelope, d.Retried = nil, j.opt.Now()
	text, err := json.Marshal(claim{Host: j.host, At: d.Retried.UnixMilli(), Done: true, Letter: d})
	if err != nil {
		return err
	}
	if _, err := j.retried.Update(ctx, strconv.FormatInt(id, 10), text, revision); err != nil {
		return err
	}
	return j.dead.DeleteMsg(ctx, uint64(id))
}

// Drop implements journal.Journal.
func (j *Journal) Drop(ctx context.Context, ids []int64) (n int, err error) {
	if j.ctx.Err() != nil {
		return 0, journal.ErrClosed
	}
	bounded, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	for _, id := range ids {
		var err error
		if _, err = fetch(bounded, j.dead, uint64(max(id, 1))); err == nil {
			err = j.dead.DeleteMsg(bounded, uint64(id))
		}
		switch {
		case err == nil:
			n++
		case !errors.Is(err, jetstream.ErrMsgNotFound):
			return n, j.failure(ctx, err)
		}
	}
	return n, nil
}
