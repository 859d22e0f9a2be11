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
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/host/journal"
	"weir/host/torture"
)

// killDir tells the re-executed test binary to be a writer.
const killDir = "WEIR_JOURNAL_KILL_DIR"

// lifetime tells it to end itself with -9 after so long.
const lifetime = "WEIR_JOURNAL_LIFETIME"

// unsynced tells it not to sync: for the control of a test of power cuts.
const unsynced = "WEIR_JOURNAL_UNSYNCED"

// pruning lets it remove what is settled at every commit.
const pruning = "WEIR_JOURNAL_PRUNING"

// senders is how many goroutines of the writer append at once.
const senders = 8

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
	if d, err := time.ParseDuration(os.Getenv(lifetime)); err == nil {
		time.AfterFunc(d, func() {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				self.Kill()
			}
		})
	}
	opt := Options{Routes: []string{"a", "b"}, Log: slog.New(slog.DiscardHandler)}
	if os.Getenv(pruning) != "" {
		opt.Routes, opt.Now = []string{"a"}, leaping()
	}
	j, err := Open(dir, opt)
	if err != nil {
		fmt.Println("E", err)
		return
	}
	if os.Getenv(unsynced) != "" {
		if _, err := j.w.conn.ExecContext(context.Background(), "PRAGMA synchronous = OFF"); err != nil {
			fmt.Println("E", err)
			return
		}
	}
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format+"\n", args...)
	}
	for range senders {
		go func() {
			for {
				frame := noise(200 + rand.IntN(3000))
				b := journal.Batch{ID: journal.NewID(time.Now()), Frame: frame, Events: 1}
				stored, err := j.Append(context.Background(), b)
				if err != nil {
					say("E %v", err)
					return
				}
				sum := sha256.Sum256(frame)
				say("A %s %x %d", b.ID, sum, stored[0].Seq)
				if rand.IntN(20) == 0 {
					if stored, err := j.Append(context.Background(), b); err != nil || !stored[0].Known {
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

// TestTortureKill kills the writer with -9 at random times, over one store, and
// checks after each time that nothing acknowledged is lost or changed, that
// nothing is stored twice, and that positions and dead letters agree.
func TestTortureKill(t *testing.T) {
	cycles := 12
	switch {
	case torture.Long():
		cycles = 1000
	case testing.Short():
		cycles = 3
	}
	dir := t.TempDir()
	total := 0
	acked := map[string]string{}
	settled := int64(1)
	for cycle := range cycles {
		after := time.Duration(60+rand.IntN(240)) * time.Millisecond
		w := startWriter(t, dir)
		w.begun = func() { time.AfterFunc(after, func() { w.cmd.Process.Kill() }) }
		settled = max(settled, w.listen(t, acked))
		if len(w.errors) > 0 {
			t.Errorf("the writer says: %q", w.errors)
		}
		verifyAfterKill(t, dir, cycle, acked, settled)
		if t.Failed() {
			return
		}
		if cycle%50 == 49 { // checking all of it each time takes ever longer
			dir, settled, total = t.TempDir(), 1, total+len(acked)
			clear(acked)
		}
	}
	total += len(acked)
	torture.Row{Scenario: "SQLite: kill -9", Cycles: cycles, Acknowledged: total, DeliveredOnce: total,
		Note: fmt.Sprintf("a cycle loses something with a probability below %.2g (95 %%)", 3/float64(cycles))}.Report(t)
	if total < cycles {
		t.Error("next to nothing was acknowledged: the test proves nothing")
	}
}

// writerProcess is the re-executed test binary.
type writerProcess struct {
	cmd    *exec.Cmd
	out    io.Reader
	begun  func() // called at its first word
	errors []string
	late   int // acknowledgements after the first error

	mu     sync.Mutex
	frozen bool // what is said from here on does not count
}

// freeze calls f, which ends the writer's storage. What the writer says at that
// moment or later is no promise: nobody could tell which of the two came first.
func (w *writerProcess) freeze(f func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = true
	return f()
}

// startWriter runs the writer, beneath another command if one is given.
func startWriter(t *testing.T, dir string, beneath ...string) *writerProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(beneath, self)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &writerProcess{cmd: cmd, out: out, begun: func() {}}
}

// listen notes what the writer says until its end, and returns the greatest
// position that it committed.
func (w *writerProcess) listen(t *testing.T, acked map[string]string) (position int64) {
	t.Helper()
	lines := bufio.NewReader(w.out)
	for first := true; ; first = false {
		line, err := lines.ReadString('\n')
		if err != nil { // the rest of a line that was cut off is no word
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				t.Errorf("reading the writer: %v", err)
			}
			w.cmd.Wait()
			return position
		}
		if first {
			w.begun()
		}
		w.mu.Lock()
		if !w.frozen {
			w.note(strings.Fields(line), line, acked, &position)
		}
		w.mu.Unlock()
	}
}

func (w *writerProcess) note(fields []string, line string, acked map[string]string, position *int64) {
	switch fields[0] {
	case "A":
		acked[fields[1]] = fields[2]
		if len(w.errors) > 0 {
			w.late++
		}
	case "C":
		fmt.Sscan(fields[1], position)
	default:
		w.errors = append(w.errors, strings.TrimSpace(line))
	}
}

// TestSyncFails lets every sync fail from some moment on. From then on nothing
// is acknowledged, every sender is told that storage failed, and the next
// start finds whatever was acknowledged before.
func TestSyncFails(t *testing.T) {
	strace := need.Tool(t, "strace")
	dir, acked := t.TempDir(), map[string]string{}
	// strace counts each thread's calls. Opening the journal makes some twenty,
	// so these faults cannot strike before senders are at work.
	for cycle, when := range []string{"30+", "32..35"} {
		trace := filepath.Join(t.TempDir(), "trace")
		w := startWriter(t, dir, strace, "-f", "-o", trace, "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when="+when)
		settled := w.listen(t, acked)
		text, err := os.ReadFile(trace)
		if err != nil || !strings.Contains(string(text), "INJECTED") {
			t.Fatalf("no fault was injected, %v: the test proves nothing", err)
		}
		if len(w.errors) == 0 {
			t.Error("the writer never hears of it")
		}
		// Each sender may have been about to say what it was told before.
		if w.late >= senders {
			t.Errorf("cycle %d: %d batches were acknowledged after storage failed", cycle, w.late)
		}
		for _, e := range w.errors {
			if !strings.Contains(e, journal.ErrBroken.Error()) {
				t.Errorf("cycle %d: the writer says %s", cycle, e)
			}
		}
		verifyAfterKill(t, dir, cycle, acked, settled)
	}
	t.Logf("lost 0, acknowledged %d", len(acked))
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
