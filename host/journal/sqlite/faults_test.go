package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/host/journal"
)

func open(t *testing.T, dir string, opt Options) *Journal {
	t.Helper()
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	j, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func closeJournal(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
}

// clock is a clock that a test moves.
type clock struct{ ms atomic.Int64 }

func newClock(at time.Time) *clock {
	c := new(clock)
	c.ms.Store(at.UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// noise returns a frame of random bytes, which do not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func store(t *testing.T, j *Journal, frame []byte) journal.ID {
	t.Helper()
	id := journal.NewID(j.opt.Now())
	if _, err := j.Append(t.Context(), journal.Batch{ID: id, Frame: frame, Events: 1}); err != nil {
		t.Fatalf("appending: %v", err)
	}
	return id
}

func routeOf(t *testing.T, j *Journal, name string) journal.Route {
	t.Helper()
	r, err := j.Route(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readAll(t *testing.T, r journal.Route) []journal.Record {
	t.Helper()
	var list []journal.Record
	for {
		records, err := further(t, r)
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
		if len(records) == 0 {
			return list
		}
		list = append(list, records...)
	}
}

// further returns the next records of a route, none when it has read them all.
func further(t *testing.T, r journal.Route) ([]journal.Record, error) {
	ours := r.(*route)
	head := ours.j.head.Load()
	if ours.read >= head {
		return nil, nil
	}
	return ours.fetch(t.Context(), head, journal.Limit{Records: 100, Bytes: 1 << 20})
}

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

// A position that is not what was stored begins again at the oldest batch.
func TestDamagedPosition(t *testing.T) {
	dir := t.TempDir()
	var alarms []error
	opt := Options{Routes: []string{"a"}, Alarm: func(err error) { alarms = append(alarms, err) }}
	j := open(t, dir, opt)
	for range 5 {
		store(t, j, noise(10))
	}
	closeJournal(t, j)
	execute(t, dir, `UPDATE cur SET seq = 5`)
	j = open(t, dir, opt)
	if got := readAll(t, routeOf(t, j, "a")); len(got) != 5 {
		t.Errorf("%d batches are read, want all 5", len(got))
	}
	if len(alarms) != 1 || !strings.Contains(alarms[0].Error(), "position of route a") {
		t.Errorf("alarms are %v", alarms)
	}
}

// What the promise rests on, and no kill of a process can show.
func TestSyncIsFull(t *testing.T) {
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}})
	var synchronous int
	var mode string
	err := j.w.conn.QueryRowContext(t.Context(), "SELECT synchronous, journal_mode FROM pragma_synchronous, pragma_journal_mode").Scan(&synchronous, &mode)
	if err != nil || synchronous != 2 || mode != "wal" {
		t.Errorf("synchronous is %d and the mode %q, %v; want 2 (FULL) and wal", synchronous, mode, err)
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
		return k[0]
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

func TestDamagedBatchIsQuarantined(t *testing.T) {
	dir := t.TempDir()
	var alarms []error
	opt := Options{Routes: []string{"a", "b"}, Alarm: func(err error) { alarms = append(alarms, err) }}
	j := open(t, dir, opt)
	for i := range 3 {
		store(t, j, fmt.Appendf(nil, "frame %d", i))
	}
	closeJournal(t, j)
	execute(t, dir, `UPDATE log SET body = CAST(substr(body, 1, 8) || x'ff' || substr(body, 10) AS BLOB) WHERE seq = 2`)
	j = open(t, dir, opt)
	got := readAll(t, routeOf(t, j, "a"))
	if len(got) != 3 || got[0].Frame == nil || got[1].Frame != nil || got[2].Frame == nil {
		t.Fatalf("read %v, want the second without a frame", got)
	}
	if len(alarms) != 1 || !errors.Is(alarms[0], journal.ErrDamaged) {
		t.Errorf("alarms are %v", alarms)
	}
	s, err := j.Stats(t.Context())
	if err != nil || s.Quarantined != 1 {
		t.Errorf("%d in quarantine, %v; want 1", s.Quarantined, err)
	}
	if err := j.Err(); err != nil {
		t.Errorf("one damaged batch counts as broken storage: %v", err)
	}
}

func TestMissingBatchRaisesAlarm(t *testing.T) {
	dir := t.TempDir()
	var alarms []error
	opt := Options{Routes: []string{"a"}, Alarm: func(err error) { alarms = append(alarms, err) }}
	j := open(t, dir, opt)
	for range 5 {
		store(t, j, noise(10))
	}
	closeJournal(t, j)
	execute(t, dir, `DELETE FROM log WHERE seq IN (2, 3)`)
	j = open(t, dir, opt)
	if got := readAll(t, routeOf(t, j, "a")); len(got) != 3 {
		t.Errorf("%d batches are read, want 3", len(got))
	}
	if len(alarms) != 1 || !strings.Contains(alarms[0].Error(), "2 to 3 are missing") {
		t.Errorf("alarms are %v", alarms)
	}
}

// execute changes the database behind the journal's back.
func execute(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(filepath.Join(dir, "journal.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	res, err := db.Exec(statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed %d rows, %v", statement, n, err)
	}
}

// Flips one random bit anywhere in the database at a time. Whatever is handed
// out afterwards is what was stored; everything else is refused or reported.
func TestBitFlips(t *testing.T) {
	flips := 60
	if testing.Short() {
		flips = 10
	}
	source := t.TempDir()
	j := open(t, source, Options{Routes: []string{"a"}})
	want := map[journal.ID][]byte{}
	for range 40 {
		frame := noise(2000)
		want[store(t, j, frame)] = frame
	}
	closeJournal(t, j)
	pristine, err := os.ReadFile(filepath.Join(source, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	for n := range flips {
		outcomes[flipOneBit(t, n, pristine, want)]++
	}
	t.Logf("%d flips: %v", flips, outcomes)
	if outcomes["quarantined"] == 0 {
		t.Error("no flip hit a body: the test proves nothing")
	}
}

func flipOneBit(t *testing.T, n int, pristine []byte, want map[journal.ID][]byte) string {
	dir := t.TempDir()
	bit := rand.IntN(len(pristine) * 8)
	damaged := bytes.Clone(pristine)
	damaged[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(filepath.Join(dir, "journal.db"), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	alarms := 0
	j, err := Open(dir, Options{Routes: []string{"a"}, Log: slog.New(slog.DiscardHandler), Alarm: func(error) { alarms++ }})
	if err != nil {
		after, err := os.ReadFile(filepath.Join(dir, "journal.db"))
		if err != nil || !bytes.Equal(after, damaged) {
			t.Errorf("flip %d of bit %d: a refused start changed the file", n, bit)
		}
		return "refused"
	}
	defer j.Close()
	r, err := j.Route("a")
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for {
		records, err := further(t, r)
		if err != nil {
			return "stopped"
		}
		if len(records) == 0 {
			break
		}
		for _, rec := range records {
			if rec.Frame == nil {
				continue
			}
			if !bytes.Equal(rec.Frame, want[rec.ID]) {
				t.Errorf("flip %d of bit %d: batch %d is not what was stored, and nothing says so", n, bit, rec.Seq)
			}
			got++
		}
	}
	switch {
	case got < len(want) && alarms == 0:
		t.Errorf("flip %d of bit %d: %d of %d batches, and no alarm", n, bit, got, len(want))
		return "silent"
	case alarms > 0:
		return "quarantined"
	}
	return "harmless"
}

func TestStartRefusesWhatItCannotRead(t *testing.T) {
	prepare := func(t *testing.T) string {
		dir := t.TempDir()
		j := open(t, dir, Options{Routes: []string{"a"}})
		store(t, j, []byte("precious"))
		closeJournal(t, j)
		return dir
	}
	path := func(dir string) string { return filepath.Join(dir, "journal.db") }
	for name, c := range map[string]struct {
		harm func(t *testing.T, dir string) error
		want string
	}{
		"database missing": {func(t *testing.T, dir string) error { return os.Rename(path(dir), path(dir)+".moved") }, "restore it from a copy"},
		"database missing, log present": {func(t *testing.T, dir string) error {
			return errors.Join(os.Rename(path(dir), path(dir)+".moved"), os.WriteFile(path(dir)+"-wal", noise(5000), 0o600))
		}, "restore the database"},
		"database empty":     {func(t *testing.T, dir string) error { return os.Truncate(path(dir), 0) }, "restore it from a copy"},
		"database truncated": {func(t *testing.T, dir string) error { return os.Truncate(path(dir), 5000) }, "opening journal"},
		"a directory": {func(t *testing.T, dir string) error {
			return errors.Join(os.Rename(path(dir), path(dir)+".moved"), os.Mkdir(path(dir), 0o700))
		}, "opening journal"},
		"not a database": {func(t *testing.T, dir string) error { return os.WriteFile(path(dir), noise(10_000), 0o600) }, "opening journal"},
		"another program's database": {func(t *testing.T, dir string) error {
			execute(t, dir, "UPDATE meta SET value = value")
			return pragma(dir, "PRAGMA application_id = 7")
		}, "not a weir journal"},
		"a later format": {func(t *testing.T, dir string) error { return pragma(dir, "PRAGMA user_version = 99") }, "format 99"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := prepare(t)
			if err := c.harm(t, dir); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, dir)
			j, err := Open(dir, Options{Routes: []string{"a"}})
			if err == nil {
				j.Close()
				t.Fatal("it opens")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error does not say %q: %v", c.want, err)
			}
			for name, bytes := range before {
				if after := snapshot(t, dir)[name]; after != bytes {
					t.Errorf("%s had %d bytes and has %d", name, len(bytes), len(after))
				}
			}
		})
	}
}

func pragma(dir, statement string) error {
	db, err := sql.Open("sqlite", dsn(filepath.Join(dir, "journal.db")))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}

// snapshot returns what the files hold that carry data.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Routes: []string{"a"}})
	if _, err := Open(dir, Options{Routes: []string{"a"}}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second journal on the same directory: %v", err)
	}
	closeJournal(t, j)
	open(t, dir, Options{Routes: []string{"a"}})
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	open(t, dir, Options{Routes: []string{"a"}})
	for name, want := range map[string]os.FileMode{"": 0o700, "journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600, "journal.lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %o, %v; want %o", name, info.Mode().Perm(), err, want)
		}
	}
}

// Storage that fails in any other way than being full is never trusted again.
func TestBrokenStaysBroken(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Routes: []string{"a"}})
	store(t, j, []byte("stored"))
	if _, err := j.w.conn.ExecContext(t.Context(), "DROP TABLE seen"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := j.Append(t.Context(), journal.Batch{ID: journal.NewID(time.Now()), Frame: []byte("x"), Events: 1})
		if !errors.Is(err, journal.ErrBroken) || !strings.Contains(err.Error(), dir) {
			t.Fatalf("appending to failing storage: %v", err)
		}
	}
	select {
	case <-j.Broken():
	default:
		t.Error("Broken is not closed")
	}
	if _, err := routeOf(t, j, "a").Next(t.Context(), journal.Limit{Records: 1, Bytes: 1}); err != nil && !errors.Is(err, journal.ErrBroken) {
		t.Errorf("reading: %v", err)
	}
}

func TestCheck(t *testing.T) {
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}})
	if err := j.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
