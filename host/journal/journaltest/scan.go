package journaltest

import (
	"errors"
	"testing"
	"time"

	"weir/host/journal"
)

// received returns when each batch was received, in the order of their numbers.
func (s *suite) received(want []journal.Batch) []time.Time {
	s.t.Helper()
	got := s.read(s.route("a"), len(want))
	times := make([]time.Time, len(got))
	for i, rec := range got {
		times[i] = rec.Received
	}
	return times
}

// scan returns what a span holds, by pages.
func (s *suite) scan(span journal.Span, l journal.Limit) (list []journal.Record) {
	s.t.Helper()
	for {
		page, err := s.j.Scan(s.t.Context(), span, l)
		if err != nil {
			s.t.Fatalf("scanning after batch %d: %v", span.After, err)
		}
		if len(page) == 0 {
			return list
		}
		if len(page) > l.Records {
			s.t.Fatalf("a page of %d records, at most %d were asked for", len(page), l.Records)
		}
		list = append(list, page...)
		span.After = page[len(page)-1].Seq
	}
}

// scanBySpan reads batches again by the time of their reception, settled or not.
func scanBySpan(t *testing.T, s *suite) {
	s.start("a", "b")
	from := time.Now().Add(-time.Minute)
	if got := s.scan(journal.Span{From: from, To: time.Now().Add(time.Minute)}, generous); len(got) != 0 {
		t.Errorf("an empty journal has %d batches", len(got))
	}
	want := batches(40)
	for i, b := range want {
		s.append(b)
		for at := time.Now().UnixMilli(); i%8 == 7 && time.Now().UnixMilli() == at; {
			// until the next millisecond
		}
	}
	times := s.received(want)
	s.settle(s.route("a"), journal.Position{Seq: int64(len(want)) + 1})
	all := journal.Span{From: from, To: time.Now().Add(time.Minute)}
	s.same(s.scan(all, generous), want)
	s.same(s.scan(all, journal.Limit{Records: 7, Bytes: 1 << 20}), want)
	s.same(s.scan(all, journal.Limit{Records: 100, Bytes: 1}), want)
	all.After = 30
	s.same(s.scan(all, generous), want[30:])

	first, last := times[10], times[29]
	begin, end := 0, len(want)
	for begin < len(want) && times[begin].Before(first) {
		begin++
	}
	for end > 0 && !times[end-1].Before(last) {
		end--
	}
	if begin == 0 || end == len(want) || begin >= end {
		t.Fatalf("40 batches were received at %v: nothing to tell apart", times)
	}
	s.same(s.scan(journal.Span{From: first, To: last}, generous), want[begin:end])
	if got := s.scan(journal.Span{From: from.Add(-48 * time.Hour), To: from}, generous); len(got) != 0 {
		t.Errorf("%d batches were received before the first", len(got))
	}
	if got := s.scan(journal.Span{From: from.Add(48 * time.Hour), To: from.Add(49 * time.Hour)}, generous); len(got) != 0 {
		t.Errorf("%d batches will be received in two days", len(got))
	}
	s.stop()
	if _, err := s.j.Scan(t.Context(), all, generous); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("scanning a closed journal: %v", err)
	}
}

// scanLeavesAddressed passes over batches that one route alone was to read.
func scanLeavesAddressed(t *testing.T, s *suite) {
	s.start("a", "b")
	list := batches(9)
	var want []journal.Batch
	for i := range list {
		if i%3 == 1 {
			list[i].Route = "b"
		} else {
			want = append(want, list[i])
		}
	}
	s.append(list...)
	got := s.scan(journal.Span{From: time.Now().Add(-time.Minute), To: time.Now().Add(time.Minute)}, journal.Limit{Records: 2, Bytes: 1 << 20})
	if len(got) != len(want) {
		t.Fatalf("%d batches, want the %d for all routes", len(got), len(want))
	}
	for i := range got {
		if got[i].ID != want[i].ID || string(got[i].Frame) != string(want[i].Frame) {
			t.Errorf("batch %d is %s, want %s", i, got[i].ID, want[i].ID)
		}
	}
}

// derivedIDs appends batches of a replay again: their ids are those of another
// time.
func derivedIDs(t *testing.T, s *suite) {
	s.start("a")
	var list []journal.Batch
	for i, ago := range []time.Duration{0, 5 * time.Minute, time.Hour, 20 * 24 * time.Hour} {
		b := batch(i)
		b.ID, b.Route = journal.DerivedID(time.Now().Add(-ago), []byte("a replay"), b.ID[:]), "a"
		list = append(list, b)
	}
	s.append(list...)
	if dup := s.append(list...); dup != len(list) {
		t.Errorf("of %d batches appended again %d are known", len(list), dup)
	}
	s.stop()
	s.start("a")
	if dup := s.append(list...); dup != len(list) {
		t.Errorf("after reopening, of %d batches appended again %d are known", len(list), dup)
	}
	s.same(s.read(s.route("a"), len(list)), list)
	s.nothing(s.route("a"))
}
