// Package journaltest is the suite that every journal.Journal passes.
package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"weir/host/journal"
)

// Open opens the test's one store, which is empty at first and is opened again
// after the journal before was closed. The suite closes what it opens.
type Open func(routes ...string) (journal.Journal, error)

// Run runs the suite; store prepares an empty store for each test.
func Run(t *testing.T, store func(t *testing.T) Open) {
	for name, test := range map[string]func(*testing.T, *suite){
		"append then read":           appendThenRead,
		"known ids are stored once":  knownIDs,
		"ids outlive the process":    idsOutliveProcess,
		"derived ids are known":      derivedIDs,
		"several batches are atomic": severalBatches,
		"concurrent senders":         concurrentSenders,
		"next waits":                 nextWaits,
		"next keeps its limits":      nextLimits,
		"routes are independent":     independentRoutes,
		"positions survive":          positionsSurvive,
		"unsettled is read again":    unsettledAgain,
		"plans survive":              plansSurvive,
		"settled is waited for":      settledIsWaitedFor,
		"dead letters":               deadLetters,
		"dead letters by page":       deadLettersByPage,
		"retry reaches one route":    retryOneRoute,
		"retry needs a reader":       retryNeedsReader,
		"retried once":               retriedOnce,
		"frames are bounded":         boundedFrames,
		"scan by span":               scanBySpan,
		"scan leaves addressed":      scanLeavesAddressed,
		"stats":                      stats,
		"closed":                     closed,
		"closed while reading":       closedWhileReading,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &suite{t: t, open: store(t)})
		})
	}
}

// patience bounds every wait; it is far beyond what a journal takes.
const patience = time.Minute

type suite struct {
	t    *testing.T
	open Open
	j    journal.Journal
}

func (s *suite) start(routes ...string) journal.Journal {
	s.t.Helper()
	j, err := s.open(routes...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { j.Close() })
	s.j = j
	return j
}

func (s *suite) stop() {
	s.t.Helper()
	if err := s.j.Close(); err != nil {
		s.t.Fatalf("closing: %v", err)
	}
}

func (s *suite) append(b ...journal.Batch) int {
	s.t.Helper()
	stored, err := s.j.Append(s.t.Context(), b...)
	if err != nil {
		s.t.Fatalf("appending: %v", err)
	}
	if len(stored) != len(b) {
		s.t.Fatalf("appending %d batches tells of %d", len(b), len(stored))
	}
	return count(stored)
}

// count counts the batches that were stored before.
func count(stored []journal.Stored) (n int) {
	for _, s := range stored {
		if s.Known {
			n++
		}
	}
	return n
}

func (s *suite) route(name string) journal.Route {
	s.t.Helper()
	r, err := s.j.Route(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

var generous = journal.Limit{Records: 1000, Bytes: 1 << 20}

// deadLetters asks again while the journal says that it is busy, as a cluster is
// that many tests share.
func (s *suite) deadLetters(q journal.Query) (list []journal.DeadLetter, err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if list, err = s.j.DeadLetters(s.t.Context(), q); !errors.Is(err, journal.ErrBusy) {
			break
		}
	}
	return list, err
}

// read returns the next n records of a route.
func (s *suite) read(r journal.Route, n int) []journal.Record {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	var list []journal.Record
	for len(list) < n {
		l := generous
		l.Records = n - len(list)
		records, err := r.Next(ctx, l)
		if err != nil {
			s.t.Fatalf("reading record %d of %d: %v", len(list)+1, n, err)
		}
		list = append(list, records...)
	}
	return list
}

// nothing fails the test if the route has a record waiting.
func (s *suite) nothing(r journal.Route) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 50*time.Millisecond)
	defer cancel()
	records, err := r.Next(ctx, generous)
	if !errors.Is(err, context.DeadlineExceeded) {
		s.t.Fatalf("Next returned %d records and %v, want none and %v", len(records), err, context.DeadlineExceeded)
	}
}

func batch(n int) journal.Batch {
	return journal.Batch{ID: journal.NewID(time.Now()), Events: 1,
		Frame: fmt.Appendf(nil, "{\"header\":%d}\n{\"event\":%d,\"filler\":%q}\n", n, n, bytes.Repeat([]byte("x"), n%100))}
}

func batches(n int) []journal.Batch {
	list := make([]journal.Batch, n)
	for i := range list {
		list[i] = batch(i)
	}
	return list
}

func (s *suite) same(got []journal.Record, want []journal.Batch) {
	s.t.Helper()
	if len(got) != len(want) {
		s.t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].ID != want[i].ID || !bytes.Equal(got[i].Frame, want[i].Frame) {
			s.t.Fatalf("record %d is %s %q, want %s %q", i, got[i].ID, got[i].Frame, want[i].ID, want[i].Frame)
		}
		if i > 0 && got[i].Seq != got[i-1].Seq+1 {
			s.t.Fatalf("seq %d follows %d", got[i].Seq, got[i-1].Seq)
		}
		if got[i].Received.IsZero() {
			s.t.Fatalf("record %d has no time of reception", i)
		}
	}
}

func appendThenRead(t *testing.T, s *suite) {
	s.start("a")
	want := batches(150)
	for _, b := range want {
		if dup := s.append(b); dup != 0 {
			t.Fatalf("a first append counts %d duplicates", dup)
		}
	}
	r := s.route("a")
	if next, planned := r.Start(); next != (journal.Position{Seq: 1}) || planned != (journal.Position{}) {
		t.Errorf("an empty journal starts at %v, %v", next, planned)
	}
	s.same(s.read(r, len(want)), want)
	s.nothing(r)
	if _, err := s.j.Route("unknown"); err == nil {
		t.Error("a route that the journal was not opened with exists")
	}
}

func knownIDs(t *testing.T, s *suite) {
	s.start("a")
	b := batch(1)
	s.append(b)
	for range 10 {
		if dup := s.append(b); dup != 1 {
			t.Fatalf("a known id counts %d duplicates, want 1", dup)
		}
	}
	other := batch(2)
	stored, err := s.j.Append(t.Context(), other, b)
	if err != nil || stored[0] != (journal.Stored{Seq: 2}) || stored[1] != (journal.Stored{Seq: 1, Known: true}) {
		t.Fatalf("stored as %+v, %v; want the second batch, then the first, known", stored, err)
	}
	r := s.route("a")
	s.same(s.read(r, 2), []journal.Batch{b, other})
	s.nothing(r)
}

func settledIsWaitedFor(t *testing.T, s *suite) {
	j := s.start("a", "b")
	s.append(batch(1))
	s.append(batch(2))
	a, b := s.route("a"), s.route("b")
	s.read(a, 2)
	s.read(b, 2)
	s.settle(a, journal.Position{Seq: 3})
	s.settle(b, journal.Position{Seq: 2, Event: 0})
	wait := func(seq int64, routes ...string) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return j.Settled(ctx, seq, routes...)
	}
	if err := errors.Join(wait(2, "a"), wait(1, "a", "b"), wait(2)); err != nil {
		t.Errorf("waiting for what is settled: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := j.Settled(ctx, 2, "a", "b"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a batch that one route has not settled: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- wait(2, "b") }()
	s.settle(b, journal.Position{Seq: 3})
	if err := <-done; err != nil {
		t.Errorf("waiting while the route settles: %v", err)
	}
	if err := wait(1, "unknown"); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a route that there is not: %v", err)
	}
	go func() { done <- wait(3, "a") }()
	s.stop()
	if err := <-done; !errors.Is(err, journal.ErrClosed) {
		t.Errorf("waiting while the journal closes: %v", err)
	}
}

func idsOutliveProcess(t *testing.T, s *suite) {
	s.start("a")
	b := batch(1)
	s.append(b)
	r := s.route("a")
	got := s.read(r, 1)
	s.settle(r, journal.Position{Seq: got[0].Seq + 1})
	s.stop()
	s.start("a")
	if dup := s.append(b); dup != 1 {
		t.Errorf("after reopening a known id counts %d duplicates, want 1", dup)
	}
	s.nothing(s.route("a"))
}

func severalBatches(t *testing.T, s *suite) {
	s.start("a")
	want := batches(20)
	s.append(want...)
	s.same(s.read(s.route("a"), 20), want)
}

func concurrentSenders(t *testing.T, s *suite) {
	s.start("a", "b")
	const senders, each = 16, 25
	sent := make([][]journal.Batch, senders)
	var wg sync.WaitGroup
	for i := range senders {
		sent[i] = batches(each)
		wg.Go(func() {
			for k, b := range sent[i] {
				if _, err := s.j.Append(t.Context(), b); err != nil {
					t.Errorf("sender %d, batch %d: %v", i, k, err)
				}
				if k%5 == 0 { // an edge that missed the answer sends again
					if stored, err := s.j.Append(t.Context(), b); count(stored) != 1 || err != nil {
						t.Errorf("sending again: stored as %+v, %v", stored, err)
					}
				}
			}
		})
	}
	for _, name := range []string{"a", "b"} {
		r := s.route(name)
		at := map[journal.ID]int64{}
		for _, rec := range s.read(r, senders*each) {
			at[rec.ID] = rec.Seq
		}
		wg.Wait()
		for _, list := range sent {
			for k, b := range list {
				if at[b.ID] == 0 {
					t.Fatalf("route %s never read %s", name, b.ID)
				}
				if k > 0 && at[b.ID] < at[list[k-1].ID] {
					t.Errorf("route %s reads one sender's batches out of order", name)
				}
			}
		}
		s.nothing(r)
	}
}

func nextWaits(t *testing.T, s *suite) {
	s.start("a")
	r := s.route("a")
	s.nothing(r)
	got := make(chan []journal.Record)
	go func() {
		records, err := r.Next(t.Context(), generous)
		if err != nil {
			t.Errorf("waiting: %v", err)
		}
		got <- records
	}()
	b := batch(1)
	s.append(b)
	s.same(<-got, []journal.Batch{b})
}

func nextLimits(t *testing.T, s *suite) {
	s.start("a")
	want := batches(10)
	s.append(want...)
	r := s.route("a")
	records, err := r.Next(t.Context(), journal.Limit{Records: 3, Bytes: 1 << 20})
	if err != nil || len(records) != 3 {
		t.Fatalf("%d records, %v; want the limit of 3", len(records), err)
	}
	records, err = r.Next(t.Context(), journal.Limit{Records: 10, Bytes: 1})
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v; want one although it exceeds the bytes", len(records), err)
	}
	bytes := len(want[4].Frame) + len(want[5].Frame)
	records, err = r.Next(t.Context(), journal.Limit{Records: 10, Bytes: bytes})
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v; want the two that fit into %d bytes", len(records), err, bytes)
	}
	s.same(s.read(r, 4), want[6:])
}

func (s *suite) settle(r journal.Route, next journal.Position, dead ...journal.DeadLetter) {
	s.t.Helper()
	if err := r.Settle(s.t.Context(), next, dead); err != nil {
		s.t.Fatalf("settling: %v", err)
	}
}

func independentRoutes(t *testing.T, s *suite) {
	s.start("a", "b")
	want := batches(4)
	s.append(want...)
	a, b := s.route("a"), s.route("b")
	got := s.read(a, 4)
	s.settle(a, journal.Position{Seq: got[3].Seq + 1})
	s.same(s.read(b, 4), want)
}

func positionsSurvive(t *testing.T, s *suite) {
	s.start("a", "b")
	want := batches(5)
	s.append(want...)
	got := s.read(s.route("a"), 5)
	next := journal.Position{Seq: got[3].Seq, Event: 1}
	s.settle(s.route("a"), journal.Position{Seq: got[1].Seq + 1})
	s.settle(s.route("a"), next)
	s.stop()

	s.start("a", "b", "c")
	r := s.route("a")
	if start, _ := r.Start(); start != next {
		t.Errorf("route starts at %v, settled up to %v", start, next)
	}
	s.same(s.read(r, 2), want[3:])
	s.same(s.read(s.route("b"), 5), want)
	s.same(s.read(s.route("c"), 5), want)
	b := batch(6)
	s.append(b)
	s.same(s.read(r, 1), []journal.Batch{b})
}

func unsettledAgain(t *testing.T, s *suite) {
	s.start("a")
	want := batches(3)
	s.append(want...)
	s.read(s.route("a"), 3)
	s.stop()
	s.start("a")
	s.same(s.read(s.route("a"), 3), want)
}

func plansSurvive(t *testing.T, s *suite) {
	s.start("a")
	s.append(batches(5)...)
	r := s.route("a")
	got := s.read(r, 5)
	end := journal.Position{Seq: got[2].Seq, Event: 7}
	if err := r.Plan(t.Context(), end); err != nil {
		t.Fatalf("planning: %v", err)
	}
	s.stop()
	s.start("a")
	r = s.route("a")
	if _, planned := r.Start(); planned != end {
		t.Errorf("planned end is %v after reopening, want %v", planned, end)
	}
	s.settle(r, end)
	s.stop()
	s.start("a")
	if next, planned := s.route("a").Start(); planned != (journal.Position{}) || next != end {
		t.Errorf("after settling the route starts at %v with plan %v, want %v and none", next, planned, end)
	}
}

func letter(route string, n int) journal.DeadLetter {
	return journal.DeadLetter{Route: route, Sink: "sink", EventID: fmt.Sprint("event ", n), App: "shop", Schema: "iglu:com.example/x/jsonschema/1-0-0",
		Reason: "value too long", Tries: 3, Envelope: fmt.Appendf(nil, `{"event":%d}`, n), Died: time.UnixMilli(1_700_000_000_000 + int64(n))}
}

func deadLetters(t *testing.T, s *suite) {
	s.start("a", "b")
	s.append(batches(2)...)
	a, b := s.route("a"), s.route("b")
	got := s.read(a, 2)
	s.settle(a, journal.Position{Seq: got[0].Seq + 1}, letter("a", 1), letter("a", 2))
	s.settle(b, journal.Position{Seq: got[0].Seq + 1}, letter("b", 3))
	s.stop()
	s.start("a", "b")
	if next, _ := s.route("a").Start(); next.Seq != got[0].Seq+1 {
		t.Errorf("position is %v although its dead letters were stored", next)
	}
	list, err := s.deadLetters(journal.Query{Route: "a"})
	if err != nil || len(list) != 2 {
		t.Fatalf("%d dead letters, %v; want 2", len(list), err)
	}
	want := letter("a", 2)
	want.ID = list[0].ID
	if fmt.Sprintf("%+v", list[0]) != fmt.Sprintf("%+v", want) || want.ID == 0 {
		t.Errorf("the latest dead letter is\n%+v, want\n%+v", list[0], want)
	}
	if list, err = s.deadLetters(journal.Query{Limit: 2}); err != nil || len(list) != 2 {
		t.Errorf("%d dead letters, %v; want the limit of 2", len(list), err)
	}
	if list, err = s.deadLetters(journal.Query{IDs: []int64{want.ID}}); err != nil || len(list) != 1 {
		t.Errorf("%d dead letters, %v; want the one asked for", len(list), err)
	}
	if n, err := s.j.Drop(t.Context(), []int64{want.ID, want.ID, 1 << 40}); n != 1 || err != nil {
		t.Errorf("dropping one letter of three numbers: %d, %v", n, err)
	}
	if list, err = s.deadLetters(journal.Query{Retried: true}); err != nil || len(list) != 2 || list[0].ID == want.ID || list[1].ID == want.ID {
		t.Errorf("after dropping there are %+v, %v", list, err)
	}
}

func deadLettersByPage(t *testing.T, s *suite) {
	s.start("a", "b")
	var letters []journal.DeadLetter
	for n := range 7 {
		d := letter("a", n)
		d.Envelope = fmt.Appendf(nil, `{"event":%d,"filler":%q}`, n, bytes.Repeat([]byte("x"), 1000))
		letters = append(letters, d)
	}
	ids := s.bury("a", letters...)
	s.bury("b", letter("b", 8))
	for name, c := range map[string]struct {
		q    journal.Query
		want []int64
	}{
		"latest":    {journal.Query{Limit: 2, Route: "a"}, ids[:2]},
		"oldest":    {journal.Query{Limit: 2, Oldest: true}, []int64{ids[6], ids[5]}},
		"after":     {journal.Query{Route: "a", Oldest: true, After: ids[5]}, []int64{ids[4], ids[3], ids[2], ids[1], ids[0]}},
		"up to":     {journal.Query{Oldest: true, After: ids[5], UpTo: ids[3]}, []int64{ids[4], ids[3]}},
		"numbers":   {journal.Query{IDs: []int64{ids[1], ids[4], 1 << 40}, Oldest: true}, []int64{ids[4], ids[1]}},
		"bytes":     {journal.Query{Oldest: true, Bytes: 2500}, []int64{ids[6], ids[5]}},
		"one byte":  {journal.Query{Oldest: true, Bytes: 1}, ids[6:]},
		"app":       {journal.Query{Route: "a", App: "shop"}, ids},
		"other app": {journal.Query{App: "shoppe"}, nil},
		"schema":    {journal.Query{Route: "a", Schema: "iglu:com.example/x/jsonschema/1-0-0"}, ids},
		"vendor":    {journal.Query{Route: "a", Schema: "iglu:com.example/*", Limit: 3}, ids[:3]},
		"no schema": {journal.Query{Schema: "iglu:com.example/"}, nil},
		"reason":    {journal.Query{Route: "a", Reason: "too long"}, ids},
		"no reason": {journal.Query{Reason: "too short"}, nil},
		"all bytes": {journal.Query{Route: "a", Bytes: 1 << 20}, ids},
	} {
		list, err := s.deadLetters(c.q)
		var got []int64
		for _, d := range list {
			got = append(got, d.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	many := make([]int64, 100_000)
	if list, err := s.deadLetters(journal.Query{IDs: append(many, ids...)}); err != nil || len(list) != len(ids) {
		t.Errorf("selected by 100,007 numbers: %d, %v; want %d", len(list), err, len(ids))
	}
}

func retryOneRoute(t *testing.T, s *suite) {
	s.start("a", "b")
	first := batch(1)
	s.append(first)
	a, b := s.route("a"), s.route("b")
	got := s.read(a, 1)
	s.same(s.read(b, 1), []journal.Batch{first})
	s.settle(a, journal.Position{Seq: got[0].Seq + 1}, letter("a", 1))
	list, err := s.deadLetters(journal.Query{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d dead letters, %v", len(list), err)
	}
	again := batch(2)
	again.Route = "a"
	if err := s.j.Retry(t.Context(), again, []int64{list[0].ID}); err != nil {
		t.Fatal(err)
	}
	s.same(s.read(a, 1), []journal.Batch{again})
	if other := s.read(b, 1); other[0].Frame != nil {
		t.Errorf("route b reads %q, which is addressed to a", other[0].Frame)
	}
	if list, err = s.deadLetters(journal.Query{}); err != nil || len(list) != 0 {
		t.Errorf("%d dead letters wait, %v; want none after the retry", len(list), err)
	}
	list, err = s.deadLetters(journal.Query{Retried: true})
	if err != nil || len(list) != 1 || list[0].Retried.IsZero() {
		t.Errorf("%+v, %v; want the retried dead letter with its time", list, err)
	}
}

// bury leaves dead letters behind on a route and returns their numbers, the
// latest first.
func (s *suite) bury(route string, letters ...journal.DeadLetter) []int64 {
	s.t.Helper()
	r := s.route(route)
	next, _ := r.Start()
	s.settle(r, next, letters...)
	list, err := s.deadLetters(journal.Query{Route: route})
	if err != nil || len(list) != len(letters) {
		s.t.Fatalf("%d dead letters, %v; want %d", len(list), err, len(letters))
	}
	ids := make([]int64, len(list))
	for i, d := range list {
		ids[i] = d.ID
	}
	return ids
}

// waiting fails the test unless so many dead letters can be retried.
func (s *suite) waiting(n int) {
	s.t.Helper()
	list, err := s.deadLetters(journal.Query{})
	if err != nil || len(list) != n {
		s.t.Errorf("%d dead letters wait, %v; want %d", len(list), err, n)
	}
}

// A dead letter of a route that nobody reads any more stays where it is.
func retryNeedsReader(t *testing.T, s *suite) {
	s.start("a", "b")
	ids := s.bury("a", letter("a", 1))
	s.stop()
	s.start("b")
	again := batch(1)
	again.Route = "a"
	var unknown *journal.UnknownRouteError
	if err := s.j.Retry(t.Context(), again, ids); !errors.As(err, &unknown) || unknown.Route != "a" {
		t.Errorf("retrying for a route that is gone: %v", err)
	}
	s.waiting(1)
	s.stop()
	s.start("a", "b")
	if err := s.j.Retry(t.Context(), again, ids); err != nil {
		t.Errorf("retrying once the route is back: %v", err)
	}
	s.same(s.read(s.route("a"), 1), []journal.Batch{again})
}

// Of several retries of a letter at once, one succeeds; the others do nothing.
func retriedOnce(t *testing.T, s *suite) {
	s.start("a")
	ids := s.bury("a", letter("a", 1), letter("a", 2), letter("a", 3))
	results := make(chan error, 8)
	for n := range cap(results) {
		go func() {
			b := batch(n)
			b.Route = "a"
			results <- s.j.Retry(t.Context(), b, ids[:2])
		}()
	}
	succeeded := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			succeeded++
		case !errors.Is(err, journal.ErrRetried):
			t.Errorf("retrying what was retried: %v", err)
		}
	}
	if succeeded != 1 {
		t.Errorf("%d of %d retries succeeded, want 1", succeeded, cap(results))
	}
	b := batch(9)
	b.Route = "a"
	if err := s.j.Retry(t.Context(), b, []int64{ids[2], ids[0]}); !errors.Is(err, journal.ErrRetried) {
		t.Errorf("retrying one letter that waits and one that was retried: %v", err)
	}
	s.waiting(1)
	r := s.route("a")
	s.read(r, 1)
	s.nothing(r)
	s.append(batch(10)) // the journal is none the worse
}

// A frame that could not be read back is refused.
func boundedFrames(t *testing.T, s *suite) {
	s.start("a")
	ids := s.bury("a", letter("a", 1))
	b := journal.Batch{ID: journal.NewID(time.Now()), Events: 1, Route: "a", Frame: make([]byte, journal.MaxFrame+1)}
	if _, err := s.j.Append(t.Context(), batch(1), b); !errors.Is(err, journal.ErrTooLarge) {
		t.Errorf("appending a frame of more than MaxFrame bytes: %v", err)
	}
	if err := s.j.Retry(t.Context(), b, ids); !errors.Is(err, journal.ErrTooLarge) {
		t.Errorf("retrying with a frame of more than MaxFrame bytes: %v", err)
	}
	s.waiting(1)
	s.nothing(s.route("a"))
	b.Frame = b.Frame[1:]
	s.append(b)
	if got, err := s.route("a").Next(t.Context(), generous); err != nil || len(got) != 1 || len(got[0].Frame) != journal.MaxFrame {
		t.Errorf("a frame of MaxFrame bytes cannot be read back: %v", err)
	}
}

func stats(t *testing.T, s *suite) {
	s.start("a", "b")
	before := time.Now().Add(-time.Second)
	s.append(batches(3)...)
	got := s.read(s.route("a"), 3)
	s.settle(s.route("a"), journal.Position{Seq: got[2].Seq + 1}, letter("a", 1))
	st, err := s.j.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if st.Head != got[2].Seq || st.Oldest != got[0].Seq || st.DeadLetters != 1 || st.Quarantined != 0 || st.Bytes <= 0 || st.Limit < st.Bytes {
		t.Errorf("stats are %+v", st)
	}
	if len(st.Routes) != 2 {
		t.Fatalf("%d routes, want 2", len(st.Routes))
	}
	if a := st.Routes[0]; a.Name != "a" || a.Lag != 0 || !a.Oldest.IsZero() {
		t.Errorf("the settled route is %+v", a)
	}
	if b := st.Routes[1]; b.Name != "b" || b.Lag != 3 || b.Oldest.Before(before) {
		t.Errorf("the waiting route is %+v", b)
	}
}

// Whoever reads while the journal closes is told so, and of nothing worse.
func closedWhileReading(t *testing.T, s *suite) {
	s.start("a", "b", "c")
	s.append(batches(500)...)
	var wg sync.WaitGroup
	reading := make(chan struct{}, 3)
	for _, name := range []string{"a", "b", "c"} {
		r := s.route(name)
		wg.Go(func() {
			for {
				records, err := r.Next(context.Background(), journal.Limit{Records: 3, Bytes: 1 << 20})
				if err != nil {
					if !errors.Is(err, journal.ErrClosed) {
						t.Errorf("route %s: %v", name, err)
					}
					return
				}
				for _, rec := range records {
					if rec.Frame == nil {
						t.Errorf("route %s: batch %d counts as damaged", name, rec.Seq)
					}
				}
				select {
				case reading <- struct{}{}:
				default:
				}
			}
		})
	}
	<-reading
	s.stop()
	wg.Wait()
}

func closed(t *testing.T, s *suite) {
	j := s.start("a")
	r := s.route("a")
	waiting := make(chan error)
	go func() {
		_, err := r.Next(context.Background(), generous)
		waiting <- err
	}()
	s.stop()
	if err := <-waiting; !errors.Is(err, journal.ErrClosed) {
		t.Errorf("a waiting Next returns %v, want %v", err, journal.ErrClosed)
	}
	if _, err := j.Append(t.Context(), batch(1)); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Append after Close returns %v, want %v", err, journal.ErrClosed)
	}
	if _, err := r.Next(t.Context(), generous); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Next after Close returns %v, want %v", err, journal.ErrClosed)
	}
	if _, err := j.Stats(t.Context()); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Stats after Close returns %v, want %v", err, journal.ErrClosed)
	}
	if err := j.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
