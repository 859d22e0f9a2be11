package delivery

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"weir/host/config"
	"weir/host/window"
	"weir/sinks"
)

func openWindow(t *testing.T, dir string) *window.Window {
	t.Helper()
	w, err := window.Open(dir, window.Options{Keep: time.Hour, Max: 1000, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// An event that comes again is delivered once, across restarts; one that died
// is tried again.
func TestWindow(t *testing.T) {
	dir := t.TempDir()
	f := newFake(func(_ context.Context, b sinks.Batch) error {
		if contains(b, 5) {
			return sinks.Permanent(context.Canceled)
		}
		return nil
	})
	r := newRig(t).route("a", f, nil)
	r.windows = map[string]Window{"a": openWindow(t, dir)}
	r.appendLines(line(1), line(2), line(2), line(5))
	r.appendLines(line(3), line(1))
	r.start()
	if dead := r.settled("a"); len(dead) != 1 || dead[0].EventID != eventID(5) {
		t.Errorf("dead letters are %+v", dead)
	}
	r.crash()

	f.write = nil
	r.windows["a"] = openWindow(t, dir)
	r.appendLines(line(1), line(2), line(3))
	r.appendLines(line(4), line(5), line(4))
	r.start().settled("a")
	slices.Sort(f.stored)
	if want := []string{eventID(1), eventID(2), eventID(3), eventID(4), eventID(5)}; !slices.Equal(f.stored, want) {
		t.Errorf("stored are %v, want each once: %v", f.stored, want)
	}
}

// A crash after the write and before the window was told repeats the same
// batch; one after that repeats nothing.
func TestCrashBesideWindow(t *testing.T) {
	dir := t.TempDir()
	hang := true
	f := newFake(nil)
	f.write = func(ctx context.Context, _ sinks.Batch) error {
		if hang {
			<-ctx.Done() // stored, but the answer never comes
			return ctx.Err()
		}
		return nil
	}
	r := newRig(t).route("a", f, func(c *config.Route) { c.Retry.Timeout = time.Hour })
	r.windows = map[string]Window{"a": openWindow(t, dir)}
	r.append(7)
	r.start()
	f.until(t, "written", func() bool { return len(f.tried) == 1 })
	r.crash()
	hang = false
	r.windows["a"] = openWindow(t, dir)
	r.start().settled("a")
	if len(f.ids) != 2 || f.ids[0] != f.ids[1] {
		t.Errorf("writes were %v, want the same one twice", f.ids)
	}
}
