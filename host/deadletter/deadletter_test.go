package deadletter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
	"weir/host/journal/sqlite"
)

// store is a journal that holds dead letters and takes batches.
type store struct {
	letters []journal.DeadLetter
	batches []journal.Batch
	ids     []int64
	fail    int    // retries that succeed before one fails; -1 for none
	gone    string // a route that is not configured
}

func (s *store) DeadLetters(_ context.Context, q journal.Query) ([]journal.DeadLetter, error) {
	list := slices.Clone(s.letters) // the latest first
	if q.Oldest {
		slices.Reverse(list)
	}
	var got []journal.DeadLetter
	bytes := 0
	for _, d := range list {
		if !d.Retried.IsZero() || d.ID <= q.After || q.UpTo > 0 && d.ID > q.UpTo {
			continue
		}
		if bytes += len(d.Envelope); len(got) == cmp.Or(q.Limit, 100) || q.Bytes > 0 && bytes > q.Bytes && len(got) > 0 {
			break
		}
		got = append(got, d)
	}
	return got, nil
}

func (s *store) Retry(_ context.Context, b journal.Batch, ids []int64) error {
	if b.Route == s.gone {
		return &journal.UnknownRouteError{Route: b.Route}
	}
	if s.fail == 0 {
		return journal.ErrFull
	}
	s.fail--
	s.batches = append(s.batches, b)
	s.ids = append(s.ids, ids...)
	return nil
}

func (s *store) Drop(_ context.Context, ids []int64) (int, error) {
	if s.fail == 0 {
		return 0, journal.ErrBusy
	}
	s.fail--
	s.ids = append(s.ids, ids...)
	return len(ids), nil
}

func deadLetter(id int64, route, verdict string) journal.DeadLetter {
	return journal.DeadLetter{ID: id, Route: route, Envelope: fmt.Appendf(nil,
		`{"collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":"01930000-0000-4000-8000-%012d","weir":{"verdict":%q}}`, id, verdict)}
}

func TestRetry(t *testing.T) {
	s := &store{fail: -1}
	for id := int64(1200); id > 0; id-- { // the latest first, as a journal lists them
		s.letters = append(s.letters, deadLetter(id, "a", "good"))
	}
	retried := deadLetter(5000, "a", "good")
	retried.Retried = time.Now()
	s.letters = append([]journal.DeadLetter{retried, {ID: 3000, Route: "b", Envelope: []byte("not an event")}, deadLetter(2000, "b", "failed")}, s.letters...)
	done, err := Retry(t.Context(), s, journal.Query{})
	if err != nil || done.Letters != 1201 || done.Left != 1 || done.More {
		t.Fatalf("retried %+v, %v; want 1201, and one left", done, err)
	}
	var sizes []string // route, events and those not good, of each batch
	for _, b := range s.batches {
		got, err := envelope.NewReader(b.Frame).Next()
		if err != nil || got.Header.ID != b.ID.String() || got.Header.Events != b.Events {
			t.Fatalf("a batch that ingest would refuse: %+v, %v", got.Header, err)
		}
		sizes = append(sizes, fmt.Sprintf("%s%d %d", b.Route, b.Events, got.Header.Failed))
	}
	if fmt.Sprint(sizes) != "[a500 0 a500 0 a200 0 b1 1]" {
		t.Errorf("batches are %v", sizes)
	}
	if last := s.ids[len(s.ids)-1]; last != 2000 || !slices.IsSorted(s.ids) {
		t.Errorf("the last one retried is %d: the order was not kept", last)
	}
}

// Batches of large letters are bounded by bytes, so that they can be read back.
func TestRetryBoundsBatches(t *testing.T) {
	s := &store{fail: -1}
	filler := strings.Repeat("x", 1<<20)
	for id := int64(10); id > 0; id-- {
		d := deadLetter(id, "a", "good")
		d.Envelope = append(d.Envelope[:len(d.Envelope)-1], `,"filler":"`+filler+`"}`...)
		s.letters = append(s.letters, d)
	}
	done, err := Retry(t.Context(), s, journal.Query{Limit: 8})
	if err != nil || done.Letters != 8 || len(s.batches) != 3 {
		t.Errorf("%d letters of 1 MiB retried in %d batches, %v; want 8 in 3", done.Letters, len(s.batches), err)
	}
	for _, b := range s.batches {
		if len(b.Frame) > pageBytes+1024 {
			t.Errorf("a batch has %d bytes", len(b.Frame))
		}
	}
}

// A route that is gone keeps nobody else's letters back.
func TestRetryWithoutRoute(t *testing.T) {
	s := &store{fail: -1, gone: "a"}
	for id := int64(1000); id > 0; id-- {
		s.letters = append(s.letters, deadLetter(id, string("ab"[id%2]), "good"))
	}
	done, err := Retry(t.Context(), s, journal.Query{})
	if done.Letters != 500 || err != nil || !slices.Equal(done.Unknown, []string{"a"}) {
		t.Errorf("retried %+v, %v; want 500 and one word about route a", done, err)
	}
}

func TestDrop(t *testing.T) {
	s := &store{fail: 2}
	for id := int64(1200); id > 0; id-- {
		s.letters = append(s.letters, deadLetter(id, "a", "good"))
	}
	done, err := Drop(t.Context(), s, journal.Query{})
	if done.Letters != 1000 || len(s.ids) != 1000 || !errors.Is(err, journal.ErrBusy) {
		t.Errorf("%d dropped, %v; want 1000 and %v", done.Letters, err, journal.ErrBusy)
	}
}

func TestRetryStopsWhereTheJournalDoes(t *testing.T) {
	s := &store{fail: 1}
	for id := int64(700); id > 0; id-- {
		s.letters = append(s.letters, deadLetter(id, "a", "good"))
	}
	done, err := Retry(t.Context(), s, journal.Query{})
	if done.Letters != 500 || !errors.Is(err, journal.ErrFull) {
		t.Errorf("%d retried, %v; want 500 and %v", done.Letters, err, journal.ErrFull)
	}
}

// A retry can be made in parts, and those of letters that are left behind do
// not keep it from its end.
func TestRetryInParts(t *testing.T) {
	s := &store{fail: -1}
	for id := int64(700); id > 0; id-- {
		d := deadLetter(id, "a", "good")
		if id <= 150 {
			d.Envelope = []byte("not an event")
		}
		s.letters = append(s.letters, d)
	}
	var q journal.Query
	q.Limit = 100
	letters, left, calls := 0, 0, 0
	for {
		done, err := Retry(t.Context(), s, q)
		if err != nil || done.UpTo != 700 {
			t.Fatalf("part %d: %+v, %v", calls, done, err)
		}
		letters, left, calls = letters+done.Letters, left+done.Left, calls+1
		if !done.More {
			break
		}
		q.After, q.UpTo = done.After, done.UpTo
		s.letters = append([]journal.DeadLetter{deadLetter(700+int64(calls), "a", "good")}, s.letters...) // dies meanwhile
	}
	if letters != 550 || left != 150 || calls != 7 || slices.Max(s.ids) != 700 {
		t.Errorf("%d retried and %d left in %d parts, up to %d; want 550 and 150 in 7", letters, left, calls, slices.Max(s.ids))
	}
}

// Two people may retry the same letters: each letter goes once, and neither is
// told off.
func TestRetryAtOnce(t *testing.T) {
	j, err := sqlite.Open(t.TempDir(), sqlite.Options{Routes: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	route, err := j.Route("a")
	if err != nil {
		t.Fatal(err)
	}
	var dead []journal.DeadLetter
	for id := range int64(2000) {
		dead = append(dead, deadLetter(id, "a", "good"))
	}
	if err := route.Settle(t.Context(), journal.Position{Seq: 1}, dead); err != nil {
		t.Fatal(err)
	}
	results := make(chan int, 4)
	for range cap(results) {
		go func() {
			q := journal.Query{Limit: 100}
			sum := 0
			for {
				done, err := Retry(t.Context(), j, q)
				if err != nil {
					t.Errorf("retrying beside others: %v", err)
				}
				if sum += done.Letters; !done.More || err != nil {
					results <- sum
					return
				}
				q.After, q.UpTo = done.After, done.UpTo
			}
		}()
	}
	sum := 0
	for range cap(results) {
		sum += <-results
	}
	if sum != 2000 {
		t.Errorf("%d letters were retried, want 2000", sum)
	}
}
