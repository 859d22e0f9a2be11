// Package sqlite is the journal of a single host: one SQLite database in WAL
// mode with full synchronisation. One writer commits everything that waits in
// one transaction, so that one sync serves many senders.
//
// The database can be opened with the sqlite3 shell and shipped off the
// machine with Litestream. It belongs on a local disk and to one process.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"weir/host/journal"
)

// Options say how a journal is kept.
type Options struct {
	// Routes that read the journal. Batches are kept until all of them have
	// settled them. Positions of other routes stay but hold nothing back.
	Routes []string
	// MaxBytes is the size at which Append answers ErrFull; 0 means 8 GiB. A
	// sixteenth more (at least 16 MiB) is held back for positions and dead
	// letters, so that a full journal can always drain. The write-ahead log
	// comes on top. A volume with less than 64 MiB left counts as full, too.
	MaxBytes int64
	// Retain keeps settled batches this long for replay, as long as less than
	// four fifths of MaxBytes are in use.
	Retain time.Duration
	// Remember is how long a batch id is known after its reception and after
	// the time it was made at; 0 means 14 days, the longest that a CDN's queue
	// holds a batch.
	Remember time.Duration
	// KeepDead is how long dead letters are kept, and MaxDead how many of the
	// latest, by their numbers; 0 means without end. Once they take a quarter
	// of MaxBytes, settling with further ones is ErrDeadFull.
	KeepDead time.Duration
	MaxDead  int64
	// Log receives alarms; nil means slog.Default().
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Committed is called after each commit that stored batches, by the
	// writer: it must not block.
	Committed func(Commit)
	// Expired is called, by the writer, with the number of dead letters that
	// were deleted because of KeepDead or MaxDead before they were retried.
	Expired func(letters int)
	// Alarm is called when a batch is found damaged, missing or addressed to a
	// route that is not among Routes.
	Alarm func(error)

	// free returns the bytes left on the volume; nil asks the system.
	free func() (int64, error)
}

// Commit describes one synced transaction.
type Commit struct {
	Batches int
	Bytes   int // of compressed bodies
	Took    time.Duration
}

// Journal is a journal.Journal over one database file.
type Journal struct {
	dir   string
	opt   Options
	lock  *os.File
	codec *journal.Codec
	read  *sql.DB
	w     *writer

	witness witness

	requests chan *request
	settled  chan struct{} // there are settlements to commit
	closing  chan struct{}
	stopped  chan struct{} // the writer is gone
	once     sync.Once

	head   atomic.Int64
	pruned atomic.Int64

	refused atomic.Int64 // when the volume was last found full, Unix milliseconds
	stalled time.Time    // when dead letters were last reported to have filled their share; the writer's

	// reading is held by whoever reads, and by Close for good.
	reading sync.RWMutex

	mu       sync.Mutex
	grown    chan struct{} // closed when head moves
	moved    chan struct{} // closed when a route moves
	routes   map[string]*route
	pending  map[string]journal.Position // settled since the last commit
	failure  error
	broken   chan struct{}
	closeErr error
}

var _ journal.Journal = (*Journal)(nil)

// Open opens the journal in dir, which it creates with mode 0700 if need be.
// It refuses whatever it cannot read, deletes nothing, and says what to do.
func Open(dir string, opt Options) (*Journal, error) {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = 8 << 30
	}
	if opt.Remember <= 0 {
		opt.Remember = 14 * 24 * time.Hour
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Committed == nil {
		opt.Committed = func(Commit) {}
	}
	if opt.Expired == nil {
		opt.Expired = func(int) {}
	}
	if opt.Alarm == nil {
		opt.Alarm = func(error) {}
	}
	if opt.free == nil {
		opt.free = func() (int64, error) { return freeBytes(dir) }
	}
	j := &Journal{
		dir: dir, opt: opt, codec: journal.NewCodec(),
		requests: make(chan *request, 256), settled: make(chan struct{}, 1),
		closing: make(chan struct{}), stopped: make(chan struct{}),
		grown: make(chan struct{}), moved: make(chan struct{}), broken: make(chan struct{}),
		routes: map[string]*route{}, pending: map[string]journal.Position{},
	}
	if err := j.open(); err != nil {
		j.release()
		return nil, fmt.Errorf("opening journal in %s: %w", dir, err)
	}
	go j.write()
	return j, nil
}

func (j *Journal) open() error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(j.dir, 0o700); err != nil {
		return err
	}
	var err error
	if j.lock, err = lockDir(j.dir); err != nil {
		return err
	}
	path := filepath.Join(j.dir, "journal.db")
	created, err := ensureFile(path, j.lock)
	if err != nil {
		return err
	}
	var last int64
	if j.witness, last, err = openWitness(filepath.Join(j.dir, "journal.last")); err != nil {
		return err
	}
	kept, err := keepLog(path)
	if err != nil {
		return fmt.Errorf("copying the write-ahead log: %w", err)
	}
	if j.w, err = openWriter(path, j.opt, created); err != nil {
		return err
	}
	if j.read, err = sql.Open("sqlite", dsn(path, "query_only(1)")); err != nil {
		return err
	}
	j.read.SetMaxOpenConns(4)
	// What only reads goes first: a start that is refused leaves the file as it was.
	if err := j.w.orphans(j.alarm); err != nil {
		return err
	}
	state, err := j.w.recover(j.opt.Routes, j.alarm)
	if err != nil {
		return err
	}
	if state.head < last {
		j.alarm(fmt.Errorf("%w: the last batch is %d, and %d was stored once: %s", journal.ErrDamaged, state.head, last, lost(kept)))
		state.head = last // no number is given twice
	} else if kept != "" {
		if err := os.Remove(kept); err != nil {
			return err
		}
	}
	j.head.Store(state.head)
	j.pruned.Store(state.pruned)
	for name, cur := range state.cursors {
		j.routes[name] = &route{j: j, name: name, start: cur.next, planned: cur.planned,
			committed: cur.next, read: cur.next.Seq - 1}
	}
	return markInitialised(j.lock)
}

// release lets go of whatever open had taken.
func (j *Journal) release() error {
	var errs []error
	if j.read != nil {
		errs = append(errs, j.read.Close())
	}
	if j.w != nil {
		errs = append(errs, j.w.close())
	}
	errs = append(errs, j.witness.close())
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	j.codec.Close()
	return errors.Join(errs...)
}

// Close implements journal.Journal.
func (j *Journal) Close() error {
	j.once.Do(func() {
		close(j.closing)
		<-j.stopped
		j.reading.Lock() // readers end at the first look at closing
		j.closeErr = j.release()
	})
	return j.closeErr
}

// Broken implements journal.Journal.
func (j *Journal) Broken() <-chan struct{} { return j.broken }

// Err implements journal.Journal.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failure
}

// fail records the first failure of storage and returns it.
func (j *Journal) fail(doing string, err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failure == nil {
		j.failure = fmt.Errorf("%w: %s %s: %w", journal.ErrBroken, doing, filepath.Join(j.dir, "journal.db"), err)
		close(j.broken)
	}
	return j.failure
}

// committed returns how far a route is settled and synced.
func (j *Journal) committed(route string) journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.routes[route].committed
}

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, batches ...journal.Batch) ([]journal.Stored, error) {
	r, err := j.newRequest(batches)
	if err != nil {
		return nil, err
	}
	if err := j.do(ctx, r); err != nil {
		return nil, err
	}
	return r.stored, nil
}

// Retry implements journal.Journal.
func (j *Journal) Retry(ctx context.Context, b journal.Batch, ids []int64) error {
	if _, ok := j.routes[b.Route]; !ok {
		return &journal.UnknownRouteError{Route: b.Route}
	}
	r, err := j.newRequest([]journal.Batch{b})
	if err != nil {
		return err
	}
	r.retried = ids
	return j.do(ctx, r)
}

// Drop implements journal.Journal.
func (j *Journal) Drop(ctx context.Context, ids []int64) (int, error) {
	r := &request{drop: ids, done: make(chan error, 1)}
	err := j.do(ctx, r)
	if err != nil {
		return 0, err
	}
	return r.dropped, nil
}

// newRequest compresses on the caller's goroutine, which leaves the writer
// nothing to do but write.
func (j *Journal) newRequest(batches []journal.Batch) (*request, error) {
	r := &request{done: make(chan error, 1), appends: make([]entry, len(batches)), stored: make([]journal.Stored, len(batches))}
	now := time.UnixMilli(j.opt.Now().UnixMilli())
	for i, b := range batches {
		if len(b.Frame) > journal.MaxFrame {
			return nil, fmt.Errorf("batch %s of %d bytes: %w", b.ID, len(b.Frame), journal.ErrTooLarge)
		}
		body := j.codec.Encode(b.Frame)
		r.appends[i] = entry{id: b.ID, route: b.Route, received: now, events: b.Events, size: len(b.Frame),
			sum: journal.Checksum(b.ID, now, body), body: body}
		r.bytes += len(body)
	}
	return r, nil
}

// do hands a request to the writer and waits for its commit.
func (j *Journal) do(ctx context.Context, r *request) error {
	if err := j.Err(); err != nil {
		return err
	}
	select {
	case <-j.closing:
		return journal.ErrClosed
	default:
	}
	select {
	case j.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-j.closing:
		return journal.ErrClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-j.stopped:
		select {
		case err := <-r.done:
			return err
		default:
			return journal.ErrClosed
		}
	}
}
