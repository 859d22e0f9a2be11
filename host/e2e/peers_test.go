package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/host/torture"
)

// The scenarios in which other collectors were seen to lose what they had
// acknowledged, or to stall: a slow sink and a SIGTERM, a sink that refuses, a
// sink that is away, a sink that cannot be written beside one that can, a
// SIGTERM under load, and thousands of schemas that nobody has seen before.

// toReceiver runs a host that posts events to a receiver behind a handler that
// may misbehave.
func toReceiver(t *testing.T, misbehave func(next http.Handler) http.Handler) (*system, *receiver, *httptest.Server) {
	t.Helper()
	r := new(receiver)
	server := httptest.NewServer(misbehave(r))
	t.Cleanup(server.Close)
	list := []station{{name: "http", settings: fmt.Sprintf(`http: {url: %q, private: [127.0.0.1/32], timeout: 1s}`, server.URL+"/"), at: r}}
	return startTortured(t, list), r, server
}

// finished reports what came of a scenario in which everything has to arrive.
func (l *load) finished(t *testing.T, s *system, scenario string, at destination) {
	t.Helper()
	sum := l.arrived(t, at)
	l.mu.Lock()
	acked := len(l.acked)
	l.mu.Unlock()
	if dead := s.metric(t, "weir_events_dead_total", ""); dead > 0 {
		t.Errorf("%v events became dead letters, and no event is at fault", dead)
	}
	torture.Row{Scenario: scenario, Cycles: 1, Acknowledged: acked, DeliveredOnce: acked - sum.missing - sum.repeated,
		DeliveredMore: sum.repeated, Lost: sum.missing, PeakMemoryMB: torture.PeakMemoryMB(s.host.cmd.Process.Pid)}.Report(t)
	s.host.stop(t)
}

func TestTortureSlowSinkAndSIGTERM(t *testing.T) {
	s, r, _ := toReceiver(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			select {
			case <-time.After(50 * time.Millisecond):
				next.ServeHTTP(w, q)
			case <-q.Context().Done():
			}
		})
	})
	l := startLoad(t, s.edgeURL, "slow", trackers)
	l.reaches(t, 400)
	l.finish()
	s.host.stop(t)
	s.startHost()
	l.finished(t, s, "a sink that takes 50 ms, SIGTERM with 400 events on their way", r)
}

func TestTortureSinkAnswers500(t *testing.T) {
	var mended atomic.Bool
	var refused atomic.Int64
	s, r, _ := toReceiver(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if mended.Load() {
				next.ServeHTTP(w, q)
				return
			}
			refused.Add(1)
			w.WriteHeader(http.StatusInternalServerError)
		})
	})
	l := startLoad(t, s.edgeURL, "errors", trackers)
	l.reaches(t, 400)
	l.finish()
	eventually(t, "the sink is tried again and again", func() error {
		if n := refused.Load(); n < 7 {
			return fmt.Errorf("%d requests so far", n)
		}
		return nil
	})
	if !strings.Contains(s.host.output(), "a write failed") {
		t.Error("the log says nothing of a sink that refuses everything")
	}
	mended.Store(true)
	l.finished(t, s, "a sink that answers 500 to everything, and is mended", r)
}

func TestTortureSinkAway(t *testing.T) {
	away := 1500 * time.Millisecond
	if torture.Long() {
		away = 12 * time.Second
	}
	r := new(receiver)
	address := freeAddress(t)
	s := startTortured(t, []station{{name: "http", settings: fmt.Sprintf(`http: {url: "http://%s/", private: [127.0.0.1/32], timeout: 1s}`, address), at: r}})
	l := startLoad(t, s.edgeURL, "away", trackers)
	begun := time.Now()
	l.reaches(t, 400)
	eventually(t, fmt.Sprintf("the sink was away for %v", away), func() error {
		if since := time.Since(begun); since < away {
			return fmt.Errorf("%v so far", since)
		}
		return nil
	})
	l.finish()
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: r}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	l.finished(t, s, fmt.Sprintf("a sink where nothing listens for %v", away), r)
}

// TestTortureUnwritableSink sends far more than the 10,004 requests after which
// a peer hung for ever, when asked for the long form.
func TestTortureUnwritableSink(t *testing.T) {
	events := int64(3000)
	if torture.Long() {
		events = 100_000
	}
	good, bad := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(bad, nil, 0o600); err != nil { // a file where the sink wants a folder
		t.Fatal(err)
	}
	s := startTortured(t, []station{
		{name: "good", settings: fmt.Sprintf("file: {dir: %q, rotate_size: 0}", good), at: folder(good)},
		{name: "bad", settings: fmt.Sprintf("file: {dir: %q, rotate_size: 0}", bad)},
	})
	l := startLoad(t, s.edgeURL, "unwritable", trackers)
	l.reaches(t, events)
	l.finish()
	l.undisturbed(t)
	sum := l.arrived(t, folder(good))
	torture.Row{Scenario: "a sink that cannot be written beside one that can, under load", Cycles: 1, Acknowledged: int(l.accepted.Load()),
		DeliveredOnce: int(l.accepted.Load()) - sum.missing, DeliveredMore: sum.repeated, Lost: sum.missing,
		PeakMemoryMB: torture.PeakMemoryMB(s.host.cmd.Process.Pid)}.Report(t)
	s.host.stop(t) // within patience, while one sink owes everything
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	s.startHost()
	l.finished(t, s, "the sink that could not be written, once it can be", folder(bad))
}

func TestTortureSIGTERMUnderLoad(t *testing.T) {
	dir := t.TempDir()
	s := startTortured(t, []station{{name: "file", settings: fmt.Sprintf("file: {dir: %q, rotate_size: 0}", dir), at: folder(dir)}})
	l := startLoad(t, s.edgeURL, "sigterm", trackers)
	l.reaches(t, 3000)
	s.host.stop(t)
	l.finish()
	s.startHost()
	l.finished(t, s, "a fast file sink, SIGTERM under load", folder(dir))
}

// TestTortureColdSchemas sends events of thousands of schemas that nobody
// holds, from many connections, while the host looks for each of them.
func TestTortureColdSchemas(t *testing.T) {
	const schemas, connections = 2000, 64
	dir := t.TempDir()
	s := startTortured(t, []station{{name: "file", settings: fmt.Sprintf("file: {dir: %q, rotate_size: 0}", dir), at: folder(dir)}})
	l := &load{app: "cold", url: s.edgeURL + tp2, acked: map[string]bool{}, unacked: map[string]bool{}, stop: func() {}}
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	var next atomic.Int64
	for range connections {
		l.done.Go(func() {
			client := &http.Client{Transport: transport, Timeout: patience}
			for n := next.Add(1); n <= schemas; n = next.Add(1) {
				data := fmt.Sprintf(`{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.cold/kind%d/jsonschema/1-0-0","data":{"n":%d}}}`, n, n)
				event := map[string]string{"e": "ue", "eid": uuid(), "aid": l.app, "p": "srv", "tv": "load-1.0.0", "ue_pr": data, "dtm": millis()}
				l.mu.Lock()
				l.unacked[event["eid"]] = true
				l.mu.Unlock()
				if !l.send(client, []map[string]string{event}) {
					t.Errorf("the event of schema %d was not accepted", n)
				}
			}
		})
	}
	l.finish()
	l.finished(t, s, strconv.Itoa(schemas)+" schemas that nobody holds, 64 connections", folder(dir))
	text, err := os.ReadFile(filepath.Join(dir, "events.ndjson"))
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), `"verdict":"failed"`); n != schemas {
		t.Errorf("%d events of %d have a verdict that says so", n, schemas)
	}
	need.Ran(t, "scenarios in which peers lose events", "wazero")
}
