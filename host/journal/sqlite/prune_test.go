package sqlite

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/host/journal"
	"weir/host/torture"
)

// leaping is a clock by which everything that is done once in a while is due
// each time it is asked.
func leaping() func() time.Time {
	begun := time.Now()
	var asked atomic.Int64
	return func() time.Time { return begun.Add(time.Duration(asked.Add(1)) * 2 * time.Second) }
}

// TestTortureKillWhilePruning kills the writer with -9 while it removes at each
// commit what its route has settled. What was acknowledged and not settled is
// there, whole and in order; what was removed is remembered as known.
func TestTortureKillWhilePruning(t *testing.T) {
	cycles := 5
	if torture.Long() {
		cycles = 200
	}
	t.Setenv(pruning, "1")
	dir := t.TempDir()
	total, removed := 0, int64(0)
	for cycle := range cycles {
		after := time.Duration(60+rand.IntN(240)) * time.Millisecond
		w := startWriter(t, dir)
		w.begun = func() { time.AfterFunc(after, func() { w.cmd.Process.Kill() }) }
		acked := map[int64][2]string{} // by place in the log: id and checksum
		settled := int64(0)
		lines := bufio.NewReader(w.out)
		for first := true; ; first = false {
			line, err := lines.ReadString('\n')
			if err != nil {
				w.cmd.Wait()
				break
			}
			if first {
				w.begun()
			}
			var seq int64
			var id, sum string
			switch fields := strings.Fields(line); fields[0] {
			case "A":
				if _, err := fmt.Sscanf(line, "A %s %s %d", &id, &sum, &seq); err != nil {
					t.Fatal(err)
				}
				acked[seq] = [2]string{id, sum}
			case "C":
				fmt.Sscan(fields[1], &settled)
			default:
				t.Fatalf("the writer says: %s", line)
			}
		}
		total += len(acked)
		removed += verifyAfterPruning(t, dir, cycle, acked, settled)
		if t.Failed() {
			return
		}
	}
	if removed < int64(total)/4 {
		t.Errorf("of %d batches %d were removed: the test proves nothing", total, removed)
	}
	torture.Row{Scenario: "SQLite: kill -9 while settled batches are removed", Cycles: cycles, Acknowledged: total, DeliveredOnce: total,
		Note: fmt.Sprintf("%d removed", removed)}.Report(t)
}

// verifyAfterPruning returns how many batches of the cycle are gone.
func verifyAfterPruning(t *testing.T, dir string, cycle int, acked map[int64][2]string, settled int64) (removed int64) {
	t.Helper()
	j := open(t, dir, Options{Routes: []string{"a"}, Alarm: func(err error) { t.Errorf("cycle %d: %v", cycle, err) }})
	defer closeJournal(t, j)
	r := routeOf(t, j, "a")
	next, _ := r.Start()
	if next.Seq < settled {
		t.Errorf("cycle %d: the position fell back from %d to %d", cycle, settled, next.Seq)
	}
	stats, err := j.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Oldest > next.Seq {
		t.Errorf("cycle %d: batches from %d on are kept, and the route is at %d", cycle, stats.Oldest, next.Seq)
	}
	found := map[int64]journal.Record{}
	for i, rec := range readAll(t, r) {
		if rec.Seq != next.Seq+int64(i) {
			t.Fatalf("cycle %d: batch %d is read where %d should be", cycle, rec.Seq, next.Seq+int64(i))
		}
		found[rec.Seq] = rec
	}
	checked := 0
	for seq, want := range acked {
		rec, ok := found[seq]
		switch {
		case ok:
			if rec.ID.String() != want[0] || fmt.Sprintf("%x", sha256.Sum256(rec.Frame)) != want[1] {
				t.Errorf("cycle %d: acknowledged batch %d has changed", cycle, seq)
			}
		case seq >= next.Seq:
			t.Errorf("cycle %d: acknowledged batch %d is lost, and the route is at %d", cycle, seq, next.Seq)
		case seq < stats.Oldest:
			removed++
		}
		if checked++; checked > 20 {
			continue
		}
		id, err := journal.ParseID(want[0])
		if err != nil {
			t.Fatal(err)
		}
		if stored, err := j.Append(t.Context(), journal.Batch{ID: id, Frame: []byte("again"), Events: 1}); err != nil || !stored[0].Known {
			t.Errorf("cycle %d: batch %d is not known any more: %+v, %v", cycle, seq, stored, err)
		}
	}
	return removed
}
