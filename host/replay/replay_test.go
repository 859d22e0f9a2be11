package replay

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
	"weir/host/journal/sqlite"
	"weir/host/match"
	"weir/sinks"
)

// rig is a journal with two routes.
type rig struct {
	t testing.TB
	j *sqlite.Journal
	*Replayer
	made int                 // events
	sent map[journal.ID]bool // batches; the others are the replay's
}

func newRig(t testing.TB, opt sqlite.Options) *rig {
	t.Helper()
	opt.Routes = []string{"a", "b", "weir.observer"}
	if opt.Retain == 0 {
		opt.Retain = time.Hour
	}
	j, err := sqlite.Open(t.TempDir(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	judge := func(e sinks.Event) sinks.Event {
		e.Verdict = "good"
		return e
	}
	return &rig{t: t, j: j, sent: map[journal.ID]bool{}, Replayer: &Replayer{Store: j, Judge: judge}}
}

func line(n int, app, verdict string) string {
	return fmt.Sprintf(`{"app_id":%q,"collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":"01930000-0000-4000-8000-%012d",`+
		`"event_name":"view","event_vendor":"com.acme","event_format":"jsonschema","event_version":"1-0-0","page_urlport":%d,"weir":{"verdict":%q}}`, app, n, n, verdict)
}

// send stores a batch of so many good events for all routes, or for one.
func (r *rig) send(n int, app, route string) {
	r.t.Helper()
	var lines []string
	for range n {
		r.made++
		lines = append(lines, line(r.made, app, "good"))
	}
	r.store(route, lines...)
}

func (r *rig) store(route string, lines ...string) {
	r.t.Helper()
	r.append(batch(route, lines...))
}

// many stores so many batches of one good event each.
func (r *rig) many(n int) {
	r.t.Helper()
	var list []journal.Batch
	for range n {
		r.made++
		list = append(list, batch("", line(r.made, "shop", "good")))
	}
	r.append(list...)
}

func (r *rig) append(list ...journal.Batch) {
	r.t.Helper()
	for _, b := range list {
		r.sent[b.ID] = true
	}
	if _, err := r.j.Append(r.t.Context(), list...); err != nil {
		r.t.Fatal(err)
	}
}

func batch(route string, lines ...string) journal.Batch {
	id := journal.NewID(time.Now())
	h := envelope.Header{ID: id.String(), Captured: time.Now().UnixMilli(), Ack: envelope.AckDelivered, Events: len(lines)}
	frame := string(h.AppendJSON(nil)) + "\n" + strings.Join(lines, "\n") + "\n"
	return journal.Batch{ID: id, Route: route, Events: len(lines), Frame: []byte(frame)}
}

// read settles a route up to the journal's end and returns how often it read each event.
func (r *rig) read(name string) map[string]int {
	r.t.Helper()
	route, err := r.j.Route(name)
	if err != nil {
		r.t.Fatal(err)
	}
	got := map[string]int{}
	for {
		stats, err := r.j.Stats(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		i := slices.IndexFunc(stats.Routes, func(s journal.RouteStats) bool { return s.Name == name })
		if stats.Routes[i].Lag == 0 {
			return got
		}
		ctx, cancel := context.WithTimeout(r.t.Context(), 200*time.Millisecond)
		records, err := route.Next(ctx, journal.Limit{Records: 1000, Bytes: 1 << 20})
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			continue // settled and not yet committed
		}
		if err != nil {
			r.t.Fatal(err)
		}
		for _, rec := range records {
			if rec.Frame == nil {
				continue
			}
			b, err := envelope.NewReader(rec.Frame).Next()
			if err != nil || b.Header.ID != rec.ID.String() || !r.sent[rec.ID] && b.Header.Ack != envelope.AckStored {
				r.t.Fatalf("a batch that delivery cannot read: %+v, %v", b.Header, err)
			}
			for _, l := range b.Events {
				if e, err := sinks.ParseEvent(l); err == nil {
					got[e.ID]++
				}
			}
		}
		if err := route.Settle(r.t.Context(), journal.Position{Seq: records[len(records)-1].Seq + 1}, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

func all(route string) Request {
	return Request{Route: route, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}
}

// run makes all steps of a replay.
func (r *rig) run(q Request, dry bool) (sum Progress) {
	r.t.Helper()
	for after := int64(0); ; {
		done, err := r.Step(r.t.Context(), q, after, dry)
		if err != nil || done.Waiting != "" {
			r.t.Fatalf("after batch %d: %v, waiting: %q", after, err, done.Waiting)
		}
		sum.Add(done.Counts)
		sum.Known += done.Known
		sum.Batches += done.Batches
		sum.Skipped += done.Skipped
		sum.Removed += done.Removed
		if done.Done {
			return sum
		}
		after = done.After
	}
}

func TestReplay(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	for range 30 {
		r.send(20, "shop", "")
	}
	r.send(5, "shop", "a") // retried dead letters, or an earlier replay
	r.read("a")
	r.read("b")
	q := all("a")
	dry := r.run(q, true)
	if dry.Events != 600 || dry.Known != 0 || dry.First.IsZero() || dry.Last.Before(dry.First) || len(dry.Groups) != 1 ||
		dry.Groups[0].App != "shop" || dry.Groups[0].Schema != "iglu:com.acme/view/jsonschema/1-0-0" || dry.Groups[0].Events != 600 || dry.Groups[0].Bytes != dry.Bytes {
		t.Errorf("counted %+v", dry)
	}
	if got := r.read("a"); len(got) != 0 {
		t.Errorf("counting handed over %d events", len(got))
	}
	if done := r.run(q, false); done.Events != 600 || done.Known != 0 {
		t.Errorf("a first replay came to %+v", done)
	}
	again := q
	again.From, again.To, again.Verdict = q.From.UTC(), q.To.In(time.FixedZone("", 3600)), "all"
	if done := r.run(again, false); done.Events != 600 || done.Known != 600 {
		t.Errorf("the same replay came to %+v", done)
	}
	got := r.read("a")
	if len(got) != 600 {
		t.Errorf("%d events were handed over, want 600", len(got))
	}
	for id, n := range got {
		if n != 1 {
			t.Fatalf("event %s was handed over %d times", id, n)
		}
	}
	if got := r.read("b"); len(got) != 0 {
		t.Errorf("another route reads %d events", len(got))
	}
	again.Again = "twice"
	if done := r.run(again, false); done.Events != 600 || done.Known != 0 {
		t.Errorf("another replay of the same came to %+v", done)
	}
	if got := r.read("a"); len(got) != 600 {
		t.Errorf("another replay handed over %d events", len(got))
	}
}

// Two hosts, or a person at two windows, may run one replay at once.
func TestReplayAtOnce(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	r.many(700)
	r.read("a")
	q := all("a")
	finished := make(chan Progress, 4)
	for range cap(finished) {
		go func() { finished <- r.run(q, false) }()
	}
	fresh := int64(0)
	for range cap(finished) {
		done := <-finished
		fresh += done.Events - done.Known
	}
	got := r.read("a")
	if fresh != 700 || len(got) != 700 {
		t.Errorf("%d events were handed over by their counts, and %d were read; want 700", fresh, len(got))
	}
	for id, n := range got {
		if n != 1 {
			t.Fatalf("event %s was handed over %d times", id, n)
		}
	}
}

func TestFilter(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	var port match.Condition
	if err := port.UnmarshalText([]byte("page_urlport >= 3")); err != nil {
		t.Fatal(err)
	}
	r.store("", line(1, "shop", "good"), line(2, "shop", "failed"), line(3, "shopping", "good"), line(4, "blog", "unresolved"), `{"not":"an event"}`)
	for name, c := range map[string]struct {
		f    Filter
		want int64
	}{
		"all":      {Filter{}, 4},
		"good":     {Filter{Verdict: "good"}, 3}, // the unresolved one is by now
		"failed":   {Filter{Verdict: "failed"}, 1},
		"app":      {Filter{Apps: []string{"shop"}}, 2},
		"prefix":   {Filter{Apps: []string{"shop*"}}, 3},
		"schema":   {Filter{Schemas: []string{"iglu:com.acme/*"}}, 4},
		"no event": {Filter{Names: []string{"click"}}, 0},
		"event":    {Filter{Names: []string{"click", "vi*"}}, 4},
		"where":    {Filter{Where: []match.Condition{port}}, 2},
		"both":     {Filter{Where: []match.Condition{port}, Verdict: "good", Apps: []string{"blog"}}, 1},
	} {
		q := all("a")
		q.Filter = c.f
		if got := r.run(q, true); got.Events != c.want || got.Skipped != 1 {
			t.Errorf("%s: %d events, want %d; %d lines skipped", name, got.Events, c.want, got.Skipped)
		}
	}
	r.read("a")
	q := all("a")
	q.Where = []match.Condition{port}
	text, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	var same Request
	if err := json.Unmarshal(text, &same); err != nil || string(same.key()) != string(q.key()) {
		t.Errorf("%s is another request: %v", text, err)
	}
	r.run(q, false)
	if got := r.read("a"); len(got) != 2 {
		t.Errorf("%d events were handed over, want 2", len(got))
	}
}

func TestRequestsAreChecked(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	var unknown *journal.UnknownRouteError
	for _, route := range []string{"", "c", "weir.observer"} {
		if _, err := r.Step(t.Context(), all(route), 0, true); !errors.As(err, &unknown) {
			t.Errorf("route %q: %v", route, err)
		}
		if _, err := r.Push(t.Context(), route, "", []byte(line(1, "shop", "good")+"\n")); !errors.As(err, &unknown) {
			t.Errorf("pushing to route %q: %v", route, err)
		}
	}
	backwards := all("a")
	backwards.From, backwards.To = backwards.To, backwards.From
	verdict := all("a")
	verdict.Verdict = "excellent"
	var request *RequestError
	for _, q := range []Request{{Route: "a"}, backwards, verdict} {
		if _, err := r.Step(t.Context(), q, 0, true); !errors.As(err, &request) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// narrow is a journal that a test makes look full.
type narrow struct {
	*sqlite.Journal
	used   int64 // in hundredths of its limit
	oldest int64 // 0 for what it is
	err    error // of Append
}

func (n *narrow) Stats(ctx context.Context) (journal.Stats, error) {
	s, err := n.Journal.Stats(ctx)
	s.Bytes = s.Limit * n.used / 100
	s.Oldest = max(s.Oldest, n.oldest)
	return s, err
}

func (n *narrow) Append(ctx context.Context, b ...journal.Batch) ([]journal.Stored, error) {
	if n.err != nil {
		return nil, n.err
	}
	return n.Journal.Append(ctx, b...)
}

// A replay is not the reason why edges are refused.
func TestReplayLeavesRoom(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	r.send(3, "shop", "")
	r.read("a")
	n := &narrow{Journal: r.j, used: 80}
	r.Store = n
	q := all("a")
	pushed := []byte(line(9, "shop", "good") + "\n")
	waits := func(why string) {
		t.Helper()
		done, err := r.Step(t.Context(), q, 0, false)
		if err != nil || !strings.Contains(done.Waiting, why) || done.After != 0 || done.Events != 0 || done.Done {
			t.Errorf("a step says %+v, %v; want it to wait: %s", done, err, why)
		}
		if done, err := r.Push(t.Context(), "a", "", pushed); err != nil || !strings.Contains(done.Waiting, why) || done.Events != 0 {
			t.Errorf("a push says %+v, %v; want it to wait: %s", done, err, why)
		}
		if got := r.read("a"); len(got) != 0 {
			t.Errorf("%d events were handed over", len(got))
		}
	}
	waits("% full")
	if done := r.run(q, true); done.Events != 3 {
		t.Errorf("counting in a full journal comes to %+v", done)
	}
	n.used = 79
	for _, err := range []error{journal.ErrFull, journal.ErrBusy} {
		n.err = fmt.Errorf("%w: a test", err)
		waits(err.Error())
	}
	n.err = nil
	if done := r.run(q, false); done.Events != 3 || done.Known != 0 {
		t.Errorf("with room again the replay comes to %+v", done)
	}
	n.err = journal.ErrBroken
	if _, err := r.Step(t.Context(), q, 0, false); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("with broken storage: %v", err)
	}
}

// A real journal that a replay would fill goes on taking what edges send, and
// the replay goes on once routes have moved.
func TestReplayFillsNoJournal(t *testing.T) {
	r := newRig(t, sqlite.Options{MaxBytes: 4 << 20, Retain: time.Nanosecond})
	const events = 80
	for n := range events {
		l := line(n, "shop", "good")
		filler := make([]byte, 15_000) // does not compress
		rand.Read(filler)
		r.store("", l[:len(l)-1]+fmt.Sprintf(`,"filler":"%x"}`, filler))
	}
	r.read("a")
	used := func() float64 {
		stats, err := r.j.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return float64(stats.Bytes) / float64(stats.Limit)
	}
	var after, handed int64
	waited := false
	step := func() Progress {
		t.Helper()
		done, err := r.Step(t.Context(), all("a"), after, false)
		if err != nil {
			t.Fatal(err)
		}
		after = done.After
		handed += done.Events
		return done
	}
	for range events {
		if done := step(); done.Waiting != "" || done.Done {
			waited = !done.Done
			break
		}
	}
	if !waited || used() < 0.75 || used() > 0.9 || handed == 0 || handed == events {
		t.Fatalf("the replay waits: %t, with %d events handed over and %.2f of the journal in use", waited, handed, used())
	}
	if err := r.j.Ready(t.Context()); err != nil {
		t.Errorf("edges are refused: %v", err)
	}
	r.send(1, "shop", "")
	for _, name := range []string{"a", "b", "weir.observer"} {
		r.read(name)
	}
	// With every route past it, what is left of the span may go before it is read.
	for deadline := time.Now().Add(time.Minute); ; {
		done := step()
		if done.Done {
			break
		}
		if done.Waiting != "" && time.Now().After(deadline) {
			t.Fatalf("the replay never goes on: %s", done.Waiting)
		}
	}
	if used() > 0.9 {
		t.Errorf("%.2f of the journal is in use", used())
	}
}

// What retention takes away meanwhile is told.
func TestReplayOfWhatIsGone(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	r.many(stepBatches + 100)
	n := &narrow{Journal: r.j}
	r.Store = n
	first, err := r.Step(t.Context(), all("a"), 0, false)
	if err != nil || first.Batches != stepBatches || first.Removed != 0 || first.Kept.IsZero() {
		t.Fatalf("the first step: %+v, %v", first, err)
	}
	n.oldest = stepBatches + 100 // but for the last all are gone
	gone, err := r.Step(t.Context(), all("a"), stepBatches+99, false)
	if err != nil || gone.Removed != 0 {
		t.Errorf("a step from the oldest batch on: %+v, %v", gone, err)
	}
	if done, err := r.removed(t.Context(), first.After, nil); err != nil || done != 99 {
		t.Errorf("%d batches count as removed, %v; want 99", done, err)
	}
}

// A damaged batch is counted and passed over.
func TestReplayOfDamage(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	r.send(1, "shop", "")
	r.send(1, "shop", "")
	r.Store = &damaged{r.j}
	if done, err := r.Step(t.Context(), all("a"), 0, false); err != nil || done.Damaged != 1 || done.Events != 1 {
		t.Errorf("the step says %+v, %v", done, err)
	}
}

type damaged struct{ *sqlite.Journal }

func (d *damaged) Scan(ctx context.Context, s journal.Span, l journal.Limit) ([]journal.Record, error) {
	list, err := d.Journal.Scan(ctx, s, l)
	if len(list) > 1 {
		list[0].Frame = nil
	}
	return list, err
}
