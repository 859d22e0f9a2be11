package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/host/config"
	"weir/host/journal"
	"weir/host/journal/sqlite"
	"weir/sinks"
)

// fake is a sink that keeps what write lets pass.
type fake struct {
	limits sinks.Limits
	open   func() error
	write  func(ctx context.Context, b sinks.Batch) error

	mu     sync.Mutex
	stored []string // event ids, in the order written
	tried  [][]string
	ids    []string // of batches tried
	change chan struct{}
}

func newFake(write func(context.Context, sinks.Batch) error) *fake {
	return &fake{write: write, change: make(chan struct{})}
}

func (f *fake) Open(context.Context) error {
	if f.open != nil {
		return f.open()
	}
	return nil
}
func (f *fake) Close(context.Context) error { return nil }
func (f *fake) Limits() sinks.Limits        { return f.limits }

func (f *fake) Write(ctx context.Context, b sinks.Batch) error {
	ids := make([]string, len(b.Events))
	for i, e := range b.Events {
		ids[i] = e.ID
	}
	f.mu.Lock()
	f.tried, f.ids = append(f.tried, ids), append(f.ids, b.ID)
	f.changed()
	f.mu.Unlock()
	var err error
	if f.write != nil {
		err = f.write(ctx, b)
	}
	var some *sinks.BatchError
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err == nil:
		f.stored = append(f.stored, ids...)
	case errors.As(err, &some):
		for i, id := range ids {
			if !slices.ContainsFunc(some.Failed, func(e sinks.EventError) bool { return e.Index == i }) {
				f.stored = append(f.stored, id)
			}
		}
	}
	f.changed()
	return err
}

func (f *fake) changed() {
	close(f.change)
	f.change = make(chan struct{})
}

// until waits for a condition on the sink's state, which holds its lock.
func (f *fake) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		f.mu.Lock()
		done, change := ok(), f.change
		f.mu.Unlock()
		if done {
			return
		}
		select {
		case <-change:
		case <-deadline:
			f.mu.Lock()
			defer f.mu.Unlock()
			t.Fatalf("never %s; stored %d, tried %d batches", what, len(f.stored), len(f.tried))
		}
	}
}

type noMetrics struct{}

func (noMetrics) Delivered(string, string, int)      {}
func (noMetrics) Dead(string, string, int)           {}
func (noMetrics) Filtered(string, int)               {}
func (noMetrics) Duplicates(string, int)             {}
func (noMetrics) Wrote(string, time.Duration, error) {}

// rig is a journal with routes to fakes.
type rig struct {
	t       *testing.T
	dir     string
	names   []string
	sinks   map[string]*fake
	routes  map[string]config.Route
	windows map[string]Window // by route; may lack some
	journal *sqlite.Journal
	d       *Delivery
	logs    bytes.Buffer // read once nothing is delivered any more
	n       int
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, dir: t.TempDir(), sinks: map[string]*fake{}, routes: map[string]config.Route{}}
	t.Cleanup(func() {
		if r.d != nil {
			r.crash()
		}
	})
	return r
}

// route adds a route with short pauses.
func (r *rig) route(name string, f *fake, set func(*config.Route)) *rig {
	c := config.NewRoute(name)
	c.Batch.Wait = 2 * time.Millisecond
	c.Retry.Initial, c.Retry.Max = time.Millisecond, 4*time.Millisecond
	c.Retry.Attempts = 3
	if set != nil {
		set(&c)
	}
	r.names = append(r.names, name)
	r.sinks[name], r.routes[name] = f, c
	return r
}

func (r *rig) openJournal() {
	r.t.Helper()
	var err error
	r.journal, err = sqlite.Open(r.dir, sqlite.Options{Routes: r.names, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) start() *rig {
	r.t.Helper()
	if r.journal == nil {
		r.openJournal()
	}
	var routes []Route
	for _, name := range r.names {
		j, err := r.journal.Route(name)
		if err != nil {
			r.t.Fatal(err)
		}
		routes = append(routes, Route{Settings: r.routes[name], Journal: j, Sink: NewSink(name, r.sinks[name]), Window: r.windows[name]})
	}
	var err error
	if r.d, err = Start(routes, nil, noMetrics{}, slog.New(slog.NewTextHandler(&r.logs, nil))); err != nil {
		r.t.Fatal(err)
	}
	return r
}

// crash stops at once, as if killed: nothing under way is settled.
func (r *rig) crash() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.d.Drain(ctx)
	if err := r.journal.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.d, r.journal = nil, nil
}

func eventID(n int) string { return fmt.Sprintf("01930000-0000-4000-8000-%012d", n) }

func line(n int) string {
	return fmt.Sprintf(`{"app_id":"app%d","collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":%q,"event_fingerprint":"f","weir":{"verdict":"good"}}`,
		n%2, eventID(n))
}

// append stores one batch of n further events.
func (r *rig) append(n int) {
	r.t.Helper()
	var lines []string
	for range n {
		r.n++
		lines = append(lines, line(r.n))
	}
	r.appendLines(lines...)
}

func (r *rig) appendLines(lines ...string) {
	r.t.Helper()
	if r.journal == nil {
		r.openJournal()
	}
	id := journal.NewID(time.Now())
	h := envelope.Header{ID: id.String(), Events: len(lines), Captured: time.Now().UnixMilli()}
	text := string(h.AppendJSON(nil)) + "\n" + strings.Join(lines, "\n") + "\n"
	if _, err := r.journal.Append(r.t.Context(), journal.Batch{ID: id, Frame: []byte(text), Events: len(lines)}); err != nil {
		r.t.Fatal(err)
	}
}

// settled waits until a route has settled everything and returns its dead letters.
func (r *rig) settled(name string) []journal.DeadLetter {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s, err := r.journal.Stats(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		i := slices.IndexFunc(s.Routes, func(s journal.RouteStats) bool { return s.Name == name })
		if s.Routes[i].Lag == 0 {
			break
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("route %s never settles: %+v, %+v", name, s.Routes[i], r.d.Status())
		}
		time.Sleep(2 * time.Millisecond)
	}
	list, err := r.journal.DeadLetters(r.t.Context(), journal.Query{Route: name, Limit: 10_000})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// exactly fails unless the dead letters are those events, and the sink stored
// every other event once and in order.
func (r *rig) exactly(name string, dead ...int) {
	r.t.Helper()
	var got []string
	for _, d := range r.settled(name) {
		got = append(got, d.EventID)
		if d.Reason == "" || d.Tries == 0 || d.Sink != name || len(d.Envelope) == 0 {
			r.t.Errorf("dead letter is %+v", d)
		}
	}
	var want []string
	for _, n := range dead {
		want = append(want, eventID(n))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("dead letters are %v, want %v", got, want)
	}
	var rest []string
	for n := 1; n <= r.n; n++ {
		if !slices.Contains(want, eventID(n)) {
			rest = append(rest, eventID(n))
		}
	}
	f := r.sinks[name]
	f.mu.Lock()
	defer f.mu.Unlock()
	stored := slices.Clone(f.stored)
	slices.Sort(stored)
	if !slices.Equal(stored, rest) {
		r.t.Errorf("the sink stored %d events, want each of %d once", len(stored), len(rest))
	}
}

// contains reports whether a batch holds one of the events.
func contains(b sinks.Batch, events ...int) bool {
	return slices.ContainsFunc(b.Events, func(e sinks.Event) bool {
		return slices.ContainsFunc(events, func(n int) bool { return eventID(n) == e.ID })
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never %s", what)
		}
	}
}
