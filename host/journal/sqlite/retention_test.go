package sqlite

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/host/journal"
)

// clock is a clock that a test moves.
type clock struct{ ms atomic.Int64 }

func newClock(at time.Time) *clock {
	c := new(clock)
	c.ms.Store(at.UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// fill appends until the journal is full and returns how many it took.
func fill(t *testing.T, j *Journal) int {
	t.Helper()
	for n := range 10_000 {
		_, err := j.Append(t.Context(), journal.Batch{ID: journal.NewID(time.Now()), Frame: noise(16 << 10), Events: 1})
		if errors.Is(err, journal.ErrFull) {
			return n
		}
		if err != nil {
			t.Fatalf("filling: %v", err)
		}
	}
	t.Fatal("the journal never fills")
	return 0
}

func TestFullIsReversible(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Routes: []string{"a"}, MaxBytes: 2 << 20})
	stored := fill(t, j)
	if err := j.Err(); err != nil {
		t.Fatalf("a full journal counts as broken: %v", err)
	}
	if err := j.Ready(t.Context()); !errors.Is(err, journal.ErrFull) {
		t.Errorf("a full journal is ready: %v", err)
	}
	r := routeOf(t, j, "a")
	got := readAll(t, r)
	if len(got) != stored {
		t.Fatalf("%d of %d batches can be read", len(got), stored)
	}
	// Positions, plans and dead letters have room although batches have none.
	if err := r.Plan(t.Context(), journal.Position{Seq: 3}); err != nil {
		t.Fatalf("planning in a full journal: %v", err)
	}
	letters := make([]journal.DeadLetter, 20)
	for i := range letters {
		letters[i] = journal.DeadLetter{Route: "a", Envelope: noise(10 << 10)}
	}
	if err := r.Settle(t.Context(), journal.Position{Seq: got[len(got)-1].Seq + 1}, letters); err != nil {
		t.Fatalf("settling in a full journal: %v", err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := j.Append(t.Context(), journal.Batch{ID: journal.NewID(time.Now()), Frame: noise(1 << 10), Events: 1})
		if err == nil {
			break
		}
		if !errors.Is(err, journal.ErrFull) || time.Now().After(deadline) {
			t.Fatalf("after its route moved on: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := j.Ready(t.Context()); err != nil {
		t.Errorf("not ready although it accepts: %v", err)
	}
	closeJournal(t, j)
	info, err := os.Stat(filepath.Join(dir, "journal.db"))
	if err != nil || info.Size() > maxPages(2<<20)*pageSize {
		t.Errorf("the file has %d bytes, %v; more than the limit with its reserve", info.Size(), err)
	}
}

// Dead letters are kept compressed.
func TestDeadLettersAreCompressed(t *testing.T) {
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}})
	dead := make([]journal.DeadLetter, 100)
	for i := range dead {
		dead[i] = journal.DeadLetter{Route: "a", Envelope: bytes.Repeat([]byte("0123456789abcdef"), 1<<10)}
	}
	if err := routeOf(t, j, "a").Settle(t.Context(), journal.Position{Seq: 1}, dead); err != nil {
		t.Fatal(err)
	}
	s, err := j.Stats(t.Context())
	if err != nil || s.Bytes > 300<<10 || s.DeadBytes == 0 || s.DeadBytes > 100<<10 {
		t.Errorf("100 letters of 16 KiB of one pattern: %+v, %v", s, err)
	}
	list, err := j.DeadLetters(t.Context(), journal.Query{Limit: 1})
	if err != nil || len(list) != 1 || !bytes.Equal(list[0].Envelope, dead[0].Envelope) {
		t.Errorf("they are not read back as they were, %v", err)
	}
}

// Dead letters that have filled their share stop the route that would leave
// more behind, and only that: none is deleted, its position stays, batches are
// accepted until the journal is full, and other routes go on.
func TestDeadLettersStopTheirRoute(t *testing.T) {
	var expired atomic.Int64
	var log strings.Builder
	j := open(t, t.TempDir(), Options{Routes: []string{"a", "b"}, MaxBytes: 2 << 20, Expired: func(n int) { expired.Add(int64(n)) },
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	a, b := routeOf(t, j, "a"), routeOf(t, j, "b")
	store(t, j, noise(10))
	next := journal.Position{Seq: 1}
	letter := []journal.DeadLetter{{Route: "a", Envelope: noise(64 << 10)}}
	buried := 0
	for ; ; buried++ {
		err := a.Settle(t.Context(), next, letter)
		if errors.Is(err, journal.ErrDeadFull) && errors.Is(err, journal.ErrFull) {
			break
		}
		if err != nil || buried > 64 {
			t.Fatalf("settling with dead letter %d: %v", buried+1, err)
		}
	}
	if err := a.Settle(t.Context(), journal.Position{Seq: 2}, letter); !errors.Is(err, journal.ErrDeadFull) {
		t.Fatalf("a route leaves behind more than there is room for: %v", err)
	}
	s, err := j.Stats(t.Context())
	if err != nil || s.DeadLetters != int64(buried) || expired.Load() != 0 || s.DeadBytes < s.DeadLimit || s.DeadLimit != 2<<20/4 {
		t.Errorf("of %d letters %d are left and %d counted as expired: %+v, %v", buried, s.DeadLetters, expired.Load(), s, err)
	}
	if s.Routes[0].Next != next {
		t.Errorf("the route has moved to %v without its dead letters", s.Routes[0].Next)
	}
	if err := b.Settle(t.Context(), journal.Position{Seq: 2}, nil); err != nil {
		t.Errorf("another route: %v", err)
	}
	if err := j.Settled(t.Context(), 1, "b"); err != nil {
		t.Errorf("another route: %v", err)
	}
	fill(t, j)
	if err := j.Ready(t.Context()); !errors.Is(err, journal.ErrFull) {
		t.Errorf("with its route standing still and the journal full: %v", err)
	}

	// Retrying makes room, also in a full journal: the route goes on.
	list, err := j.DeadLetters(t.Context(), journal.Query{Limit: 4})
	if err != nil || len(list) != 4 {
		t.Fatalf("%d dead letters, %v", len(list), err)
	}
	retried := journal.Batch{ID: journal.NewID(time.Now()), Route: "a", Frame: list[0].Envelope, Events: 1}
	if err := j.Retry(t.Context(), retried, []int64{list[0].ID}); err != nil {
		t.Errorf("retrying in a full journal: %v", err)
	}
	if n, err := j.Drop(t.Context(), []int64{list[1].ID, list[2].ID, list[3].ID}); n != 3 || err != nil {
		t.Errorf("dropping: %d, %v", n, err)
	}
	again(t, "settling once there is room", func() error { return a.Settle(t.Context(), journal.Position{Seq: 2}, letter) })
	closeJournal(t, j)
	if n := strings.Count(log.String(), "a route stands still"); n != 1 {
		t.Errorf("the log says %d times that a route stands still: %s", n, log.String())
	}
}

// What is left of retried letters, which nobody needs, makes way.
func TestRetriedLettersMakeWay(t *testing.T) {
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, MaxBytes: 1 << 20})
	r := routeOf(t, j, "a")
	for range 12 {
		dead := make([]journal.DeadLetter, 100)
		for i := range dead {
			dead[i] = journal.DeadLetter{Route: "a", Envelope: []byte("{}")}
		}
		again(t, "settling", func() error { return r.Settle(t.Context(), journal.Position{Seq: 1}, dead) })
		list, err := j.DeadLetters(t.Context(), journal.Query{Limit: 1000})
		if err != nil || len(list) != 100 {
			t.Fatalf("%d letters wait, %v", len(list), err)
		}
		ids := make([]int64, len(list))
		for i, d := range list {
			ids[i] = d.ID
		}
		if err := j.Retry(t.Context(), journal.Batch{ID: journal.NewID(time.Now()), Route: "a", Events: 1}, ids); err != nil {
			t.Fatal(err)
		}
	}
	var counted, real int64
	err := j.read.QueryRow("SELECT (SELECT value FROM meta WHERE key = 'dead'), (SELECT sum("+deadSize("dead")+") FROM dead)").Scan(&counted, &real)
	if err != nil || counted != real {
		t.Errorf("dead letters count as %d bytes and take %d, %v", counted, real, err)
	}
}

// again tries what a full journal refuses for a while.
func again(t *testing.T, what string, try func() error) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if !errors.Is(err, journal.ErrFull) || time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// A limit below what is in use refuses batches, and lets routes move on.
func TestLoweredLimit(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Routes: []string{"a"}, MaxBytes: 24 << 20})
	stored := fill(t, j)
	closeJournal(t, j)
	j = open(t, dir, Options{Routes: []string{"a"}, MaxBytes: 1 << 20})
	_, err := j.Append(t.Context(), journal.Batch{ID: journal.NewID(time.Now()), Frame: noise(10), Events: 1})
	if !errors.Is(err, journal.ErrFull) {
		t.Errorf("appending beyond the limit: %v", err)
	}
	r := routeOf(t, j, "a")
	got := readAll(t, r)
	if len(got) != stored {
		t.Fatalf("%d of %d batches can be read", len(got), stored)
	}
	for i, rec := range got[:10] {
		letters := []journal.DeadLetter{{Route: "a", Envelope: noise(10 << 10)}}
		if err := r.Settle(t.Context(), journal.Position{Seq: rec.Seq + 1}, letters); err != nil {
			t.Fatalf("settling batch %d with a dead letter: %v", i+1, err)
		}
	}
}

// The volume, or the file's own hard limit, ends before the soft limit.
func TestHardLimitIsFull(t *testing.T) {
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, MaxBytes: 1 << 40})
	if _, err := j.w.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 300"); err != nil {
		t.Fatal(err)
	}
	stored := fill(t, j)
	if err := j.Err(); err != nil {
		t.Fatalf("a full volume counts as broken: %v", err)
	}
	if got := readAll(t, routeOf(t, j, "a")); len(got) != stored {
		t.Fatalf("%d of %d acknowledged batches can be read", len(got), stored)
	}
	if _, err := j.w.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 3000"); err != nil {
		t.Fatal(err)
	}
	store(t, j, noise(16<<10))
}

// A volume that fills up, with whatever, is refused before it is full to the
// last byte, and settled batches make room although their time is not over.
func TestFullVolume(t *testing.T) {
	var left atomic.Int64
	left.Store(1 << 40)
	clock := newClock(time.Now())
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, Retain: time.Hour, Now: clock.now,
		free: func() (int64, error) { return left.Load(), nil }})
	store(t, j, noise(100))
	r := routeOf(t, j, "a")
	got := readAll(t, r)
	left.Store(reserve - 1)
	clock.advance(2 * time.Second)
	if _, err := j.Append(t.Context(), journal.Batch{ID: journal.NewID(time.Now()), Frame: noise(10), Events: 1}); !errors.Is(err, journal.ErrFull) {
		t.Fatalf("appending to a full volume: %v", err)
	}
	if err := j.Ready(t.Context()); !errors.Is(err, journal.ErrFull) {
		t.Errorf("ready on a full volume: %v", err)
	}
	if err := r.Settle(t.Context(), journal.Position{Seq: got[0].Seq + 1}, []journal.DeadLetter{{Route: "a"}}); err != nil {
		t.Fatalf("settling on a full volume: %v", err)
	}
	for deadline := time.Now().Add(10 * time.Second); j.pruned.Load() < got[0].Seq; time.Sleep(5 * time.Millisecond) {
		clock.advance(time.Second)
		if time.Now().After(deadline) {
			t.Fatal("a settled batch is kept on a full volume")
		}
	}
	left.Store(1 << 40)
	clock.advance(2 * time.Second)
	store(t, j, noise(10))
}

func TestSequenceSurvivesEmptyLog(t *testing.T) {
	dir := t.TempDir()
	clock := newClock(time.Now())
	opt := Options{Routes: []string{"a"}, Now: clock.now}
	j := open(t, dir, opt)
	for range 5 {
		store(t, j, noise(100))
	}
	r := routeOf(t, j, "a")
	got := readAll(t, r)
	if err := r.Settle(t.Context(), journal.Position{Seq: got[4].Seq + 1}, nil); err != nil {
		t.Fatal(err)
	}
	emptied := func() bool {
		var n int
		if err := j.read.QueryRow("SELECT count(*) FROM log").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 0
	}
	for deadline := time.Now().Add(10 * time.Second); !emptied(); time.Sleep(10 * time.Millisecond) {
		clock.advance(time.Second)
		if time.Now().After(deadline) {
			t.Fatal("settled batches are never removed")
		}
	}
	closeJournal(t, j)
	j = open(t, dir, opt)
	store(t, j, []byte("next"))
	got = readAll(t, routeOf(t, j, "a"))
	if len(got) != 1 || got[0].Seq != 6 || string(got[0].Frame) != "next" {
		t.Fatalf("after the log was emptied the route reads %v, want batch 6", got)
	}
	// A route that joins later begins at the oldest batch kept.
	closeJournal(t, j)
	opt.Routes = []string{"a", "late"}
	j = open(t, dir, opt)
	if got = readAll(t, routeOf(t, j, "late")); len(got) != 1 || got[0].Seq != 6 {
		t.Errorf("a late route reads %v, want batch 6", got)
	}
}

// With the log emptied and every known route gone, the sequence still goes on.
func TestSequenceSurvivesWithoutRoutes(t *testing.T) {
	dir := t.TempDir()
	clock := newClock(time.Now())
	j := open(t, dir, Options{Routes: []string{"a"}, Now: clock.now})
	for range 3 {
		store(t, j, noise(10))
	}
	if err := routeOf(t, j, "a").Settle(t.Context(), journal.Position{Seq: 4}, nil); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); j.pruned.Load() < 3; time.Sleep(10 * time.Millisecond) {
		clock.advance(time.Second)
		if time.Now().After(deadline) {
			t.Fatal("settled batches are never removed")
		}
	}
	closeJournal(t, j)
	j = open(t, dir, Options{Routes: []string{"b"}})
	store(t, j, []byte("next"))
	if got := readAll(t, routeOf(t, j, "b")); len(got) != 1 || got[0].Seq != 4 {
		t.Errorf("read %v, want batch 4", got)
	}
}

func TestRetainKeepsSettledBatches(t *testing.T) {
	clock := newClock(time.Now())
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, Retain: time.Hour, Now: clock.now})
	settle := func() {
		r := routeOf(t, j, "a")
		if err := r.Settle(t.Context(), journal.Position{Seq: j.head.Load() + 1}, []journal.DeadLetter{{Route: "a"}}); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() (n int) {
		if err := j.read.QueryRow("SELECT count(*) FROM log").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	store(t, j, noise(10))
	store(t, j, noise(10))
	settle()
	clock.advance(50 * time.Minute)
	settle()
	if n := kept(); n != 2 {
		t.Errorf("%d batches kept within the time, want 2", n)
	}
	store(t, j, noise(10))
	clock.advance(20 * time.Minute)
	settle()
	settle()
	if n := kept(); n != 1 {
		t.Errorf("%d batches kept, want the one that is younger than an hour", n)
	}
}

func TestIDsAreForgottenAfterTheirTime(t *testing.T) {
	clock := newClock(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, Now: clock.now})
	batch := journal.Batch{ID: journal.NewID(clock.now()), Frame: []byte("x"), Events: 1}
	known := func() bool {
		t.Helper()
		k, err := j.Append(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		return k[0].Known
	}
	if known() {
		t.Fatal("known at first")
	}
	for day := 1; day <= 13; day++ {
		clock.advance(24 * time.Hour)
		if !known() {
			t.Fatalf("forgotten after %d days", day)
		}
	}
	clock.advance(25 * time.Hour)
	store(t, j, noise(10)) // the commit that forgets
	var ids int
	if err := j.read.QueryRow("SELECT count(*) FROM seen").Scan(&ids); err != nil || ids != 1 {
		t.Errorf("%d ids are remembered after 14 days, %v; want the last one", ids, err)
	}
}

// Dead letters go when they are too old or too many, a chunk at a time, and
// each is counted.
func TestDeadLettersExpire(t *testing.T) {
	const letters = 3 * pruneLetters
	clock := newClock(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	var expired atomic.Int64
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, Now: clock.now, KeepDead: 24 * time.Hour, MaxDead: letters,
		Expired: func(n int) { expired.Add(int64(n)) }})
	bury := func(n int) {
		t.Helper()
		dead := make([]journal.DeadLetter, n)
		for i := range dead {
			dead[i] = journal.DeadLetter{Route: "a", Died: clock.now(), Envelope: []byte("{}")}
		}
		if err := routeOf(t, j, "a").Settle(t.Context(), journal.Position{Seq: 1}, dead); err != nil {
			t.Fatal(err)
		}
	}
	left := func(want, gone int64) {
		t.Helper()
		deadline := time.Now().Add(20 * time.Second)
		for {
			s, err := j.Stats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.DeadLetters == want && expired.Load() == gone {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d dead letters are left and %d counted as expired, want %d and %d", s.DeadLetters, expired.Load(), want, gone)
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
	bury(letters)
	left(letters, 0)
	clock.advance(23 * time.Hour)
	bury(10)
	left(letters, 10) // the oldest ten are too many
	clock.advance(2 * time.Hour)
	bury(1)
	left(11, letters) // the first ones are too old
}
