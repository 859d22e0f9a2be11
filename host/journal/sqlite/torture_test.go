package sqlite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"weir/host/journal"
	"weir/host/torture"
)

// What a power cut leaves of the write-ahead log is some beginning of it: cut
// at every frame's border, and inside frames, the journal opens and holds a
// prefix of what was committed.
func TestTortureWALCut(t *testing.T) {
	commits := 3
	if torture.Long() {
		commits = 60
	}
	source := t.TempDir()
	j := open(t, source, Options{Routes: []string{"a"}})
	var ids []journal.ID
	for range commits {
		ids = append(ids, store(t, j, noise(3000)))
	}
	// A copy of files that nobody writes to: the journal is idle.
	db, err := os.ReadFile(filepath.Join(source, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(filepath.Join(source, "journal.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	closeJournal(t, j)
	const header, frame = 32, 24 + pageSize
	var cuts []int
	for at := header; at <= len(wal); at += frame {
		cuts = append(cuts, at, at+7, at+24, at+24+pageSize/2)
	}
	least, most := len(ids), 0
	for _, cut := range append(cuts, 0, 16, len(wal)) {
		if cut > len(wal) {
			continue
		}
		n := heldAfterCut(t, db, wal[:cut], ids)
		least, most = min(least, n), max(most, n)
	}
	if least != 0 || most != len(ids) {
		t.Errorf("between %d and %d of %d commits are held: the cuts prove nothing", least, most, len(ids))
	}
	torture.Row{Scenario: "SQLite: write-ahead log cut at and inside every frame", Cycles: len(cuts) + 3, Acknowledged: len(ids), DeliveredOnce: most,
		Note: "each cut opens and holds a prefix of the commits"}.Report(t)
}

// Flips one random bit at a time of what a killed host leaves: the write-ahead
// log, the witness of it, and the database. What is missing then is reported, and
// the log as it was is kept.
func TestTortureLogFlips(t *testing.T) {
	flips := 60
	if torture.Long() {
		flips = 10_000
	}
	source := t.TempDir()
	j := open(t, source, Options{Routes: []string{"a"}})
	want := map[journal.ID][]byte{}
	for range 12 {
		frame := noise(1000)
		want[store(t, j, frame)] = frame
	}
	left := map[string][]byte{}
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.last"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		left[name] = text
	}
	closeJournal(t, j)
	outcomes := tallied(t, flips, func(t *testing.T, n int) string {
		name := []string{"journal.db-wal", "journal.db-wal", "journal.db-wal", "journal.db", "journal.last"}[n%5]
		bit := rand.IntN(8 * len(left[name]))
		damaged := maps.Clone(left)
		damaged[name] = flipped(left[name], bit)
		outcome, dir := start(t, fmt.Sprintf("flip %d, of bit %d of %s", n, bit, name), damaged, want, "a")
		logs, err := filepath.Glob(filepath.Join(dir, "journal.db-wal.*"))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case outcome == "quarantined" && name == "journal.db-wal":
			outcome = "reported"
			fallthrough
		case outcome == "refused" || outcome == "stopped":
			if len(logs) != 1 {
				t.Errorf("flip %d, of bit %d of %s: %s, and of the log there are %d copies", n, bit, name, outcome, len(logs))
			} else if text, err := os.ReadFile(logs[0]); err != nil || !bytes.Equal(text, damaged["journal.db-wal"]) {
				t.Errorf("flip %d, of bit %d of %s: the copy of the log is another, %v", n, bit, name, err)
			}
		}
		return outcome
	})
	torture.Row{Scenario: "SQLite: one bit flipped of what a killed host leaves", Cycles: flips, Acknowledged: len(want), Lost: outcomes["silent"],
		Note: fmt.Sprint(outcomes)}.Report(t)
	if outcomes["reported"] == 0 {
		t.Error("no flip damaged the write-ahead log: the test proves nothing")
	}
}

// heldAfterCut returns how many of the ids, which must be the first ones, a
// journal holds that was left with this log.
func heldAfterCut(t *testing.T, db, wal []byte, ids []journal.ID) int {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"journal.db": db, "journal.db-wal": wal} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j, err := Open(dir, Options{Routes: []string{"a"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("with %d bytes of log: %v", len(wal), err)
	}
	defer j.Close()
	records := readAll(t, routeOf(t, j, "a"))
	for i, rec := range records {
		if rec.ID != ids[i] || rec.Frame == nil {
			t.Fatalf("with %d bytes of log, batch %d is none that was stored there", len(wal), i+1)
		}
	}
	return len(records)
}

// Ids are remembered for fourteen days, by a clock that the test moves, on disk
// and not in memory.
func TestTortureRememberedIDs(t *testing.T) {
	days, each := 14, 200
	if torture.Long() {
		each = 3_000_000 / days
	}
	clock := newClock(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, Now: clock.now, MaxBytes: 16 << 30})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	idOf := func(day, n int) journal.ID {
		id := journal.ID{6: 0x70, 8: 0x80}
		made := time.Date(2026, 11, 20+day, 12, 0, 0, 0, time.UTC).UnixMilli()
		binary.BigEndian.PutUint16(id[0:], uint16(made>>32))
		binary.BigEndian.PutUint32(id[2:], uint32(made))
		binary.BigEndian.PutUint32(id[12:], uint32(n))
		return id
	}
	const group = 500
	send := func(day, from int) (known int) {
		list := make([]journal.Batch, min(group, each-from))
		for i := range list {
			list[i] = journal.Batch{ID: idOf(day, from+i), Frame: []byte("x"), Events: 1}
		}
		stored, err := j.Append(t.Context(), list...)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stored {
			if s.Known {
				known++
			}
		}
		return known
	}
	for day := range days {
		for from := 0; from < each; from += group {
			if n := send(day, from); n != 0 {
				t.Fatalf("day %d: %d ids are known at first", day, n)
			}
		}
		if day < days-1 {
			clock.advance(24 * time.Hour)
		}
	}
	clock.advance(23 * time.Hour)
	twice := 0
	for day := range days {
		for from := 0; from < each; from += group {
			twice += min(group, each-from) - send(day, from)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int(int64(after.HeapAlloc)-int64(before.HeapAlloc)) >> 20
	torture.Row{Scenario: "SQLite: batches sent again within 14 days", Cycles: 1, Acknowledged: days * each, DeliveredOnce: days*each - twice, DeliveredMore: twice,
		PeakMemoryMB: int(after.HeapSys >> 20), Note: "memory is the Go heap"}.Report(t)
	if twice > 0 {
		t.Errorf("%d of %d batches were stored twice within fourteen days", twice, days*each)
	}
	if grown > 100 {
		t.Errorf("the heap has grown by %d MB over %d ids", grown, days*each)
	}
}

// A clock that jumps, there and back, neither forgets an id that is young nor
// loses a batch.
func TestTortureClockJumps(t *testing.T) {
	clock := newClock(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	j := open(t, t.TempDir(), Options{Routes: []string{"a"}, Now: clock.now, Retain: time.Hour})
	var sent []journal.Batch
	for _, jump := range []time.Duration{0, time.Hour, -2 * time.Hour, 24 * time.Hour, -48 * time.Hour, 24 * time.Hour} {
		clock.advance(jump)
		b := journal.Batch{ID: journal.NewID(clock.now()), Frame: noise(100), Events: 1}
		sent = append(sent, b)
		for i, again := range append(sent, b) {
			stored, err := j.Append(t.Context(), again)
			if err != nil || stored[0].Known != (i != len(sent)-1) {
				t.Fatalf("after a jump by %s, batch %d: %+v, %v", jump, i+1, stored, err)
			}
		}
	}
	got := readAll(t, routeOf(t, j, "a"))
	lost := len(sent) - len(got)
	for i := range got {
		if got[i].ID != sent[i].ID || !bytes.Equal(got[i].Frame, sent[i].Frame) {
			lost++
		}
	}
	torture.Row{Scenario: "SQLite: clock jumps", Cycles: len(sent), Acknowledged: len(sent), DeliveredOnce: len(got), Lost: lost}.Report(t)
	if lost != 0 {
		t.Errorf("%d of %d batches are lost", lost, len(sent))
	}
}
