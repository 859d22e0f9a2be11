package jetstream

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/host/journal"
)

// indexRoute is the internal route that files ids. The log is not removed
// beyond it. Configured routes cannot be called this: their names hold no dot.
const indexRoute = "weir.ids"

// bucketSpan is the time that one subject of the ids stream covers.
const bucketSpan = 10 * time.Minute

// idSize is an id with its seq, 8 bytes big endian.
const idSize = 16 + 8

// index knows the ids of batches for Remember without holding them in memory.
//
// The servers know those of the last Window by heart. A UUIDv7 tells when it
// was made, so a batch whose id is younger than half of that needs no look-up:
// had it been stored before, the servers would still know. For the others, a
// few in normal times, ids are filed in the ids stream, by the ten minutes in
// which they were made: the look-up reads one such file. The filing runs behind
// the log by about a second; as long as it is behind by more than half the
// window, old batches are refused as ErrBusy rather than stored twice.
type index struct {
	j *Journal
	r *route

	mu    sync.Mutex
	files map[string]*file
	order []string // of files, the least lately used first
}

// file is what has been read of one subject.
type file struct {
	mu   sync.Mutex
	ids  map[journal.ID]int64
	next uint64 // seq of the ids stream to go on from
	head uint64 // up to which it was read
}

// keptFiles bounds the memory of look-ups.
const keptFiles = 8

func newIndex(j *Journal) *index {
	r := j.routes[indexRoute]
	r.headers = true
	return &index{j: j, r: r, files: map[string]*file{}}
}

// made returns the time that a UUIDv7 begins with; ok is false for other UUIDs.
func made(id journal.ID) (t time.Time, ok bool) {
	var b [8]byte
	copy(b[2:], id[:6])
	return time.UnixMilli(number(b[:])), id[6]>>4 == 7
}

// subject is where an id is filed.
func (x *index) subject(id journal.ID) string {
	t, ok := made(id)
	if !ok {
		// No time in it: spread by its first byte.
		return fmt.Sprintf("%s.ids.other-%02x", x.j.opt.Stream, id[0])
	}
	return x.j.opt.Stream + ".ids." + strconv.FormatInt(t.UnixMilli()/bucketSpan.Milliseconds(), 10)
}

// young reports whether the servers would know an id if it had been stored.
func (x *index) young(id journal.ID) bool {
	t, ok := made(id)
	age := x.j.opt.Now().Sub(t)
	return ok && age <= x.j.opt.Window/2 && age >= -x.j.opt.Window/4
}

// find returns the seq of a batch that was stored longer ago than the servers'
// memory goes back.
func (x *index) find(ctx context.Context, id journal.ID) (seq int64, known bool, err error) {
	if x.young(id) {
		return 0, false, nil
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := x.covered(bounded); err != nil {
		return 0, false, x.j.failure(ctx, err)
	}
	subject := x.subject(id)
	f := x.file(subject)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := x.read(bounded, subject, f); err != nil {
		return 0, false, x.j.failure(ctx, err)
	}
	seq, known = f.ids[id]
	return seq, known, nil
}

// covered returns an error while batches are not filed that the servers are
// about to forget.
func (x *index) covered(ctx context.Context) error {
	e, _, err := x.r.load(ctx)
	if err != nil {
		return err
	}
	info, err := state(ctx, x.j.log)
	if err != nil || e.Seq > int64(info.State.LastSeq) {
		return err
	}
	m, err := fetch(ctx, x.j.log, uint64(max(e.Seq, int64(info.State.FirstSeq))))
	if err != nil {
		return err
	}
	if behind := info.TimeStamp.Sub(m.Time); behind > x.j.opt.Window/2 {
		return fmt.Errorf("the filing of batch ids is %s behind", behind)
	}
	return nil
}

// file returns what is kept of a subject.
func (x *index) file(subject string) *file {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.files[subject]
	if f == nil {
		f = &file{ids: map[journal.ID]int64{}, next: 1}
		x.files[subject] = f
	}
	for i, s := range x.order {
		if s == subject {
			x.order = append(x.order[:i], x.order[i+1:]...)
			break
		}
	}
	if x.order = append(x.order, subject); len(x.order) > keptFiles {
		delete(x.files, x.order[0])
		x.order = x.order[1:]
	}
	return f
}

// read adds what was filed since.
func (x *index) read(ctx context.Context, subject string, f *file) error {
	info, err := state(ctx, x.j.ids)
	if err != nil || info.State.LastSeq == f.head {
		return err
	}
	consumer, err := x.j.ids.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject},
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: f.next})
	if err != nil {
		return err
	}
	if pending, err := consumer.Info(ctx); err != nil || pending.NumPending == 0 && pending.Delivered.Consumer == 0 {
		if err == nil {
			f.head = info.State.LastSeq
		}
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
		for data := m.Data(); len(data) >= idSize; data = data[idSize:] {
			f.ids[journal.ID(data[:16])] = number(data[16:idSize])
		}
		f.next = meta.Sequence.Stream + 1
		if meta.NumPending == 0 {
			f.head = max(info.State.LastSeq, meta.Sequence.Stream)
			return nil
		}
	}
}

// run files ids on the host that holds the route's lease.
func (x *index) run() {
	for x.j.ctx.Err() == nil {
		records, err := x.r.Next(x.j.ctx, journal.Limit{Records: 4096, Bytes: 1 << 20})
		if err == nil {
			err = x.enter(records)
		}
		if err != nil {
			if x.j.ctx.Err() != nil {
				return
			}
			x.j.opt.Log.Warn("journal: batch ids are not filed for the time being", "error", err)
			x.r.mu.Lock()
			x.r.held = false // begin again at the position
			x.r.mu.Unlock()
		}
		// Waiting makes few large messages of many ids.
		select {
		case <-time.After(time.Second):
		case <-x.j.ctx.Done():
		}
	}
}

// enter files the ids of records and settles them. Filing twice is harmless.
func (x *index) enter(records []journal.Record) error {
	pages := map[string]*bytes.Buffer{}
	for _, rec := range records {
		subject := x.subject(rec.ID)
		if pages[subject] == nil {
			pages[subject] = new(bytes.Buffer)
		}
		pages[subject].Write(rec.ID[:])
		pages[subject].Write(binary.BigEndian.AppendUint64(nil, uint64(rec.Seq)))
	}
	first, last := records[0].Seq, records[len(records)-1].Seq
	for subject, page := range pages {
		m := nats.NewMsg(subject)
		m.Data = page.Bytes()
		if _, _, err := x.j.publish(x.j.ctx, m, fmt.Sprintf("%s %d %d", subject, first, last)); err != nil {
			return err
		}
	}
	return x.r.Settle(x.j.ctx, journal.Position{Seq: last + 1}, nil)
}
