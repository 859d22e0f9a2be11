package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/edge/signature"
	"weir/host/journal"
)

var key = []byte("0123456789abcdef0123456789abcdef")

// store is a journal that a test answers for.
type store struct {
	append  func(ctx context.Context, batches []journal.Batch) ([]journal.Stored, error)
	settled func(ctx context.Context, seq int64) error
	ready   error
}

func (s *store) Append(ctx context.Context, batches ...journal.Batch) ([]journal.Stored, error) {
	if s.append != nil {
		return s.append(ctx, batches)
	}
	return make([]journal.Stored, len(batches)), nil
}

func (s *store) Settled(ctx context.Context, seq int64, routes ...string) error {
	return s.settled(ctx, seq)
}

func (s *store) Ready(context.Context) error { return s.ready }

type result struct {
	status int
	header http.Header
	body   string
}

func handler(s *store, log io.Writer, set func(*Config)) *Handler {
	c := Config{Store: s, Secrets: [][]byte{[]byte("another key that is no longer used"), key}, MaxBody: 1 << 20, Arriving: 4 << 20, Concurrent: 4, AckWait: 5 * time.Second, Timeout: 5 * time.Second,
		Log: slog.New(slog.NewTextHandler(log, nil))}
	if set != nil {
		set(&c)
	}
	return New(c)
}

func body(id string) []byte {
	h := envelope.Header{ID: id, Events: 1, Failed: 1, Captured: 1}
	return append(h.AppendJSON(nil), "\n{\"secret\":\"payload\"}\n"...)
}

func request(id string, body []byte, at time.Time) *http.Request {
	r := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(body))
	r.Header.Set("Content-Type", ContentType)
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("webhook-signature", signature.Sign(key, id, at.Unix(), body))
	return r
}

func serve(h http.Handler, r *http.Request) result {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return result{w.Code, w.Header(), w.Body.String()}
}

func post(h http.Handler) result {
	id := journal.NewID(time.Now()).String()
	return serve(h, request(id, body(id), time.Now()))
}

func TestAnswersFollowTheStore(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		known  bool
		status int
		body   string
		retry  bool
	}{
		"stored":   {nil, false, 200, `"duplicate":false`, false},
		"known":    {nil, true, 200, `"duplicate":true`, false},
		"full":     {fmt.Errorf("writing: %w", journal.ErrFull), false, 503, "full", true},
		"busy":     {journal.ErrBusy, false, 503, "could not be stored", true},
		"broken":   {fmt.Errorf("%w: /var/lib/weir", journal.ErrBroken), false, 503, "could not be stored", true},
		"closed":   {journal.ErrClosed, false, 503, "could not be stored", true},
		"surprise": {errors.New("/var/lib/weir: what"), false, 503, "could not be stored", true},
	} {
		var logs bytes.Buffer
		var seen Result
		s := &store{append: func(_ context.Context, b []journal.Batch) ([]journal.Stored, error) {
			return []journal.Stored{{Known: c.known}}, c.err
		}}
		h := handler(s, &logs, func(c *Config) { c.Observe = func(r Result) { seen = r } })
		got := post(h)
		if got.status != c.status || !strings.Contains(got.body, c.body) || (got.header.Get("Retry-After") != "") != c.retry {
			t.Errorf("%s: %+v", name, got)
		}
		if strings.Contains(got.body, "/var/lib") {
			t.Errorf("%s: the answer tells of the host's disk: %s", name, got.body)
		}
		if strings.Contains(logs.String(), "payload") {
			t.Errorf("%s: an event is logged: %s", name, logs.String())
		}
		want := Result{Status: c.status, Ack: "stored"}
		switch {
		case c.known:
			want.Duplicates = 1
		case c.err == nil:
			want.Batches, want.Events, want.Failed = 1, 1, 1
		}
		if seen.Took = 0; seen != want {
			t.Errorf("%s: counted as %+v, want %+v", name, seen, want)
		}
	}
}

// Storage that broke is not asked again.
func TestBrokenStoreRefusesFromThenOn(t *testing.T) {
	calls := 0
	s := &store{append: func(context.Context, []journal.Batch) ([]journal.Stored, error) {
		calls++
		return nil, journal.ErrBroken
	}}
	h := handler(s, io.Discard, nil)
	post(h)
	if got := post(h); got.status != 503 || calls != 1 {
		t.Errorf("%d after %d calls", got.status, calls)
	}
	if got := serve(h, httptest.NewRequest("GET", "/readyz", nil)); got.status != 503 {
		t.Errorf("readyz is %d", got.status)
	}
	if got := serve(h, httptest.NewRequest("GET", "/healthz", nil)); got.status != 200 {
		t.Errorf("healthz is %d", got.status)
	}
}

func TestReadyMeansAccepting(t *testing.T) {
	s := &store{}
	h := handler(s, io.Discard, nil)
	ready := func() int { return serve(h, httptest.NewRequest("GET", "/readyz", nil)).status }
	if got := ready(); got != 200 {
		t.Errorf("%d at first", got)
	}
	if s.ready = journal.ErrFull; ready() != 503 {
		t.Error("ready although full")
	}
	if s.ready = nil; ready() != 200 {
		t.Error("not ready again")
	}
	if h.Refuse("stopping"); ready() != 503 || post(h).status != 503 {
		t.Error("accepting after Refuse")
	}
}

// Every changed part of what is signed fails, with the same answer.
func TestSignatureCoversEverything(t *testing.T) {
	h := handler(&store{append: func(context.Context, []journal.Batch) ([]journal.Stored, error) {
		return nil, errors.New("the store was reached")
	}}, io.Discard, nil)
	id := journal.NewID(time.Now()).String()
	for name, change := range map[string]func(r *http.Request){
		"id":        func(r *http.Request) { r.Header.Set("webhook-id", journal.NewID(time.Now()).String()) },
		"timestamp": func(r *http.Request) { r.Header.Set("webhook-timestamp", strconv.FormatInt(time.Now().Unix()+1, 10)) },
		"body":      func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(append(body(id), ' '))) },
		"removed":   func(r *http.Request) { r.Header.Del("webhook-signature") },
		"version":   func(r *http.Request) { r.Header.Set("webhook-signature", "v2"+r.Header.Get("webhook-signature")[2:]) },
	} {
		r := request(id, body(id), time.Now())
		change(r)
		if got := serve(h, r); got.status != 401 || got.body != `{"error":"unauthorized"}` {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for offset, want := range map[time.Duration]int{-6 * time.Minute: 401, 6 * time.Minute: 401, -4 * time.Minute: 503, 4 * time.Minute: 503} {
		if got := serve(h, request(id, body(id), time.Now().Add(offset))); got.status != want {
			t.Errorf("signed %s from now: %d, want %d", offset, got.status, want)
		}
	}
}

// An operator hears of signatures that do not verify, once a minute at most.
func TestUnverifiedIsLogged(t *testing.T) {
	var logs bytes.Buffer
	now := time.Now()
	h := handler(&store{}, &logs, func(c *Config) { c.Now = func() time.Time { return now } })
	id := journal.NewID(now).String()
	for range 3 {
		r := request(id, body(id), now)
		r.Header.Del("webhook-signature")
		if got := serve(h, r); got.status != 401 {
			t.Fatalf("unsigned: %+v", got)
		}
	}
	if n := strings.Count(logs.String(), "does not verify"); n != 1 || !strings.Contains(logs.String(), "clocks") {
		t.Errorf("logged %d times: %s", n, &logs)
	}
	now = now.Add(time.Minute)
	r := request(id, body(id), now.Add(-time.Hour))
	if got := serve(h, r); got.status != 401 || strings.Count(logs.String(), "does not verify") != 2 {
		t.Errorf("a minute later: %+v, logged %s", got, &logs)
	}
}

// What one secret sends too much is refused until it has flowed in again; the
// other secret does not notice.
func TestRate(t *testing.T) {
	clock := time.Now()
	h := handler(&store{}, io.Discard, func(c *Config) {
		c.Rate = 2
		c.Now = func() time.Time { return clock }
	})
	send := func(key []byte, events int) result {
		id := journal.NewID(clock).String()
		head := envelope.Header{ID: id, Events: events}
		text := append(head.AppendJSON(nil), "\n"+strings.Repeat("{}\n", events)...)
		r := request(id, text, clock)
		r.Header.Set("webhook-signature", signature.Sign(key, id, clock.Unix(), text))
		return serve(h, r)
	}
	for i, step := range []struct {
		after  time.Duration
		events int
		status int
		retry  string
	}{
		{0, 19, 200, ""},
		{0, 21, 200, ""}, // one was left: the batch is taken whole
		{0, 1, 429, "11"},
		{10 * time.Second, 1, 429, "1"},
		{time.Second, 2, 200, ""},
		{0, 1, 429, "1"},
		{time.Hour, 20, 200, ""},
		{0, 1, 429, "1"},
	} {
		clock = clock.Add(step.after)
		if got := send(key, step.events); got.status != step.status || got.header.Get("Retry-After") != step.retry {
			t.Errorf("step %d: %+v, want %d after %q", i, got, step.status, step.retry)
		}
	}
	if got := send([]byte("another key that is no longer used"), 1); got.status != 200 {
		t.Errorf("another secret: %+v", got)
	}
}

func TestMoreRequestsThanSlots(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{})
	s := &store{append: func(context.Context, []journal.Batch) ([]journal.Stored, error) {
		entered <- struct{}{}
		<-release
		return make([]journal.Stored, 1), nil
	}}
	h := handler(s, io.Discard, func(c *Config) { c.Concurrent = 2 })
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if got := post(h); got.status != 200 {
				t.Errorf("a request with a slot: %d", got.status)
			}
		})
		<-entered
	}
	if got := post(h); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("beyond the slots: %+v", got)
	}
	close(release)
	wg.Wait()
}

// A batch that asks for it is acknowledged after its delivery; until then the
// request holds no slot for storing.
func TestDelivered(t *testing.T) {
	release, waits := make(chan error), make(chan int64)
	var seen Result
	s := &store{
		append: func(context.Context, []journal.Batch) ([]journal.Stored, error) {
			return []journal.Stored{{Seq: 7}, {Seq: 9}, {Seq: 12}}, nil
		},
		settled: func(ctx context.Context, seq int64) error {
			waits <- seq
			select {
			case err := <-release:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
	h := handler(s, io.Discard, func(c *Config) {
		c.Concurrent = 1
		c.Observe = func(r Result) { seen = r }
	})
	send := func() result {
		var text []byte
		ids := make([]string, 3)
		for i, ack := range []envelope.Ack{envelope.AckDelivered, envelope.AckDelivered, envelope.AckStored} {
			ids[i] = journal.NewID(time.Now()).String()
			head := envelope.Header{ID: ids[i], Events: 1, Ack: ack}
			text = append(head.AppendJSON(text), "\n{}\n"...)
		}
		return serve(h, request(ids[0], text, time.Now()))
	}
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"delivered": {nil, 200},
		"late":      {context.DeadlineExceeded, 503},
	} {
		answer := make(chan result)
		go func() { answer <- send() }()
		if seq := <-waits; seq != 9 {
			t.Errorf("%s: waits for batch %d, want 9, the last that asks for it", name, seq)
		}
		if got := post(h); got.status != 200 {
			t.Errorf("%s: another batch beside it: %+v", name, got)
		}
		if got := send(); got.status != 503 || !strings.Contains(got.body, "is stored") {
			t.Errorf("%s: beyond those that may wait: %+v", name, got)
		}
		release <- c.err
		got := <-answer
		if got.status != c.status || (got.header.Get("Retry-After") != "") != (c.status == 503) {
			t.Errorf("%s: %+v", name, got)
		}
		if seen.Batches != 3 || seen.Waited <= 0 {
			t.Errorf("%s: counted as %+v", name, seen)
		}
	}
	answer := make(chan result)
	go func() { answer <- send() }()
	<-waits
	h.Refuse("stopping")
	if got := <-answer; got.status != 503 {
		t.Errorf("waiting while the host stops: %+v", got)
	}
}

// A client that sends its body drop by drop is cut off, and frees its slot.
func TestSlowClientIsCutOff(t *testing.T) {
	h := handler(&store{}, io.Discard, func(c *Config) { c.Timeout, c.Concurrent = 50*time.Millisecond, 1 })
	server := httptest.NewServer(h)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\nx", Path, ContentType)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Fatalf("%q, %v", answer, err)
	}
	if got := post(h); got.status != 200 {
		t.Errorf("the slot was not freed: %+v", got)
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	h := handler(&store{}, io.Discard, nil)
	for target, want := range map[string]int{"GET " + Path: 405, "PUT " + Path: 405, "POST /": 404, "GET /metrics": 404, "GET /api/status": 404} {
		method, path, _ := strings.Cut(target, " ")
		if got := serve(h, httptest.NewRequest(method, path, nil)); got.status != want {
			t.Errorf("%s: %d, want %d", target, got.status, want)
		}
	}
}

// A batch that only says how many events nothing was kept of is counted and not
// stored; beside others its count is added to theirs.
func TestFilteredAtTheEdge(t *testing.T) {
	var seen Result
	var stored []string
	s := &store{append: func(_ context.Context, list []journal.Batch) ([]journal.Stored, error) {
		for _, b := range list {
			stored = append(stored, b.ID.String())
		}
		return make([]journal.Stored, len(list)), nil
	}}
	h := handler(s, io.Discard, func(c *Config) { c.Observe = func(r Result) { seen = r } })
	id := journal.NewID(time.Now()).String()
	nothing := envelope.Header{ID: id, Captured: 1, Filtered: 3, Refused: 1, Bots: 2}
	empty := append(nothing.AppendJSON(nil), '\n')
	if got := serve(h, request(id, empty, time.Now())); got.status != 200 || !strings.Contains(got.body, `"events":0`) || len(stored) != 0 {
		t.Errorf("%+v, stored %v", got, stored)
	}
	if seen.Filtered != 3 || seen.Refused != 1 || seen.Bots != 2 || seen.Events != 0 || seen.Batches != 0 {
		t.Errorf("counted as %+v", seen)
	}
	other := journal.NewID(time.Now()).String()
	some := envelope.Header{ID: other, Captured: 1, Events: 1, Failed: 1, Filtered: 2}
	both := append(append(slices.Clone(empty), some.AppendJSON(nil)...), "\n{}\n"...)
	if got := serve(h, request(id, both, time.Now())); got.status != 200 || !slices.Equal(stored, []string{other}) {
		t.Errorf("%+v, stored %v", got, stored)
	}
	if seen.Filtered != 5 || seen.Events != 1 || seen.Batches != 1 {
		t.Errorf("counted as %+v", seen)
	}
}
