package sinktest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"weir/sinks"
)

// behaviours is the contract of sinks.Sink as tests, one rule each.
var behaviours = []struct {
	name    string
	applies func(*suite) bool // nil: to every sink
	test    func(*suite)
}{
	{"Open twice", nil, openTwice},
	{"Open at once", func(s *suite) bool { return s.Shared }, openAtOnce},
	{"Write before Open", nil, writeBeforeOpen},
	{"Close twice, open again", nil, closeAndReopen},
	{"Check", nil, check},
	{"Check without permission", func(s *suite) bool { return s.Forbid != nil }, checkForbidden},
	{"Empty batch", nil, emptyBatch},
	{"One event", nil, oneEvent},
	{"Every column", nil, everyColumn},
	{"10 000 events", nil, manyEvents},
	{"Order", func(s *suite) bool { return s.Ordered }, order},
	{"Memory is given back", nil, memory},
	{"Same batch again", nil, sameBatchAgain},
	{"Same event twice in a batch", func(s *suite) bool { return s.Unique }, sameEventTwice},
	{"Same id, other content", nil, sameID},
	{"Unicode, NUL and huge values", nil, values},
	{"Failed events", nil, failedEvents},
	{"Partial failure", func(s *suite) bool { return s.Poison != nil }, partialFailure},
	{"Total failure", func(s *suite) bool { return s.Poison != nil }, totalFailure},
	{"Cancelled before", nil, cancelledBefore},
	{"Cancelled during", nil, cancelledDuring},
	{"Outage", func(s *suite) bool { return s.Outage != nil }, outage},
	{"Outage while idle", func(s *suite) bool { return s.Outage != nil }, idleOutage},
}

func openTwice(s *suite) {
	sink := s.open()
	if err := sink.Open(s.ctx); err != nil {
		s.Fatalf("second Open: %v", err)
	}
	events := Events(1, 3)
	s.write(sink, events)
	if err := sink.Open(s.ctx); err != nil {
		s.Fatalf("Open after Write: %v", err)
	}
	s.holds(false, events...)
}

// openAtOnce has several hosts meet an empty destination at the same moment:
// all migrate it, and none fails.
func openAtOnce(s *suite) {
	var all []sinks.Event
	var wait sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		sink, events := s.New(), Events(uint64(i), 20)
		all = append(all, events...)
		wait.Go(func() {
			errs[i] = errors.Join(sink.Open(s.ctx), sink.Write(s.ctx, sinks.Batch{ID: events[0].ID, Events: events}), sink.Close(s.ctx))
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		s.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b sinks.Event) int { return strings.Compare(a.ID, b.ID) })
	s.Ordered = false // between sinks there is no order
	s.holds(false, all...)
}

func writeBeforeOpen(s *suite) {
	sink, events := s.New(), Events(1, 1)
	if err := sink.Write(s.ctx, sinks.Batch{ID: "b", Events: events}); !errors.Is(err, sinks.ErrNotConnected) {
		s.Fatalf("Write before Open gives %v, want ErrNotConnected", err)
	}
	s.Cleanup(func() { s.close(sink) })
	s.deliver(sink, events)
	s.holds(false, events...)
}

func closeAndReopen(s *suite) {
	events := Events(1, 9)
	sink := s.open()
	s.write(sink, events[:3])
	s.close(sink)
	s.close(sink)
	if err := sink.Write(s.ctx, sinks.Batch{ID: "b", Events: events[3:6]}); !errors.Is(err, sinks.ErrNotConnected) {
		s.Errorf("Write after Close gives %v, want ErrNotConnected", err)
	}
	if err := sink.Open(s.ctx); err != nil {
		s.Fatalf("Open after Close: %v", err)
	}
	s.write(sink, events[3:6])
	s.close(sink)
	s.write(s.open(), events[6:]) // as the next process does
	s.holds(false, events...)
}

// check asks before the first Open, as `weir check` does, and while writing.
func check(s *suite) {
	checker, ok := s.New().(sinks.Checker)
	if !ok {
		s.Fatal("the sink is no sinks.Checker")
	}
	if err := checker.Check(s.ctx); err != nil {
		s.Fatalf("Check before Open: %v", err)
	}
	sink, events := s.open(), Events(1, 2)
	s.write(sink, events)
	if err := sink.(sinks.Checker).Check(s.ctx); err != nil {
		s.Fatalf("Check after Write: %v", err)
	}
	s.holds(false, events...) // and nothing else
}

func checkForbidden(s *suite) {
	s.Forbid(s)
	if err := s.New().(sinks.Checker).Check(s.ctx); err == nil {
		s.Error("Check finds nothing wrong")
	} else {
		s.Logf("Check says: %v", err)
	}
}

func emptyBatch(s *suite) {
	sink := s.open()
	if err := sink.Write(s.ctx, sinks.Batch{ID: "b"}); err != nil {
		s.Fatalf("Write of nothing: %v", err)
	}
	s.holds(false)
}

func oneEvent(s *suite) {
	events := Events(1, 1)
	s.write(s.open(), events)
	s.holds(false, events...)
}

func everyColumn(s *suite) {
	events := []sinks.Event{Full(1, 0), Full(1, 1), Full(1, 2)}
	s.write(s.open(), events)
	s.holds(false, events...)
}

func manyEvents(s *suite) {
	events := Events(1, 10_000)
	s.write(s.open(), events)
	s.holds(false, events...)
}

// order writes ids that do not ascend, in batches of uneven size.
func order(s *suite) {
	events := Events(1, 500)
	slices.Reverse(events)
	sink := s.open()
	for i, n := 0, 1; i < len(events); n++ {
		end := min(i+n, len(events))
		s.write(sink, events[i:end])
		i = end
	}
	s.holds(false, events...)
}

// memory overwrites a batch as soon as Write has returned.
func memory(s *suite) {
	sink, events := s.open(), Events(1, 50)
	for i := range events {
		mine := events[i]
		mine.Envelope = slices.Clone(mine.Envelope)
		s.write(sink, []sinks.Event{mine})
		for j := range mine.Envelope {
			mine.Envelope[j] = 'x'
		}
	}
	s.holds(false, events...)
}

func sameBatchAgain(s *suite) {
	sink, events := s.open(), Events(1, 100)
	for range 3 {
		s.write(sink, events)
	}
	s.write(sink, events[40:60]) // and cut otherwise
	s.close(sink)
	s.write(s.open(), events)
	s.holds(true, events...)
}

func sameEventTwice(s *suite) {
	events := Events(1, 10)
	s.write(s.open(), append(events, events[3], events[3], events[9]))
	s.holds(false, events...)
}

// sameID: two events that share an id and differ in their fingerprint are two.
func sameID(s *suite) {
	a := Events(1, 1)[0]
	b := With(a, "event_fingerprint", strings.Repeat("0", 32), "page_title", "another")
	b.Fingerprint = strings.Repeat("0", 32)
	s.write(s.open(), []sinks.Event{a, b})
	stored := s.Stored(s)
	if len(stored) != 2 {
		s.Fatalf("%d events are stored, want 2", len(stored))
	}
	for _, e := range []sinks.Event{a, b} {
		if stored[0].differs(e) != "" && stored[1].differs(e) != "" {
			s.Errorf("the event of fingerprint %s is not stored as written: %s, %s", e.Fingerprint, stored[0].differs(e), stored[1].differs(e))
		}
	}
}

func values(s *suite) {
	var written, want []sinks.Event
	add := func(pairs ...any) {
		e := With(Events(1, len(written)+1)[len(written)], pairs...)
		written, want = append(written, e), append(want, e)
	}
	// unstorable adds an event whose stored form is another where NUL is set.
	unstorable := func(w, kept []any) {
		add(w...)
		if s.NUL != "" {
			want[len(want)-1] = With(want[len(want)-1], kept...)
		}
	}
	add("page_title", "Zoë 日本語 👩‍👩‍👧‍👦 \u202e\ufeff \u2028 ÿ")
	add("page_title", `"quotes" 'single' \back\slash \N \. ; -- /* %s ? $1 :x {} `+"\t tab \r return")
	add("page_title", "", "user_id", " ", "se_label", `\N`, "se_property", "null", "se_category", "{a,b}")
	add("page_title", json.RawMessage(`"a\nb\u00e9\ud83d\ude00\/\""`))
	add("page_title", strings.Repeat("wide ¼ ", 1<<17)) // about a megabyte
	add("contexts", []any{selfDescribing("iglu:a/b/jsonschema/1-0-0", strings.Repeat("x", 1<<20))})
	add("unstruct_event", json.RawMessage(`{"schema":"iglu:a/b/jsonschema/1-0-0","data":`+strings.Repeat(`[`, 500)+strings.Repeat(`]`, 500)+`}`))
	add("contexts", []any{}, "derived_contexts", []any{nil, 1})
	add("unstruct_event", json.RawMessage(`{"schema":"iglu:a/b/jsonschema/1-0-0","data":{"\\u0000":"\\ud800","e":1e-7,"big":12345678901234567890123}}`))
	for _, n := range []string{"0", "-0.5", "0.1", "19.90", "1E2", "123456789012345678901234567890.123456789", "9007199254740993", "-9223372036854775808", "1e-300", "2.5e+30", "1e308", "1e400", "-1e400", "1e-400", "0.30000000000000004"} {
		add("se_value", json.Number(n))
	}
	for _, n := range []int{0, -1, 1<<31 - 1, -1 << 31} {
		add("page_urlport", n)
	}
	for _, at := range []string{"0000-01-01T00:00:00.000Z", "0000-02-29T23:59:59.999Z", "0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"} {
		add("true_tstamp", at)
	}
	unstorable([]any{"page_title", json.RawMessage(`"a\u0000b"`)}, []any{"page_title", "a" + s.NUL + "b"})
	unstorable([]any{"unstruct_event", json.RawMessage(`{"schema":"iglu:a/b/jsonschema/1-0-0","data":{"k\u0000":["\u0000","\\u0000"]}}`)},
		[]any{"unstruct_event", selfDescribing("iglu:a/b/jsonschema/1-0-0", map[string]any{"k" + s.NUL: []any{s.NUL, `\u0000`}})})
	if s.NUL != "" {
		unstorable([]any{"contexts", json.RawMessage(`["\ud800","\udc00\ud800x","\uD83D\uDE00"]`)}, []any{"contexts", []any{s.NUL, s.NUL + s.NUL + "x", "😀"}})
		unstorable([]any{"page_title", json.RawMessage("\"a\xffb\"")}, []any{"page_title", "a" + s.NUL + "b"})
	}
	s.write(s.open(), written)
	s.holds(false, want...)
}

func failedEvents(s *suite) {
	events := []sinks.Event{failed(1, 0), failed(1, 1), failed(1, 2)}
	sink := s.open()
	s.write(sink, events)
	s.write(sink, events[:0])
	if s.Unique {
		s.write(sink, events) // a missing fingerprint is no way around the key
	}
	s.holds(false, events...)
}

// partialFailure: the guilty are named, each as permanent; the others are stored.
func partialFailure(s *suite) {
	sink, events := s.open(), Events(1, 40)
	poison := s.Poison(s, Events(2, 1)[0])
	if len(poison) == 0 {
		s.Fatal("the harness returns no poison")
	}
	for i, p := range poison {
		for _, place := range [][]int{{0}, {17}, {39, 41}, {5, 6, 30}} {
			batch := slices.Clone(events)
			for _, at := range place {
				batch = slices.Insert(batch, at, p)
			}
			s.guilty(sink, batch, place)
		}
		s.Logf("poison %d is refused", i)
	}
	s.holds(true, events...)
}

func totalFailure(s *suite) {
	sink := s.open()
	var batch []sinks.Event
	var all []int
	for i, p := range s.Poison(s, Events(2, 1)[0]) {
		batch, all = append(batch, p, p), append(all, 2*i, 2*i+1)
	}
	s.guilty(sink, batch, all)
	s.holds(false)
}

func (s *suite) guilty(sink sinks.Sink, batch []sinks.Event, want []int) {
	s.Helper()
	err := sink.Write(s.ctx, sinks.Batch{ID: "b", Events: batch})
	var partial *sinks.BatchError
	if !errors.As(err, &partial) {
		s.Fatalf("Write gives %v, want a *BatchError", err)
	}
	var got []int
	for _, f := range partial.Failed {
		got = append(got, f.Index)
		if !f.Permanent {
			s.Errorf("the failure at %d is not permanent: %v", f.Index, f.Err)
		}
		if f.Err == nil || f.Err.Error() == "" {
			s.Errorf("the failure at %d does not say why", f.Index)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		s.Errorf("failed are %v, want %v: %v", got, want, err)
	}
}

func cancelledBefore(s *suite) {
	sink, events := s.open(), Events(1, 20)
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if err := sink.Write(ctx, sinks.Batch{ID: "b", Events: events}); err == nil {
		s.Error("Write under a cancelled context succeeds")
	} else if sinks.IsPermanent(err) {
		s.Errorf("the error is permanent: %v", err)
	}
	s.deliver(sink, events)
	s.holds(true, events...)
}

// cancelledDuring cuts writes off after ever longer times. Each returns soon,
// and the sink is good for the same batch afterwards.
func cancelledDuring(s *suite) {
	sink, events := s.open(), Events(1, 1_000)
	for after := 100 * time.Microsecond; after < 200*time.Millisecond; after *= 3 {
		for _, b := range batches(sink, events) {
			ctx, cancel := context.WithTimeout(s.ctx, after)
			err := sink.Write(ctx, b)
			cancel()
			var partial *sinks.BatchError
			if errors.As(err, &partial) || sinks.IsPermanent(err) {
				s.Fatalf("a cancelled Write blames the events: %v", err)
			}
			if errors.Is(err, sinks.ErrNotConnected) {
				if err := sink.Open(s.ctx); err != nil {
					s.Fatalf("Open after a cancelled Write: %v", err)
				}
			}
		}
	}
	s.deliver(sink, events)
	s.holds(true, events...)
}

// outage: while the server is away nothing is acknowledged and nothing hangs;
// when it is back, the sink goes on.
func outage(s *suite) {
	sink, events := s.open(), Events(1, 300)
	s.write(sink, events[:100])
	s.Outage(s, func() {
		for range 2 {
			ctx, cancel := context.WithTimeout(s.ctx, patience/2)
			err := sink.Write(ctx, sinks.Batch{ID: "b", Events: events[100:200]})
			cancel()
			if s.Stateless {
				if err == nil || sinks.IsPermanent(err) {
					s.Errorf("Write during the outage gives %v", err)
				}
				continue
			}
			if !errors.Is(err, sinks.ErrNotConnected) {
				s.Errorf("Write during the outage gives %v, want ErrNotConnected", err)
			}
			if err := sink.Open(s.ctx); err == nil {
				s.Error("Open during the outage succeeds")
			}
		}
		if err := sink.(sinks.Checker).Check(s.ctx); err == nil {
			s.Error("Check during the outage finds nothing wrong")
		}
	})
	s.deliver(sink, events[100:])
	s.holds(true, events...)
}

func idleOutage(s *suite) {
	sink, events := s.open(), Events(1, 200)
	s.write(sink, events[:100])
	s.Outage(s, func() {})
	s.deliver(sink, events[100:])
	s.holds(true, events...)
}
