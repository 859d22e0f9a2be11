package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/host/torture"
)

const tp2 = "/com.snowplowanalytics.snowplow/tp2"

// load is a number of trackers that send structured events as fast as they
// are answered. Like the real ones, a tracker keeps what was not answered 200
// and sends it again, the same event with another sent timestamp.
type load struct {
	app      string
	url      string
	pace     time.Duration // a tracker's pause between two requests; 0: as soon as it is answered
	accepted atomic.Int64  // events answered 200
	refused  atomic.Int64  // requests answered otherwise
	broken   atomic.Int64  // requests without an answer

	mu      sync.Mutex
	acked   map[string]bool // by event id
	unacked map[string]bool // sent at least once, never answered 200
	strange []string        // answers that no tracker should see

	stop context.CancelFunc
	done sync.WaitGroup
}

// perRequest is the number of events in a payload.
const perRequest = 5

// startLoad lets n trackers loose on an edge.
func startLoad(t testing.TB, edge, app string, n int) *load {
	return startPacedLoad(t, edge, app, n, 0)
}

// startPacedLoad lets n trackers loose that send a payload every so often.
func startPacedLoad(t testing.TB, edge, app string, n int, pace time.Duration) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{pace: pace, app: app, url: edge + tp2, acked: map[string]bool{}, unacked: map[string]bool{}, stop: cancel}
	transport := &http.Transport{MaxIdleConnsPerHost: n}
	for i := range n {
		l.done.Go(func() { l.track(ctx, &http.Client{Transport: transport, Timeout: 10 * time.Second}, i) })
	}
	t.Cleanup(func() {
		l.finish()
		transport.CloseIdleConnections()
	})
	return l
}

// finish stops the trackers and waits for the answers under way.
func (l *load) finish() {
	l.stop()
	l.done.Wait()
}

func (l *load) track(ctx context.Context, client *http.Client, worker int) {
	next := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		next = next.Add(l.pace)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
		}
		events := make([]map[string]string, perRequest)
		l.mu.Lock()
		for i := range events {
			id := uuid()
			events[i] = map[string]string{"e": "se", "eid": id, "aid": l.app, "p": "srv", "tv": "load-1.0.0",
				"se_ca": "load", "se_ac": strconv.Itoa(worker), "se_la": strconv.Itoa(n), "dtm": millis()}
			l.unacked[id] = true
		}
		l.mu.Unlock()
		for ctx.Err() == nil && !l.send(client, events) {
			// Refusals come back at once; the pause keeps them from starving what they wait for.
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

// send posts events and reports whether they were accepted. A request under
// way when the load ends is waited for: its answer counts.
func (l *load) send(client *http.Client, events []map[string]string) bool {
	for _, e := range events {
		e["stm"] = millis()
	}
	body, err := json.Marshal(map[string]any{"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": events})
	if err != nil {
		panic(err)
	}
	response, err := client.Post(l.url, "application/json; charset=utf-8", bytes.NewReader(body))
	if err != nil {
		l.broken.Add(1)
		return false
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		l.broken.Add(1)
		return false
	}
	if response.StatusCode != http.StatusOK {
		l.refused.Add(1)
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
			l.mu.Lock()
			l.strange = append(l.strange, fmt.Sprintf("%s, Retry-After %q: %.100s", response.Status, response.Header.Get("Retry-After"), text))
			l.mu.Unlock()
		}
		return false
	}
	l.mu.Lock()
	for _, e := range events {
		l.acked[e["eid"]] = true
		delete(l.unacked, e["eid"])
	}
	l.mu.Unlock()
	l.accepted.Add(int64(len(events)))
	return true
}

// reaches waits until the edge has answered 200 to that many events in all.
func (l *load) reaches(t testing.TB, events int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d events answered 200", events), func() error {
		if n := l.accepted.Load(); n < events {
			return fmt.Errorf("%d so far, %d refusals, %d without an answer", n, l.refused.Load(), l.broken.Load())
		}
		return nil
	})
}

// destination is where events end up.
type destination interface {
	// eventIDs counts how often each event of an app is there.
	eventIDs(app string) (map[string]int, error)
}

// account compares what was answered 200 with what a destination holds, which
// must be every such event once, and nothing that was never sent.
func (l *load) account(t testing.TB, at destination) {
	t.Helper()
	l.mu.Lock()
	acked, unacked, strange := maps.Clone(l.acked), maps.Clone(l.unacked), l.strange
	l.mu.Unlock()
	if len(acked) == 0 {
		t.Fatal("nothing was answered 200: the load proved nothing")
	}
	for _, s := range strange {
		t.Errorf("a tracker was answered %s", s)
	}

	var sum tally
	eventually(t, "every acknowledged event has arrived", func() error {
		rows, err := at.eventIDs(l.app)
		if err != nil {
			return err
		}
		if sum = count(acked, unacked, rows); sum.missing > 0 {
			return fmt.Errorf("%d of %d acknowledged events are missing", sum.missing, len(acked))
		}
		return nil
	})
	if sum.repeated > 0 || sum.strangers > 0 {
		t.Errorf("%d events arrived more than once, %d were never sent", sum.repeated, sum.strangers)
	}
	t.Logf("%s: %d events acknowledged, all arrived once; %d sent without an acknowledgement, %d of them arrived; %d requests refused, %d broken off",
		l.app, len(acked), len(unacked), sum.unsure, l.refused.Load(), l.broken.Load())
}

// tally is what a destination holds beside what it should hold.
type tally struct {
	missing   int // acknowledged, not there
	repeated  int // there more than once
	strangers int // there, never sent
	unsure    int // there, sent, not acknowledged: allowed
}

func count(acked, unacked map[string]bool, rows map[string]int) (sum tally) {
	for id := range acked {
		if rows[id] == 0 {
			sum.missing++
		}
	}
	for id, n := range rows {
		if n > 1 {
			sum.repeated++
		}
		switch {
		case acked[id]:
		case unacked[id]:
			sum.unsure++
		default:
			sum.strangers++
		}
	}
	return sum
}

// TestCount is the control: an accountant who finds nothing wrong where
// something is would make every test above pass.
func TestCount(t *testing.T) {
	acked, unacked := map[string]bool{"a": true, "b": true}, map[string]bool{"c": true, "d": true}
	for _, tt := range []struct {
		rows map[string]int
		want tally
	}{
		{map[string]int{"a": 1, "b": 1}, tally{}},
		{map[string]int{"a": 1, "b": 1, "c": 1}, tally{unsure: 1}},
		{map[string]int{"a": 1}, tally{missing: 1}},
		{map[string]int{"a": 2, "b": 1, "d": 2}, tally{repeated: 2, unsure: 1}},
		{map[string]int{"a": 1, "b": 1, "x": 1}, tally{strangers: 1}},
	} {
		if got := count(acked, unacked, tt.rows); got != tt.want {
			t.Errorf("%v: %+v, want %+v", tt.rows, got, tt.want)
		}
	}
}

func millis() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }

// uuid is a random UUID, version 4.
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// undisturbed fails the test if trackers noticed anything. Where other tests run
// beside this one a sync of the disk can take longer than trackers wait, which
// has nothing to do with sinks: but for the long form one request in fifty may
// be refused.
func (l *load) undisturbed(t *testing.T) {
	t.Helper()
	refused, broken, allowed := l.refused.Load(), l.broken.Load(), int64(0)
	if !torture.Long() {
		allowed = l.accepted.Load() / perRequest / 50
	}
	if refused > allowed || broken > 0 {
		t.Errorf("trackers noticed: %d requests were refused and %d broken off", refused, broken)
	}
}
