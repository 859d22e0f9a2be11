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
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/host/journal"
	"weir/host/torture"
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

// A number that a flipped bit made smaller stands behind a greater one: reading
// ends with an error instead of beginning again for ever.
func TestNumbersOutOfOrderStop(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Routes: []string{"a"}})
	for range 6 {
		store(t, j, noise(10))
	}
	closeJournal(t, j)
	name := filepath.Join(dir, "journal.db")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	// A cell of the table begins with the size of its payload, the row's number,
	// the size of the record's header, and NULL for the number in there.
	at := -1
	for i := 2; i < len(text)-3; i++ {
		if text[i] == 6 && text[i+1] >= 8 && text[i+1] < 16 && text[i+2] == 0 && text[i+3] == 44 {
			at = i
		}
	}
	if at < 0 {
		t.Fatal("there is no sixth row")
	}
	text[at] = 4
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, Options{Routes: []string{"a"}})
	r := routeOf(t, j, "a")
	read := 0
	for range 10 {
		records, err := further(t, r)
		if err != nil {
			if !errors.Is(err, journal.ErrDamaged) || !errors.Is(err, journal.ErrBroken) {
				t.Errorf("reading ends with %v", err)
			}
			return
		}
		read += len(records)
	}
	t.Errorf("%d records are read of a journal of six", read)
}

// A batch for all routes whose route comes to name one is no batch for another.
func TestRouteFromNowhereRaisesAlarm(t *testing.T) {
	dir := t.TempDir()
	var alarms []error
	opt := Options{Routes: []string{"a"}, Alarm: func(err error) { alarms = append(alarms, err) }}
	j := open(t, dir, opt)
	store(t, j, noise(10))
	closeJournal(t, j)
	// One bit of a record's header makes the empty text the number 1.
	execute(t, dir, `UPDATE log SET route = '1'`)
	j = open(t, dir, opt)
	if got := readAll(t, routeOf(t, j, "a")); len(got) != 1 || got[0].Frame != nil {
		t.Errorf("read %v, want one without a frame", got)
	}
	if !slices.ContainsFunc(alarms, func(err error) bool { return errors.Is(err, journal.ErrDamaged) }) {
		t.Errorf("alarms are %v", alarms)
	}
}

// What is addressed to a route that nobody reads any more is reported at each
// start, and delivered once the route is back.
func TestAddressedToNobodyRaisesAlarm(t *testing.T) {
	dir := t.TempDir()
	var alarms []error
	start := func(routes ...string) *Journal {
		alarms = nil
		return open(t, dir, Options{Routes: routes, Alarm: func(err error) { alarms = append(alarms, err) }})
	}
	j := start("a", "b")
	for range 2 {
		b := journal.Batch{ID: journal.NewID(time.Now()), Frame: []byte("for a"), Events: 1, Route: "a"}
		if _, err := j.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := routeOf(t, j, "a").Settle(t.Context(), journal.Position{Seq: 2}, nil); err != nil {
		t.Fatal(err)
	}
	closeJournal(t, j)
	j = start("b")
	if len(alarms) != 1 || !strings.Contains(alarms[0].Error(), "1 batches") || !strings.Contains(alarms[0].Error(), "route a") {
		t.Errorf("alarms are %v, want one of the batch that route a has not settled", alarms)
	}
	closeJournal(t, j)
	j = start("a", "b")
	if got := readAll(t, routeOf(t, j, "a")); len(alarms) != 0 || len(got) != 1 || string(got[0].Frame) != "for a" {
		t.Errorf("with the route back: alarms %v, read %v", alarms, got)
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
func TestTortureBitFlips(t *testing.T) {
	flips := 60
	switch {
	case torture.Long():
		flips = 10_000
	case testing.Short():
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
	outcomes := tallied(t, flips, func(t *testing.T, n int) string { return flipOneBit(t, n, pristine, want) })
	torture.Row{Scenario: "SQLite: one bit flipped", Cycles: flips, Acknowledged: len(want), Lost: outcomes["silent"],
		Note: fmt.Sprint(outcomes)}.Report(t)
	if outcomes["quarantined"] == 0 {
		t.Error("no flip hit a body: the test proves nothing")
	}
}

// Flips every bit that says something, one at a time, of a small journal: of all
// bytes that are not zero, with batches for all routes and for one alone.
func TestTortureBitFlipsEverywhere(t *testing.T) {
	source := t.TempDir()
	j := open(t, source, Options{Routes: []string{"a", "c"}})
	want := map[journal.ID][]byte{}
	for n := range 6 {
		b := journal.Batch{ID: journal.NewID(time.Now()), Frame: noise(60), Events: 1}
		if n%3 == 2 {
			b.Route = "a"
		}
		if _, err := j.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		want[b.ID] = b.Frame
	}
	closeJournal(t, j)
	pristine, err := os.ReadFile(filepath.Join(source, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	var bits []int
	for i, b := range pristine {
		if b != 0 {
			for bit := range 8 {
				bits = append(bits, 8*i+bit)
			}
		}
	}
	if !torture.Long() {
		rand.Shuffle(len(bits), func(i, j int) { bits[i], bits[j] = bits[j], bits[i] })
		bits = bits[:min(len(bits), 300)]
	}
	outcomes := tallied(t, len(bits), func(t *testing.T, n int) string { return flipBit(t, n, bits[n], pristine, want, "a", "c") })
	torture.Row{Scenario: "SQLite: one bit flipped, each that says something", Cycles: len(bits), Acknowledged: len(want), Lost: outcomes["silent"],
		Note: fmt.Sprint(outcomes)}.Report(t)
}

func flipOneBit(t *testing.T, n int, pristine []byte, want map[journal.ID][]byte) string {
	return flipBit(t, n, rand.IntN(len(pristine)*8), pristine, want, "a")
}

// tallied counts the outcomes of n trials, on all processors.
func tallied(t *testing.T, n int, trial func(t *testing.T, n int) string) map[string]int {
	var mu sync.Mutex
	outcomes := map[string]int{}
	t.Run("trials", func(t *testing.T) {
		workers := runtime.GOMAXPROCS(0)
		for w := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for i := w; i < n; i += workers {
					outcome := trial(t, i)
					mu.Lock()
					outcomes[outcome]++
					mu.Unlock()
				}
			})
		}
	})
	return outcomes
}

// flipBit flips a bit and reads what the first route is given.
func flipBit(t *testing.T, n, bit int, pristine []byte, want map[journal.ID][]byte, routes ...string) string {
	damaged := flipped(pristine, bit)
	outcome, dir := start(t, fmt.Sprintf("flip %d of bit %d", n, bit), map[string][]byte{"journal.db": damaged}, want, routes...)
	if outcome == "refused" {
		after, err := os.ReadFile(filepath.Join(dir, "journal.db"))
		if err != nil || !bytes.Equal(after, damaged) {
			t.Errorf("flip %d of bit %d: a refused start changed the file", n, bit)
		}
	}
	return outcome
}

func flipped(text []byte, bit int) []byte {
	text = bytes.Clone(text)
	text[bit/8] ^= 1 << (bit % 8)
	return text
}

// start opens a journal of those files and reads what the first route is given.
func start(t *testing.T, what string, files map[string][]byte, want map[journal.ID][]byte, routes ...string) (outcome, dir string) {
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	alarms := 0
	j, err := Open(dir, Options{Routes: routes, Log: slog.New(slog.DiscardHandler), Alarm: func(error) { alarms++ }})
	if err != nil {
		return "refused", dir
	}
	defer j.Close()
	r, err := j.Route(routes[0])
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for {
		records, err := further(t, r)
		if err != nil {
			return "stopped", dir
		}
		if len(records) == 0 {
			break
		}
		for _, rec := range records {
			if rec.Frame == nil {
				continue
			}
			if !bytes.Equal(rec.Frame, want[rec.ID]) {
				t.Errorf("%s: batch %d is not what was stored, and nothing says so", what, rec.Seq)
			}
			got++
		}
	}
	switch {
	case got < len(want) && alarms == 0:
		t.Errorf("%s: %d of %d batches, and no alarm", what, got, len(want))
		return "silent", dir
	case alarms > 0:
		return "quarantined", dir
	}
	return "harmless", dir
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

// A journal that an earlier weir wrote is read, and what it lacks is added.
func TestEarlierFormat(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{Routes: []string{"a"}})
	store(t, j, []byte("early"))
	closeJournal(t, j)
	if err := pragma(dir, earlier); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir, Options{Routes: []string{"a"}})
	if got := readAll(t, routeOf(t, j, "a")); len(got) != 1 || string(got[0].Frame) != "early" {
		t.Errorf("read %v", got)
	}
	var indexes int
	if err := j.read.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'log_addressed'").Scan(&indexes); err != nil || indexes != 1 {
		t.Errorf("%d indexes on what is addressed, %v", indexes, err)
	}
	s, err := j.Stats(t.Context())
	list, more := j.DeadLetters(t.Context(), journal.Query{})
	if err != nil || more != nil || len(list) != 1 || string(list[0].Envelope) != "{}" || s.DeadBytes < 256 {
		t.Errorf("its dead letters are %+v of %d bytes, %v, %v", list, s.DeadBytes, err, more)
	}
}

// earlier undoes the additions.
const earlier = `DROP INDEX log_addressed; DROP INDEX dead_retried; DROP TRIGGER dead_insert; DROP TRIGGER dead_update; DROP TRIGGER dead_delete;
	DELETE FROM meta WHERE key = 'dead';
	INSERT INTO dead (route, sink, event_id, app, schema, reason, tries, died, envelope) VALUES ('a', 's', 'e', '', '', 'no', 1, 1, '{}'); PRAGMA user_version = 1`

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
