package failed

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
	"weir/host/journal/sqlite"
	"weir/host/judge"
	"weir/sinks"
)

// rig is a store of failed events, a journal, and a judge that a test tells what passes.
type rig struct {
	t     *testing.T
	path  string
	store *Store
	j     *sqlite.Journal
	judge *told
	sent  int
}

type told struct {
	passes  func(sinks.Event) bool
	reads   int // of the schemas
	refused error
}

func (j *told) Refresh() error {
	j.reads++
	return j.refused
}

func (j *told) Again(e sinks.Event, _ time.Time) (sinks.Event, judge.Outcome, string) {
	if !j.passes(e) {
		return e, judge.Fails, "/unstruct_event/data/sku maxLength: is too long"
	}
	e.Verdict = "good"
	e.Envelope = []byte(strings.Replace(string(e.Envelope), `"verdict":"failed"`, `"verdict":"good","rejudged":"now"`, 1))
	return e, judge.Passes, ""
}

func newRig(t *testing.T) *rig {
	t.Helper()
	j, err := sqlite.Open(t.TempDir(), sqlite.Options{Routes: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	r := &rig{t: t, path: filepath.Join(t.TempDir(), "failed.db"), j: j, judge: &told{passes: func(sinks.Event) bool { return true }}}
	r.open()
	return r
}

// open opens the store, or opens it again as after a crash.
func (r *rig) open() {
	r.t.Helper()
	if r.store != nil {
		if err := r.store.Shut(); err != nil {
			r.t.Fatal(err)
		}
	}
	var err error
	if r.store, err = Open(r.path, Options{Keep: time.Hour, Max: 10_000, MaxBytes: 1 << 30}); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { r.store.Shut() })
}

func (r *rig) retrier() *Retrier { return &Retrier{Store: r.store, Journal: r.j, Judge: r.judge} }

func (r *rig) event(n int, app, schema string) sinks.Event {
	r.t.Helper()
	e, err := sinks.ParseEvent(fmt.Appendf(nil, `{"app_id":%q,"collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":"01930000-0000-4000-8000-%012d","event_fingerprint":"f",`+
		`"unstruct_event":{"schema":%q,"data":{}},"weir":{"verdict":"failed"}}`, app, n, schema))
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

const schema = "iglu:com.acme/product/jsonschema/1-0-0"

// fail stores so many failed events.
func (r *rig) fail(n int) {
	r.t.Helper()
	var b sinks.Batch
	for range n {
		r.sent++
		b.Events = append(b.Events, r.event(r.sent, "shop", schema))
	}
	if err := r.store.Write(r.t.Context(), b); err != nil {
		r.t.Fatal(err)
	}
}

// run makes all steps.
func (r *rig) run(s Selection, dry bool) (sum Retried) {
	r.t.Helper()
	retrier := r.retrier()
	for {
		done, err := retrier.Step(r.t.Context(), s, dry)
		if err != nil || done.Waiting != "" {
			r.t.Fatalf("after event %d: %v, waiting: %q", s.After, err, done.Waiting)
		}
		sum.Judged += done.Judged
		sum.Passed += done.Passed
		sum.Resumed += done.Resumed
		sum.Left = append(sum.Left, done.Left...)
		if done.Done {
			return sum
		}
		s.After, s.UpTo = done.After, done.UpTo
	}
}

// delivered returns how often each event stands in the journal, as a good event for all routes.
func (r *rig) delivered() map[string]int {
	r.t.Helper()
	got := map[string]int{}
	span := journal.Span{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}
	for {
		list, err := r.j.Scan(r.t.Context(), span, journal.Limit{Records: 100, Bytes: 1 << 20})
		if err != nil {
			r.t.Fatal(err)
		}
		if len(list) == 0 {
			return got
		}
		for _, rec := range list {
			b, err := envelope.NewReader(rec.Frame).Next()
			if err != nil || b.Header.Failed != 0 || b.Header.ID != rec.ID.String() {
				r.t.Fatalf("batch %d: %+v, %v", rec.Seq, b.Header, err)
			}
			for _, line := range b.Events {
				e, err := sinks.ParseEvent(line)
				if err != nil || e.Verdict != "good" || !strings.Contains(string(line), "rejudged") {
					r.t.Fatalf("%s: %v", line, err)
				}
				got[e.ID]++
			}
			span.After = rec.Seq
		}
	}
}

// each fails the test unless n events were delivered, once each.
func (r *rig) each(n int) {
	r.t.Helper()
	got := r.delivered()
	if len(got) != n {
		r.t.Errorf("%d events were delivered, want %d", len(got), n)
	}
	for id, times := range got {
		if times != 1 {
			r.t.Errorf("event %s was delivered %d times", id, times)
		}
	}
}

func TestRetry(t *testing.T) {
	r := newRig(t)
	r.fail(1200)
	r.judge.passes = func(e sinks.Event) bool { return !strings.HasSuffix(e.ID, "7") }
	if done := r.run(Selection{}, true); done.Judged != 1200 || done.Passed != 1080 || len(done.Left) != 120 || len(r.delivered()) != 0 || r.judge.reads != 1 {
		t.Errorf("a dry run: %d judged, %d passed, %d left, %d delivered; schemas were read %d times", done.Judged, done.Passed, len(done.Left), len(r.delivered()), r.judge.reads)
	}
	done := r.run(Selection{}, false)
	if done.Judged != 1200 || done.Passed != 1080 || done.Resumed != 0 || len(done.Left) != 120 {
		t.Errorf("%d judged, %d passed, %d left", done.Judged, done.Passed, len(done.Left))
	}
	if l := done.Left[0]; l.ID == 0 || l.EventID != "01930000-0000-4000-8000-000000000007" || l.App != "shop" || l.Schema != schema || l.Outcome != judge.Fails || l.Why == "" {
		t.Errorf("the first that is left is %+v", l)
	}
	r.each(1080)
	if list, err := r.store.List(t.Context(), Query{Limit: 10_000}); err != nil || len(list) != 120 {
		t.Errorf("%d events are listed, %v; want 120", len(list), err)
	}
	// Once more, with a schema that all satisfy, and a failed event that is delivered to the store once more.
	r.judge.passes = func(sinks.Event) bool { return true }
	if err := r.store.Write(t.Context(), sinks.Batch{Events: []sinks.Event{r.event(1, "shop", schema)}}); err != nil {
		t.Fatal(err)
	}
	if done := r.run(Selection{}, false); done.Judged != 120 || done.Passed != 120 {
		t.Errorf("once more: %d judged, %d passed", done.Judged, done.Passed)
	}
	r.each(1200)
	if done := r.run(Selection{}, false); done.Judged != 0 {
		t.Errorf("%d are judged when none is left", done.Judged)
	}
}

func TestSelection(t *testing.T) {
	r := newRig(t)
	other := "iglu:com.other/x/jsonschema/1-0-0"
	err := r.store.Write(t.Context(), sinks.Batch{Events: []sinks.Event{r.event(1, "shop", schema), r.event(2, "blog", schema), r.event(3, "blog", other)}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.store.List(t.Context(), Query{Oldest: true})
	if err != nil || len(list) != 3 {
		t.Fatalf("%d events, %v", len(list), err)
	}
	now := time.Now()
	for name, c := range map[string]struct {
		s    Selection
		want int
	}{
		"all":     {Selection{}, 3},
		"app":     {Selection{App: "blog"}, 2},
		"schema":  {Selection{Schema: schema}, 2},
		"vendor":  {Selection{Schema: "iglu:com.acme/*"}, 2},
		"part":    {Selection{Schema: "iglu:com.acme/product/jsonschema/1-0-"}, 0},
		"both":    {Selection{App: "blog", Schema: other}, 1},
		"numbers": {Selection{IDs: []int64{list[0].ID, list[2].ID, 99}}, 2},
		"from":    {Selection{From: now.Add(time.Minute)}, 0},
		"to":      {Selection{To: now.Add(time.Minute)}, 3},
		"before":  {Selection{To: now.Add(-time.Minute)}, 0},
	} {
		if done := r.run(c.s, true); done.Judged != c.want {
			t.Errorf("%s: %d events, want %d", name, done.Judged, c.want)
		}
	}
	r.judge.refused = errors.New("1-0-0 does not compile")
	var schemas *SchemasError
	if _, err := r.retrier().Step(t.Context(), Selection{}, false); !errors.As(err, &schemas) || len(r.delivered()) != 0 {
		t.Errorf("with schemas that cannot be read: %v", err)
	}
}

// cut is a journal whose host ends around an append.
type cut struct {
	*sqlite.Journal
	before, after error
}

func (c *cut) Append(ctx context.Context, b ...journal.Batch) ([]journal.Stored, error) {
	if c.before != nil {
		return nil, c.before
	}
	stored, err := c.Journal.Append(ctx, b...)
	return stored, errors.Join(err, c.after)
}

// A crash between the steps of handing over neither loses an event nor
// delivers it twice, whatever the schemas say by then.
func TestRetryCutShort(t *testing.T) {
	for name, c := range map[string]*cut{
		"before the append": {before: journal.ErrBroken},
		"after the append":  {after: journal.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.fail(700)
			c.Journal = r.j
			retrier := r.retrier()
			retrier.Journal = c
			if _, err := retrier.Step(t.Context(), Selection{}, false); !errors.Is(err, journal.ErrBroken) {
				t.Fatalf("the step that was cut short: %v", err)
			}
			r.open()
			r.judge.passes = func(sinks.Event) bool { return false }
			if n, err := r.retrier().Resume(t.Context()); err != nil || n != stepEvents {
				t.Errorf("%d events were handed over after the crash, %v; want %d", n, err, stepEvents)
			}
			r.each(stepEvents)
			if n, err := r.retrier().Resume(t.Context()); err != nil || n != 0 {
				t.Errorf("%d events were handed over once more, %v", n, err)
			}
			r.judge.passes = func(sinks.Event) bool { return true }
			if done := r.run(Selection{}, false); done.Judged != 200 || done.Passed != 200 || done.Resumed != 0 {
				t.Errorf("the rest: %d judged, %d passed, %d resumed", done.Judged, done.Passed, done.Resumed)
			}
			r.each(700)
		})
	}
}

// A full journal is waited for, and what was decided is not forgotten meanwhile.
func TestRetryWaits(t *testing.T) {
	r := newRig(t)
	r.fail(10)
	retrier := r.retrier()
	retrier.Journal = &cut{Journal: r.j, before: journal.ErrFull}
	for range 2 {
		if done, err := retrier.Step(t.Context(), Selection{}, false); err != nil || done.Waiting == "" || done.After != 0 || done.Done {
			t.Fatalf("a step with a full journal: %+v, %v", done, err)
		}
	}
	now := time.Now()
	r.store.now = func() time.Time { return now.Add(48 * time.Hour) } // beyond their time
	r.fail(1)
	if done := r.run(Selection{}, false); done.Resumed != 10 || done.Passed != 1 {
		t.Errorf("with room again: %+v", done)
	}
	r.each(11)
}

// The store is bounded by bytes, and the latest event stays.
func TestBytes(t *testing.T) {
	r := newRig(t)
	r.store.opt.MaxBytes = 5000
	r.fail(100)
	var kept, bytes, told int64
	measure := func() {
		t.Helper()
		if err := r.store.db.QueryRow(`SELECT count(*), sum(length(envelope)), (SELECT value FROM meta) FROM failed`).Scan(&kept, &bytes, &told); err != nil {
			t.Fatal(err)
		}
	}
	if measure(); bytes > 5000 || bytes < 4500 || told != bytes {
		t.Errorf("%d events of %d bytes are kept, counted as %d; 5000 are allowed", kept, bytes, told)
	}
	list, err := r.store.List(t.Context(), Query{Limit: 1})
	if err != nil || len(list) != 1 || !strings.Contains(string(list[0].Envelope), "000000000100") {
		t.Errorf("the latest is %+v, %v", list, err)
	}
	before := bytes
	r.run(Selection{IDs: []int64{list[0].ID}}, false)
	if measure(); bytes >= before || told != bytes {
		t.Errorf("after one was handed over %d bytes are kept, counted as %d", bytes, told)
	}
	r.store.opt.MaxBytes = 1
	r.fail(1)
	if measure(); kept != 1 || told != bytes {
		t.Errorf("%d events of %d bytes are kept, counted as %d; want the latest", kept, bytes, told)
	}
}

// A store of the format before keeps its events.
func TestEarlierFormat(t *testing.T) {
	r := newRig(t)
	r.fail(3)
	for _, text := range []string{"DROP TRIGGER failed_insert", "DROP TRIGGER failed_update", "DROP TRIGGER failed_delete", "DROP TABLE meta", "DROP INDEX failed_planned",
		"ALTER TABLE failed DROP COLUMN batch", "ALTER TABLE failed DROP COLUMN handed", "PRAGMA user_version = 0"} {
		if _, err := r.store.db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	r.open()
	if done := r.run(Selection{}, false); done.Passed != 3 {
		t.Errorf("%d of 3 events of the earlier format passed", done.Passed)
	}
	if _, err := r.store.db.Exec("PRAGMA user_version = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(r.path, Options{}); err == nil || !strings.Contains(err.Error(), "format is 2") {
		t.Errorf("a later format: %v", err)
	}
}

// What is removed to bound the store while it is judged is not handed over, and
// nobody is told that it was.
func TestRetryOfWhatGoes(t *testing.T) {
	r := newRig(t)
	r.fail(10)
	r.judge.passes = func(e sinks.Event) bool {
		if strings.HasSuffix(e.ID, "3") {
			if _, err := r.store.db.Exec(`DELETE FROM failed WHERE event_id = ?`, e.ID); err != nil {
				t.Error(err)
			}
		}
		return true
	}
	if done := r.run(Selection{}, false); done.Judged != 10 || done.Passed != 9 {
		t.Errorf("%+v, want 9 of 10 to pass", done)
	}
	r.each(9)
}
