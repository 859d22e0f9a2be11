package delivery

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"weir/edge/envelope"
	"weir/host/journal"
	"weir/sinks"
)

func record(seq int64, lines ...string) journal.Record {
	h := envelope.Header{ID: fmt.Sprintf("01930000-0000-7000-8000-%012d", seq), Events: len(lines)}
	return journal.Record{Seq: seq, Frame: []byte(string(h.AppendJSON(nil)) + "\n" + strings.Join(lines, "\n") + "\n")}
}

// Routes that read side by side have each record parsed and judged once, and
// what all of them have read is let go.
func TestRecordsAreParsedOnce(t *testing.T) {
	const routes, records = 4, 200
	var judged atomic.Int64
	r := newReader(routes, func(e sinks.Event) sinks.Event {
		judged.Add(1)
		e.Verdict = "good"
		return e
	})
	unresolved := strings.Replace(line(1), `"good"`, `"unresolved"`, 1)
	var wg sync.WaitGroup
	for range routes {
		wg.Go(func() {
			for seq := range int64(records) {
				c := r.read(record(seq+1, unresolved, line(2), "{}"))
				if len(c.events) != 3 || c.err != nil || c.events[0].event.Verdict != "good" || c.events[1].err != nil || c.events[2].err == nil {
					t.Errorf("record %d holds %+v, %v", seq+1, c.events, c.err)
				}
			}
		})
	}
	wg.Wait()
	if n := judged.Load(); n != records {
		t.Errorf("%d events were judged, want %d", n, records)
	}
	if len(r.kept) != 0 || r.bytes != 0 {
		t.Errorf("%d records, %d bytes are kept", len(r.kept), r.bytes)
	}
}

// A route that has stopped reading does not make the memory grow, and reads
// what it missed by itself.
func TestReaderIsBounded(t *testing.T) {
	r := newReader(2, nil)
	filler := strings.Replace(line(1), `{`, `{"filler":"`+strings.Repeat("x", 1<<20)+`",`, 1)
	for seq := range int64(40) {
		r.read(record(seq+1, filler))
		if r.bytes > keptBytes || r.bytes < len(r.kept)<<20 {
			t.Fatalf("after record %d: %d bytes are counted for %d records", seq+1, r.bytes, len(r.kept))
		}
	}
	if len(r.kept) != 15 {
		t.Errorf("%d records of 1 MiB are kept", len(r.kept))
	}
	for seq := range int64(40) {
		if c := r.read(record(seq+1, filler)); len(c.events) != 1 || c.events[0].event.ID != eventID(1) {
			t.Errorf("record %d holds %+v", seq+1, c)
		}
	}
	if len(r.kept) != 0 || r.bytes != 0 {
		t.Errorf("%d records, %d bytes are kept", len(r.kept), r.bytes)
	}
	huge := strings.Replace(line(1), `{`, `{"filler":"`+strings.Repeat("x", keptBytes)+`",`, 1)
	if c := r.read(record(41, huge)); len(c.events) != 1 || len(r.kept) != 0 || r.bytes != 0 {
		t.Errorf("a record beyond the bound: %d events, %d bytes are kept", len(c.events), r.bytes)
	}
}
