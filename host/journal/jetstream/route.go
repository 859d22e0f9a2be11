package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/host/journal"
)

// route is one route's reader. It reads while it holds the lease; every write
// of the position names the revision that it replaces, so that a host whose
// lease was taken over, whatever the clocks say, cannot move it.
type route struct {
	j     *Journal
	name  string
	start entry // as found when the journal was opened

	mu       sync.Mutex
	held     bool
	current  entry
	revision uint64

	// What follows belongs to the goroutine that reads.
	read     int64 // the last seq returned by Next
	messages jetstream.MessagesContext
	spare    jetstream.Msg // read, and beyond a limit
	headers  bool          // bodies are not wanted
}

// open finds the route's position, or gives it one at the oldest batch kept.
func (r *route) open(ctx context.Context) error {
	e, _, err := r.load(ctx)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		first, err := r.j.oldest(ctx)
		if err != nil {
			return err
		}
		e = entry{Seq: first}
		text, _ := json.Marshal(e)
		if _, err := r.j.positions.Create(ctx, r.name, text); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			return err
		}
		e, _, err = r.load(ctx)
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	r.start = e
	r.j.mu.Lock()
	r.j.known[r.name] = e
	r.j.mu.Unlock()
	return nil
}

func (r *route) load(ctx context.Context) (e entry, revision uint64, err error) {
	kv, err := r.j.positions.Get(ctx, r.name)
	if err != nil {
		return e, 0, err
	}
	if err := json.Unmarshal(kv.Value(), &e); err != nil {
		return e, 0, fmt.Errorf("the position cannot be read; put it right in bucket %s-routes: %w", r.j.opt.Stream, err)
	}
	return e, kv.Revision(), nil
}

// oldest returns the seq of the oldest batch kept, or of the next one.
func (j *Journal) oldest(ctx context.Context) (int64, error) {
	info, err := state(ctx, j.log)
	if err != nil {
		return 0, err
	}
	if info.State.Msgs == 0 {
		return int64(info.State.LastSeq) + 1, nil
	}
	return int64(info.State.FirstSeq), nil
}

// Route implements journal.Journal.
func (j *Journal) Route(name string) (journal.Route, error) {
	r, ok := j.routes[name]
	if !ok || name == indexRoute {
		return nil, &journal.UnknownRouteError{Route: name}
	}
	return r, nil
}

// Start implements journal.Route. When another host reads the route, Next goes
// on wherever that one has got by the time its lease is over.
func (r *route) Start() (next, planned journal.Position) { return r.start.next(), r.start.planned() }

// acquire waits for the lease and then reads from the position.
func (r *route) acquire(ctx context.Context) error {
	for {
		r.mu.Lock()
		held := r.held
		r.mu.Unlock()
		if held {
			return nil
		}
		wait, err := r.take(ctx)
		switch {
		case err != nil:
			return r.j.failure(ctx, err)
		case wait <= 0:
			return nil
		}
		select {
		case <-time.After(min(wait, time.Second)):
		case <-ctx.Done():
			return ctx.Err()
		case <-r.j.ctx.Done():
			return journal.ErrClosed
		}
	}
}

// take takes the lease if it is free, and else says how long it runs.
func (r *route) take(ctx context.Context) (wait time.Duration, err error) {
	e, revision, err := r.load(ctx)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	if until := time.UnixMilli(e.Until); e.Host != "" && e.Host != r.j.host && now.Before(until) {
		return max(until.Sub(now), time.Millisecond), nil
	}
	first, err := r.j.oldest(ctx)
	if err != nil {
		return 0, err
	}
	if e.Seq < first {
		r.j.alarm(fmt.Errorf("%w: batches %d to %d are missing from the log, which route %s has not settled", journal.ErrDamaged, e.Seq, first-1, r.name))
		e = entry{Seq: first}
	}
	e.Host, e.Until = r.j.host, now.Add(r.j.opt.Lease).UnixMilli()
	text, _ := json.Marshal(e)
	revision, err = r.j.positions.Update(ctx, r.name, text, revision)
	if conflict(err) {
		return time.Millisecond, nil // another was quicker
	}
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	r.held, r.current, r.revision = true, e, revision
	r.mu.Unlock()
	r.stop()
	r.read = e.Seq - 1
	return 0, nil
}

// conflict reports whether somebody else has written a key meanwhile.
func conflict(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// errLost says that another host reads the route.
var errLost = errors.New("another host reads the route")

// change writes the entry as f leaves it, if the lease is still ours.
func (r *route) change(ctx context.Context, f func(*entry)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.held {
		return errLost
	}
	e := r.current
	f(&e)
	if e.Host != "" {
		e.Until = time.Now().Add(r.j.opt.Lease).UnixMilli()
	}
	text, _ := json.Marshal(e)
	for {
		revision, err := r.j.positions.Update(ctx, r.name, text, r.revision)
		if err == nil {
			r.current, r.revision = e, revision
			r.j.learn(r.name, e)
			return nil
		}
		if !conflict(err) {
			if ctx.Err() != nil {
				return err
			}
			// The answer may have been lost on its way: look what is there.
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				return err
			}
		}
		there, revision, loadErr := r.load(ctx)
		switch {
		case loadErr != nil && ctx.Err() != nil:
			return errors.Join(err, loadErr)
		case loadErr != nil:
			continue
		case there.Host != r.j.host:
			r.held = false
			r.j.opt.Log.Warn("journal: another host reads the route from now on; what it has not settled is delivered again", "route", r.name)
			return errLost
		}
		r.revision = revision
	}
}

// write changes the entry within the time that the cluster may take.
func (r *route) write(ctx context.Context, f func(*entry)) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := r.change(bounded, f)
	if err == nil || errors.Is(err, errLost) {
		// Without the lease nothing is settled here, and need not be: the
		// reader delivers it again. Next waits for the lease.
		return nil
	}
	return r.j.failure(ctx, err)
}

// Plan implements journal.Route.
func (r *route) Plan(ctx context.Context, end journal.Position) error {
	if r.j.ctx.Err() != nil {
		return journal.ErrClosed
	}
	if err := r.acquire(ctx); err != nil {
		return err
	}
	return r.write(ctx, func(e *entry) { e.PlannedSeq, e.PlannedEvent = end.Seq, end.Event })
}

// Settle implements journal.Route. Dead letters are stored first; when the host
// ends in between, they are stored again with the same ids, which the cluster
// knows.
func (r *route) Settle(ctx context.Context, next journal.Position, dead []journal.DeadLetter) error {
	if r.j.ctx.Err() != nil {
		return journal.ErrClosed
	}
	r.mu.Lock()
	fresh := !r.held && r.revision == 0
	r.mu.Unlock()
	if fresh { // nothing was read yet
		if err := r.acquire(ctx); err != nil {
			return err
		}
	}
	if err := r.j.bury(ctx, r.name, next, dead); err != nil {
		return err
	}
	return r.write(ctx, func(e *entry) {
		e.Seq, e.Event, e.PlannedSeq, e.PlannedEvent = next.Seq, next.Event, 0, 0
	})
}

// renew prolongs a lease that is held.
func (r *route) renew() {
	ctx, cancel := context.WithTimeout(r.j.ctx, r.j.opt.Lease/4)
	defer cancel()
	if err := r.change(ctx, func(*entry) {}); err != nil && !errors.Is(err, errLost) && r.j.ctx.Err() == nil {
		r.j.opt.Log.Warn("journal: the lease of a route was not renewed", "route", r.name, "error", err)
	}
}

// release gives the lease back.
func (r *route) release() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r.change(ctx, func(e *entry) { e.Host, e.Until = "", 0 })
}

func (r *route) stop() {
	if r.messages != nil {
		r.messages.Stop()
		r.messages = nil
	}
	r.spare = nil
}

// Next implements journal.Route.
func (r *route) Next(ctx context.Context, l journal.Limit) ([]journal.Record, error) {
	if r.j.ctx.Err() != nil {
		return nil, journal.ErrClosed
	}
	if err := r.acquire(ctx); err != nil {
		return nil, err
	}
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.j.ctx, cancel)()
	var list []journal.Record
	bytes := 0
	began := time.Now()
	for {
		m, err := r.message(both)
		if err != nil {
			if both.Err() == nil {
				r.stop()
			}
			switch {
			case len(list) > 0:
				return list, nil
			case both.Err() != nil || time.Since(began) > patience:
				return nil, r.j.failure(ctx, err)
			}
			// The consumer was lost with its leader, or before it had begun.
			select {
			case <-time.After(50 * time.Millisecond):
			case <-both.Done():
			}
			continue
		}
		meta, err := m.Metadata()
		if err != nil {
			r.stop()
			return nil, r.j.failure(ctx, err)
		}
		seq := int64(meta.Sequence.Stream)
		rec := r.record(ctx, m, seq)
		if bytes += len(rec.Frame); bytes > l.Bytes && len(list) > 0 {
			r.spare = m
			return list, nil
		}
		if seq > r.read+1 {
			r.j.alarm(fmt.Errorf("%w: batches %d to %d are missing from the log", journal.ErrDamaged, r.read+1, seq-1))
		}
		r.read = seq
		list = append(list, rec)
		if len(list) >= l.Records || meta.NumPending == 0 {
			return list, nil
		}
	}
}

// message returns the next message of the log.
func (r *route) message(ctx context.Context) (jetstream.Msg, error) {
	if m := r.spare; m != nil {
		r.spare = nil
		return m, nil
	}
	if r.messages == nil {
		opening, cancel := context.WithTimeout(r.j.ctx, patience/2)
		defer cancel()
		consumer, err := r.j.log.OrderedConsumer(opening, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
			OptStartSeq: uint64(r.read + 1), HeadersOnly: r.headers})
		if err != nil {
			return nil, err
		}
		if r.messages, err = consumer.Messages(jetstream.PullMaxMessages(128), jetstream.PullExpiry(4*time.Second), jetstream.PullHeartbeat(time.Second)); err != nil {
			return nil, err
		}
	}
	return r.messages.Next(jetstream.NextContext(ctx))
}

// record reads a message. One that is damaged is kept apart and has no frame.
func (r *route) record(ctx context.Context, m jetstream.Msg, seq int64) journal.Record {
	h := m.Headers()
	rec := journal.Record{Seq: seq}
	id, idErr := journal.ParseID(h.Get(nats.MsgIdHdr))
	ms, timeErr := strconv.ParseInt(h.Get(headerTime), 10, 64)
	sum, sumErr := strconv.ParseUint(h.Get(headerSum), 16, 32)
	rec.ID, rec.Received = id, time.UnixMilli(ms)
	if r.headers {
		return rec
	}
	to := h.Get(headerRoute)
	err := errors.Join(idErr, timeErr, sumErr)
	if err == nil && checksum(id, to, rec.Received, m.Data()) != uint32(sum) {
		err = journal.ErrDamaged
	}
	if err == nil && to != "" && to != r.name {
		return rec
	}
	if err == nil {
		rec.Frame, err = r.j.codec.Decode(id, rec.Received, m.Data(), journal.Checksum(id, rec.Received, m.Data()))
	}
	if err != nil {
		rec.Frame = nil
		r.j.damaged(ctx, m, seq, err)
	}
	return rec
}

// damaged reports a batch and keeps a copy of it.
func (j *Journal) damaged(ctx context.Context, m jetstream.Msg, seq int64, err error) {
	j.mu.Lock()
	seen := j.hurt[seq]
	j.hurt[seq] = true
	j.mu.Unlock()
	if seen {
		return
	}
	copied := nats.NewMsg(j.opt.Stream + ".quarantine")
	copied.Data = m.Data()
	if _, _, keepErr := j.publish(ctx, copied, strconv.FormatInt(seq, 10)); keepErr != nil {
		err = errors.Join(err, keepErr)
	}
	j.alarm(fmt.Errorf("batch %d (%s), kept in stream %s-quarantine: %w: %w", seq, m.Headers().Get(nats.MsgIdHdr), j.opt.Stream, journal.ErrDamaged, err))
}

func (j *Journal) alarm(err error) {
	j.opt.Log.Error("journal: a batch cannot be delivered", "stream", j.opt.Stream, "error", err)
	j.opt.Alarm(err)
}
