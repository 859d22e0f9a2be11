package window_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"weir/host/window"
	"weir/sinks"
)

// rig is a window that is opened again and again, with a clock of its own.
type rig struct {
	*testing.T
	dir  string
	keep time.Duration
	max  int
	now  time.Time
	logs bytes.Buffer
	w    *window.Window
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, dir: t.TempDir(), keep: 8 * time.Hour, max: 1000, now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	r.open()
	t.Cleanup(func() { r.w.Close() })
	return r
}

func (r *rig) open() {
	r.Helper()
	if r.w != nil {
		if err := r.w.Close(); err != nil {
			r.Fatal(err)
		}
	}
	var err error
	r.w, err = window.Open(r.dir, window.Options{Keep: r.keep, Max: r.max, Now: func() time.Time { return r.now },
		Log: slog.New(slog.NewTextHandler(&r.logs, nil))})
	if err != nil {
		r.Fatal(err)
	}
}

func events(numbers ...int) (list []sinks.Event) {
	for _, n := range numbers {
		list = append(list, sinks.Event{ID: fmt.Sprint("event", n), Fingerprint: "f"})
	}
	return list
}

func span(from, to int) (numbers []int) {
	for n := from; n < to; n++ {
		numbers = append(numbers, n)
	}
	return numbers
}

func (r *rig) add(numbers ...int) {
	r.Helper()
	if err := r.w.Add(events(numbers...)); err != nil {
		r.Fatal(err)
	}
}

// unseen fails unless, of what is asked for, the wanted events are unseen.
func (r *rig) unseen(asked []int, want ...int) {
	r.Helper()
	in := events(asked...)
	before := slices.Clone(in)
	got := r.w.Unseen(in)
	if !slices.EqualFunc(in, before, same) {
		r.Error("Unseen changed what it was given")
	}
	if !slices.EqualFunc(got, events(want...), same) {
		r.Errorf("of %v the unseen are %v, want %v", asked, got, want)
	}
}

func same(a, b sinks.Event) bool { return a.ID == b.ID && a.Fingerprint == b.Fingerprint }

func TestRemembers(t *testing.T) {
	r := newRig(t)
	r.unseen([]int{1, 2, 3}, 1, 2, 3)
	r.unseen([]int{1, 1, 2, 1}, 1, 2)
	r.add(1, 3)
	r.add()
	r.unseen([]int{1, 2, 3, 4, 2}, 2, 4)
	r.unseen([]int{3, 1})
	r.open()
	r.unseen([]int{1, 2, 3, 4}, 2, 4)
	other := events(1)
	other[0].Fingerprint = "g"
	if got := r.w.Unseen(other); len(got) != 1 {
		t.Error("an event with another fingerprint is taken for the same")
	}
	r.add(2)
	r.open()
	r.unseen([]int{1, 2, 3, 4}, 4)
}

func TestForgetsAfterItsTime(t *testing.T) {
	r := newRig(t)
	for hour := range 20 {
		r.add(hour)
		var want []int
		for n := range hour + 1 {
			if hour-n > 8 {
				want = append(want, n)
			}
		}
		r.unseen(span(0, hour+1), want...)
		if n := r.w.Len(); n > 11 {
			t.Errorf("%d events are in memory after %d hours, want no more than 8 hours' and those of a generation", n, hour)
		}
		r.now = r.now.Add(time.Hour)
		if hour%3 == 0 {
			r.open()
		}
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil || len(files) > 10 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
}

func TestIsBounded(t *testing.T) {
	r := newRig(t)
	for n := 0; n < 10_000; n += 50 {
		r.add(span(n, n+50)...)
		if got := r.w.Len(); got > r.max {
			t.Fatalf("%d events are remembered, want at most %d", got, r.max)
		}
	}
	if got := r.w.Len(); got < r.max*3/4 {
		t.Errorf("%d events are remembered, want at least three quarters of %d", got, r.max)
	}
	r.unseen(span(9_250, 10_000))
	r.unseen(span(0, 100), span(0, 100)...)
	r.max = 500
	r.open()
	if got := r.w.Len(); got > r.max {
		t.Errorf("%d events are remembered with a lower bound, want at most %d", got, r.max)
	}
	r.unseen(span(9_700, 10_000))
}

// Wherever the last file is cut, as a power cut may leave it, whole blocks
// before the cut are known and the window goes on.
func TestCutAnywhere(t *testing.T) {
	r := newRig(t)
	r.add(1, 2)
	r.add(3)
	whole := read(t, r.dir)
	for cut := range len(whole) + 1 {
		c := newRig(t)
		c.w.Close()
		if err := os.WriteFile(filepath.Join(c.dir, "00000001.seen"), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		c.w = nil
		c.open()
		want := []int{1, 2, 3, 4}
		switch {
		case cut == len(whole):
			want = []int{4}
		case cut >= len(whole)-12-16:
			want = []int{3, 4}
		}
		c.unseen([]int{1, 2, 3, 4}, want...)
		c.add(4)
		c.open()
		c.unseen([]int{4})
		if c.logs.Len() > 0 {
			t.Errorf("a cut at %d is called damage: %s", cut, &c.logs)
		}
	}
}

// A flipped bit makes the window forget, and say so: never take an event for
// one that was delivered.
func TestBitFlips(t *testing.T) {
	r := newRig(t)
	r.add(1, 2)
	r.add(3)
	whole := read(t, r.dir)
	for bit := range len(whole) * 8 {
		c := newRig(t)
		c.w.Close()
		flipped := slices.Clone(whole)
		flipped[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(filepath.Join(c.dir, "00000001.seen"), flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		c.w = nil
		c.open()
		got := c.w.Unseen(events(1, 2, 3, 4))
		if len(got) == 1 {
			t.Fatalf("bit %d is flipped and nothing is forgotten", bit)
		}
		if !slices.ContainsFunc(got, func(e sinks.Event) bool { return e.ID == "event4" }) {
			t.Fatalf("bit %d is flipped and an event counts as delivered that never was", bit)
		}
		c.add(4)
		c.unseen([]int{4})
	}
}

func TestAfterAFailure(t *testing.T) {
	r := newRig(t)
	r.add(1)
	// The directory goes away: what is open can be written still, and a file of
	// the next generation cannot be made.
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(2 * time.Hour)
	if err := r.w.Add(events(2)); err == nil {
		t.Fatal("a file was made in a directory that does not exist")
	}
	r.unseen([]int{1, 2}, 2)
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.add(3)
	r.unseen([]int{1, 2, 3}, 2)
}

func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.seen"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := window.Open(dir, window.Options{Keep: time.Hour, Max: 10, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("a file whose name is no number is accepted")
	}
}

func read(t *testing.T, dir string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "00000001.seen"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func BenchmarkWindow(b *testing.B) {
	w, err := window.Open(b.TempDir(), window.Options{Keep: time.Hour, Max: 1_000_000, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	n := 0
	for b.Loop() {
		batch := events(span(n, n+500)...)
		if err := w.Add(w.Unseen(batch)); err != nil {
			b.Fatal(err)
		}
		n += 500
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}
