// Package jetstream is the journal of several hosts: streams on an external
// NATS JetStream cluster. Hosts keep nothing of their own, and as many as
// wanted share one journal. Each batch is one message, acknowledged once a
// majority of the replicas have it.
//
// With name as the configured stream, the cluster holds:
//
//	name             the log, Limits and DiscardNew: full refuses, never discards
//	name-dead        dead letters, up to a quarter of MaxBytes more
//	name-ids         batch ids by the time they were made at, see ids.go
//	name-quarantine  batches whose checksum is wrong
//	KV_name-routes   positions of routes, and which host reads each
//	KV_name-retried  what became of dead letters that were retried
//	KV_name-salts    secrets of the hosts that are destroyed in time, in memory
//
// One host reads a route at a time, by a lease; when it is gone another goes on
// from the position.
package jetstream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/host/journal"
)

// Options say where a journal is and how it is kept. Hosts that share one
// agree on them.
type Options struct {
	Servers  []string // URLs, such as nats://10.0.0.1:4222
	Connect  []nats.Option
	Stream   string // 1 to 32 letters, digits and - or _
	Replicas int    // 1, 3 or 5; 0 means 3
	// Routes that read the journal. Batches are kept until all of them, and
	// those of other hosts, have settled them.
	Routes []string
	// MaxBytes of the log; 0 means 8 GiB. Dead letters take up to a quarter of
	// it on top.
	MaxBytes int64
	// Retain keeps settled batches this long for replay.
	Retain time.Duration
	// Remember is how long a batch id is known, at least; 0 means 14 days.
	Remember time.Duration
	// Window is how long the servers hold ids in memory, about 280 bytes each;
	// 0 means 20 minutes. Older ones are looked up on disk.
	Window time.Duration
	// Lease is after how long another host reads the routes of one that is
	// gone without a word; 0 means 15 seconds.
	Lease time.Duration
	// Log receives alarms; nil means slog.Default().
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Committed is called after each append that stored batches.
	Committed func(batches int, took time.Duration)
	// Alarm is called when a batch is found damaged or missing.
	Alarm func(error)
}

// patience is how long the cluster may take to answer, which covers the choice
// of a leader.
const patience = 10 * time.Second

// Journal is a journal.Journal on a JetStream cluster.
type Journal struct {
	opt   Options
	conn  *nats.Conn
	js    jetstream.JetStream
	codec *journal.Codec
	host  string // names this process in leases

	log, dead, ids, quarantine jetstream.Stream
	positions, retried         jetstream.KeyValue

	routes map[string]*route
	index  *index

	ctx     context.Context // ends with Close
	end     context.CancelFunc
	work    sync.WaitGroup
	once    sync.Once
	broken  chan struct{} // never closed: a cluster that is away comes back
	refused atomic.Int64  // when the log was last full, Unix milliseconds
	stalled atomic.Int64  // when dead letters last were

	mu     sync.Mutex
	known  map[string]entry // the routes' positions as the cluster last told
	moved  chan struct{}    // closed when one of them moves
	hurt   map[int64]bool   // damaged batches that were seen
	closed bool
}

var _ journal.Journal = (*Journal)(nil)

// Open connects to the cluster and creates what the journal consists of if it
// does not exist. What exists is left as it is, apart from its limits.
func Open(ctx context.Context, opt Options) (*Journal, error) {
	setDefaults(&opt)
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	j := &Journal{opt: opt, codec: journal.NewCodec(), host: journal.NewID(time.Now()).String(), routes: map[string]*route{},
		broken: make(chan struct{}), known: map[string]entry{}, moved: make(chan struct{}), hurt: map[int64]bool{}}
	j.ctx, j.end = context.WithCancel(context.Background())
	if err := j.open(ctx); err != nil {
		j.Close()
		return nil, fmt.Errorf("opening journal %s on %v: %w", opt.Stream, opt.Servers, err)
	}
	return j, nil
}

func setDefaults(opt *Options) {
	if opt.Replicas <= 0 {
		opt.Replicas = 3
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = 8 << 30
	}
	if opt.Remember <= 0 {
		opt.Remember = 14 * 24 * time.Hour
	}
	if opt.Window <= 0 {
		opt.Window = 20 * time.Minute
	}
	if opt.Lease <= 0 {
		opt.Lease = 15 * time.Second
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Committed == nil {
		opt.Committed = func(int, time.Duration) {}
	}
	if opt.Alarm == nil {
		opt.Alarm = func(error) {}
	}
}

func (j *Journal) open(ctx context.Context) error {
	options := append([]nats.Option{nats.Name("weir"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.Timeout(5 * time.Second), nats.RetryOnFailedConnect(false)}, j.opt.Connect...)
	var err error
	if j.conn, err = nats.Connect(join(j.opt.Servers), options...); err != nil {
		return err
	}
	if j.js, err = jetstream.New(j.conn, jetstream.WithDefaultTimeout(patience)); err != nil {
		return err
	}
	if err := j.streams(ctx); err != nil {
		return err
	}
	for _, name := range append([]string{indexRoute}, j.opt.Routes...) {
		r := &route{j: j, name: name}
		if err := r.open(ctx); err != nil {
			return fmt.Errorf("route %s: %w", name, err)
		}
		j.routes[name] = r
	}
	watch, err := j.positions.WatchAll(j.ctx)
	if err != nil {
		return err
	}
	j.index = newIndex(j)
	j.work.Go(func() { j.follow(watch) })
	j.work.Go(j.index.run)
	j.work.Go(j.housekeep)
	return nil
}

// streams creates or adopts the streams. Limits are those of the options; the
// rest of a stream that exists must be what the journal relies on.
func (j *Journal) streams(ctx context.Context) error {
	name := j.opt.Stream
	for _, s := range []struct {
		stream *jetstream.Stream
		config jetstream.StreamConfig
	}{
		{&j.log, jetstream.StreamConfig{Name: name, Subjects: []string{name + ".log"}, MaxBytes: j.opt.MaxBytes, Duplicates: j.opt.Window}},
		{&j.dead, jetstream.StreamConfig{Name: name + "-dead", Subjects: []string{name + ".dead"}, MaxBytes: j.opt.MaxBytes / 4, Duplicates: j.opt.Window}},
		{&j.ids, jetstream.StreamConfig{Name: name + "-ids", Subjects: []string{name + ".ids.*"}, MaxBytes: -1, Duplicates: j.opt.Window,
			MaxAge: j.opt.Remember + 24*time.Hour}},
		{&j.quarantine, jetstream.StreamConfig{Name: name + "-quarantine", Subjects: []string{name + ".quarantine"}, MaxBytes: max(j.opt.MaxBytes/16, 1<<20), Duplicates: j.opt.Window}},
	} {
		c := s.config
		c.Retention, c.Discard, c.Storage, c.Replicas, c.AllowDirect = jetstream.LimitsPolicy, jetstream.DiscardNew, jetstream.FileStorage, j.opt.Replicas, false
		var err error
		*s.stream, err = j.js.CreateOrUpdateStream(ctx, c)
		if err != nil {
			return fmt.Errorf("stream %s: %w", c.Name, err)
		}
		if got := (*s.stream).CachedInfo().Config; got.Discard != jetstream.DiscardNew || got.Retention != jetstream.LimitsPolicy || got.Storage != jetstream.FileStorage {
			return fmt.Errorf("stream %s exists and is none of weir's: choose another name", c.Name)
		}
	}
	var err error
	if j.positions, err = j.bucket(ctx, "-routes"); err != nil {
		return err
	}
	j.retried, err = j.bucket(ctx, "-retried")
	return err
}

func (j *Journal) bucket(ctx context.Context, suffix string) (jetstream.KeyValue, error) {
	kv, err := j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: j.opt.Stream + suffix, History: 1, Storage: jetstream.FileStorage, Replicas: j.opt.Replicas})
	if err != nil {
		return nil, fmt.Errorf("bucket %s%s: %w", j.opt.Stream, suffix, err)
	}
	return kv, nil
}

// Close implements journal.Journal. Leases are given back.
func (j *Journal) Close() error {
	j.once.Do(func() {
		j.mu.Lock()
		j.closed = true
		j.mu.Unlock()
		j.end()
		j.work.Wait()
		for _, r := range j.routes {
			r.release()
		}
		if j.conn != nil {
			j.conn.Close()
		}
		// Requests that are under way may still use the codec: it is left to
		// the collector of garbage.
	})
	return nil
}

// Broken implements journal.Journal. It is never closed: a cluster that is
// away is tried again.
func (j *Journal) Broken() <-chan struct{} { return j.broken }

// Err implements journal.Journal.
func (j *Journal) Err() error { return nil }

// failure sorts what the cluster answered into the journal's errors.
func (j *Journal) failure(ctx context.Context, err error) error {
	var api *jetstream.APIError
	switch {
	case j.ctx.Err() != nil:
		return journal.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &api) && (api.ErrorCode == codeMaxBytes || api.ErrorCode == codeResources):
		return journal.ErrFull
	}
	return fmt.Errorf("%w: %w", journal.ErrBusy, err)
}

// Codes of the server's errors.json that nats.go does not name.
const (
	codeResources   jetstream.ErrorCode = 10023 // insufficient resources: the server's store is full
	codeStoreFailed jetstream.ErrorCode = 10077 // the message was not stored, here because of MaxBytes
	codeMaxBytes                        = codeStoreFailed
)

// Headers of the log's messages. JetStream's own header Nats-Msg-Id is the id.
const (
	headerRoute = "Weir-Route" // the only route to read it
	headerTime  = "Weir-Received"
	headerSum   = "Weir-Checksum"
)

// Append implements journal.Journal. Each batch is stored on its own: when an
// error follows some of them, sending all again stores the others.
func (j *Journal) Append(ctx context.Context, batches ...journal.Batch) ([]journal.Stored, error) {
	if j.ctx.Err() != nil {
		return nil, journal.ErrClosed
	}
	messages := make([]*nats.Msg, len(batches))
	for i, b := range batches {
		m, err := j.message(b)
		if err != nil {
			return nil, err
		}
		messages[i] = m
	}
	start := time.Now()
	stored, fresh := make([]journal.Stored, len(batches)), 0
	for i, b := range batches {
		seq, known, err := j.index.find(ctx, b.ID)
		if err == nil && !known {
			seq, known, err = j.publish(ctx, messages[i], b.ID.String())
		}
		if errors.Is(err, journal.ErrFull) {
			j.refused.Store(time.Now().UnixMilli())
		}
		if err != nil {
			return nil, err
		}
		if stored[i] = (journal.Stored{Seq: seq, Known: known}); !known {
			fresh++
		}
	}
	if fresh > 0 {
		j.opt.Committed(fresh, time.Since(start))
	}
	return stored, nil
}

// message makes a message of a batch.
func (j *Journal) message(b journal.Batch) (*nats.Msg, error) {
	if len(b.Frame) > journal.MaxFrame {
		return nil, fmt.Errorf("batch %s of %d bytes: %w", b.ID, len(b.Frame), journal.ErrTooLarge)
	}
	body := j.codec.Encode(b.Frame)
	if most := j.conn.MaxPayload() - 1024; int64(len(body)) > most {
		return nil, fmt.Errorf("batch %s takes %d bytes and the servers' max_payload leaves %d: %w", b.ID, len(body), most, journal.ErrTooLarge)
	}
	now := time.UnixMilli(j.opt.Now().UnixMilli())
	m := nats.NewMsg(j.opt.Stream + ".log")
	m.Data = body
	m.Header.Set(headerTime, strconv.FormatInt(now.UnixMilli(), 10))
	m.Header.Set(headerSum, strconv.FormatUint(uint64(checksum(b.ID, b.Route, now, body)), 16))
	if b.Route != "" {
		m.Header.Set(headerRoute, b.Route)
	}
	return m, nil
}

// checksum covers the address, too: a flipped bit there would hide the batch.
func checksum(id journal.ID, route string, received time.Time, body []byte) uint32 {
	return journal.Checksum(id, received, body) ^ crc32.ChecksumIEEE([]byte(route))
}

// publish stores a message once, whatever becomes of the cluster's leader
// meanwhile: until it is acknowledged it is sent again, under the same id.
func (j *Journal) publish(ctx context.Context, m *nats.Msg, id string) (seq int64, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		try, stop := context.WithTimeout(ctx, 2*time.Second)
		ack, err := j.js.PublishMsg(try, m, jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
		stop()
		if err == nil {
			return int64(ack.Sequence), ack.Duplicate, nil
		}
		if f := j.failure(ctx, err); !errors.Is(f, journal.ErrBusy) {
			if errors.Is(f, context.DeadlineExceeded) {
				f = fmt.Errorf("%w: %w", journal.ErrBusy, err)
			}
			return 0, false, f
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return 0, false, fmt.Errorf("%w: %w", journal.ErrBusy, err)
		case <-j.ctx.Done():
			return 0, false, journal.ErrClosed
		}
	}
}

// housekeep renews leases, and removes what every route has settled.
func (j *Journal) housekeep() {
	tick := time.NewTicker(j.opt.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-j.ctx.Done():
			return
		case <-tick.C:
		}
		for _, r := range j.routes {
			r.renew()
		}
		if err := j.prune(j.ctx); err != nil && j.ctx.Err() == nil {
			j.opt.Log.Warn("journal: settled batches were not removed", "error", err)
		}
	}
}

// prune removes batches that are settled and older than Retain, up to the
// slowest route of any host.
func (j *Journal) prune(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	info, err := state(ctx, j.log)
	if err != nil || info.State.Msgs == 0 {
		return err
	}
	end := int64(info.State.LastSeq)
	j.mu.Lock()
	for name, e := range j.known {
		_, mine := j.routes[name]
		if mine || time.Since(time.UnixMilli(e.Until)) < orphaned {
			end = min(end, e.Seq-1)
		}
	}
	complete := len(j.known) >= len(j.routes)
	j.mu.Unlock()
	first := int64(info.State.FirstSeq)
	if !complete || end < first {
		return nil
	}
	crowded := info.State.Bytes >= uint64(j.opt.MaxBytes/5*4)
	if !crowded && j.opt.Retain > 0 {
		if end, err = j.agedUpTo(ctx, first, end); err != nil || end < first {
			return err
		}
	} else if crowded {
		// As much as is needed, not all at once: the rest can be replayed.
		end = min(end, first+max((int64(info.State.LastSeq)-first)/8, 64))
	}
	return j.log.Purge(ctx, jetstream.WithPurgeSequence(uint64(end+1)))
}

// orphaned is how long the position of a route that this host does not know
// holds batches back after its last reader was heard of.
const orphaned = time.Hour

// agedUpTo returns the last batch from first to end that is older than Retain,
// or first-1. Times grow with numbers, so halving finds it.
func (j *Journal) agedUpTo(ctx context.Context, first, end int64) (int64, error) {
	low, high := first-1, end
	for low < high {
		mid := low + (high-low+1)/2
		m, err := fetch(ctx, j.log, uint64(mid))
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			low = mid
			continue
		case err != nil:
			return 0, err
		}
		if j.opt.Now().Sub(m.Time) >= j.opt.Retain {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low, nil
}

// position as it is kept in the bucket of routes, with the reader's lease.
type entry struct {
	Seq          int64  `json:"seq"`
	Event        int    `json:"event"`
	PlannedSeq   int64  `json:"planned_seq,omitempty"`
	PlannedEvent int    `json:"planned_event,omitempty"`
	Host         string `json:"host,omitempty"`
	Until        int64  `json:"until,omitempty"` // Unix milliseconds
}

func (e entry) next() journal.Position { return journal.Position{Seq: e.Seq, Event: e.Event} }
func (e entry) planned() journal.Position {
	return journal.Position{Seq: e.PlannedSeq, Event: e.PlannedEvent}
}

func join(servers []string) (list string) {
	for i, s := range servers {
		if i > 0 {
			list += ","
		}
		list += s
	}
	return list
}

// number reads 8 bytes, big endian.
func number(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }
