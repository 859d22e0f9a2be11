package sqlite

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/host/journal"
)

// killDir tells the re-executed test binary to be a writer.
const killDir = "WEIR_JOURNAL_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		writeUntilKilled(dir)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled appends from several senders and settles a route, and says
// on standard output what it was told is safe.
func writeUntilKilled(dir string) {
	j, err := Open(dir, Options{Routes: []string{"a", "b"}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println("E", err)
		return
	}
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format+"\n", args...)
	}
	for range 8 {
		go func() {
			for {
				frame := noise(200 + rand.IntN(3000))
				b := journal.Batch{ID: journal.NewID(time.Now()), Frame: frame, Events: 1}
				if _, err := j.Append(context.Background(), b); err != nil {
					say("E %v", err)
					return
				}
				sum := sha256.Sum256(frame)
				say("A %s %x", b.ID, sum)
				if rand.IntN(20) == 0 {
					if known, err := j.Append(context.Background(), b); err != nil || !known[0] {
						say("E a known batch was stored again: %v", err)
					}
				}
			}
		}()
	}
	r, err := j.Route("a")
	if err != nil {
		say("E %v", err)
		return
	}
	for {
		records, err := r.Next(context.Background(), journal.Limit{Records: 8, Bytes: 1 << 20})
		if err != nil {
			say("E %v", err)
			return
		}
		next := journal.Position{Seq: records[len(records)-1].Seq + 1}
		dead := []journal.DeadLetter{{Route: "a", EventID: fmt.Sprint(next.Seq), Envelope: []byte("{}")}}
		if err := r.Settle(context.Background(), next, dead); err != nil {
			say("E %v", err)
			return
		}
		say("C %d", next.Seq)
	}
}

// TestKill kills the writer with -9 at random times, over one store, and
// checks after each time that nothing acknowledged is lost or changed, that
// nothing is stored twice, and that positions and dead letters agree.
func TestKill(t *testing.T) {
	cycles := 12
	if testing.Short() {
		cycles = 3
	}
	dir := t.TempDir()
	acked := map[string]string{}
	settled := int64(1)
	for cycle := range cycles {
		position := killOnce(t, dir, 60+rand.IntN(240), acked)
		settled = max(settled, position)
		verifyAfterKill(t, dir, cycle, acked, settled)
		if t.Failed() {
			return
		}
	}
	t.Logf("lost 0, acknowledged %d, cycles %d", len(acked), cycles)
	if len(acked) < cycles {
		t.Error("next to nothing was acknowledged: the test proves nothing")
	}
}

// killOnce runs a writer for some milliseconds after its first word, and
// returns the greatest position that it committed.
func killOnce(t *testing.T, dir string, millis int, acked map[string]string) (position int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill *time.Timer
	lines := bufio.NewReader(pipe)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // the rest of a line that was cut off is no word
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				t.Errorf("reading the writer: %v", err)
			}
			break
		}
		if kill == nil {
			kill = time.AfterFunc(time.Duration(millis)*time.Millisecond, func() { cmd.Process.Kill() })
		}
		fields := strings.Fields(line)
		switch fields[0] {
		case "A":
			acked[fields[1]] = fields[2]
		case "C":
			fmt.Sscan(fields[1], &position)
		default:
			t.Errorf("the writer says: %s", line)
		}
	}
	cmd.Wait()
	return position
}

func verifyAfterKill(t *testing.T, dir string, cycle int, acked map[string]string, settled int64) {
	t.Helper()
	j := open(t, dir, Options{Routes: []string{"a", "b"}, Alarm: func(err error) { t.Errorf("cycle %d: %v", cycle, err) }})
	defer closeJournal(t, j)
	found := map[string]string{}
	for _, rec := range readAll(t, routeOf(t, j, "b")) {
		sum := sha256.Sum256(rec.Frame)
		if _, twice := found[rec.ID.String()]; twice {
			t.Errorf("cycle %d: batch %s is stored twice", cycle, rec.ID)
		}
		found[rec.ID.String()] = hex.EncodeToString(sum[:])
	}
	for id, sum := range acked {
		if found[id] != sum {
			t.Errorf("cycle %d: acknowledged batch %s is %q, was %q", cycle, id, found[id], sum)
		}
	}
	next, _ := routeOf(t, j, "a").Start()
	if next.Seq < settled {
		t.Errorf("cycle %d: the position fell back from %d to %d", cycle, settled, next.Seq)
	}
	var log, seen int64
	err := j.read.QueryRow("SELECT (SELECT count(*) FROM log), (SELECT count(*) FROM seen)").Scan(&log, &seen)
	if err != nil || log != seen {
		t.Errorf("cycle %d: %d batches and %d ids, %v", cycle, log, seen, err)
	}
	var orphan int64
	err = j.read.QueryRow("SELECT count(*) FROM dead WHERE CAST(event_id AS INTEGER) > ?", next.Seq).Scan(&orphan)
	if err != nil || orphan != 0 {
		t.Errorf("cycle %d: %d dead letters lie beyond the position, %v", cycle, orphan, err)
	}
}
