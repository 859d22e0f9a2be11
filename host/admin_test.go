package host

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/host/config"
	"weir/host/journal"
	"weir/sinks"
)

func TestDeadLettersAreListedAndRetried(t *testing.T) {
	r := newRig(t, "a", "b")
	bad, line := event("good", "")
	r.sink("a").do(func(_ context.Context, b sinks.Batch) error {
		for i, e := range b.Events {
			if e.ID == bad {
				return &sinks.BatchError{Failed: []sinks.EventError{{Index: i, Err: errors.New("column price is missing"), Permanent: true}}}
			}
		}
		return nil
	})
	r.start()
	r.send(append(goodEvents(4), line)...)
	var list struct {
		DeadLetters []struct {
			ID       int64
			Route    string
			Error    string
			Attempts int
			At       time.Time
			Envelope struct {
				EventID string `json:"event_id"`
			}
		}
	}
	until(t, "a dead letter", func() bool {
		r.get("/api/deadletters?route=a&limit=10", &list)
		return len(list.DeadLetters) == 1
	})
	d := list.DeadLetters[0]
	if d.Route != "a" || d.Error != "column price is missing" || d.Attempts != 1 || d.Envelope.EventID != bad || d.At.IsZero() || d.ID == 0 {
		t.Errorf("the dead letter is %+v", d)
	}
	r.sink("a").do(nil)
	resp, err := http.Post("http://"+r.host.AdminAddr()+"/api/deadletters/retry", "application/json", strings.NewReader(`{"route":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 200 || string(text) != "{\"retried\":1,\"waiting\":0}\n" {
		t.Fatalf("retrying: %d %s", resp.StatusCode, text)
	}
	a := r.sink("a")
	until(t, "delivered after the retry", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.events[bad] == 1
	})
	if r.get("/api/deadletters?limit=10", &list); len(list.DeadLetters) != 0 {
		t.Errorf("%d dead letters after the retry", len(list.DeadLetters))
	}
	b := r.sink("b")
	b.wait(t, 5)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events[bad] != 1 {
		t.Errorf("the retry reached another route: %d writes", b.events[bad])
	}
}

func TestDeadLettersAreDropped(t *testing.T) {
	r := newRig(t, "a", "b")
	r.sink("a").do(func(context.Context, sinks.Batch) error { return sinks.Permanent(errors.New("no")) })
	r.sink("b").do(func(context.Context, sinks.Batch) error { return sinks.Permanent(errors.New("no")) })
	r.start()
	r.send(goodEvents(5)...)
	var text string
	waiting := func(n float64) func() bool {
		return func() bool { r.get("/metrics", &text); return sum(text, "weir_dead_letters") == n }
	}
	until(t, "dead letters", waiting(10))
	for body, want := range map[string]string{
		`{"route":"a"}`:   "200 {\"dropped\":5,\"waiting\":5}\n",
		`{"ids":[999]}`:   "200 {\"dropped\":0,\"waiting\":",
		`{"rout":"typo"}`: "400 ",
	} {
		resp, err := http.Post("http://"+r.host.AdminAddr()+"/api/deadletters/drop", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if got := fmt.Sprintf("%d %s", resp.StatusCode, answer); !strings.HasPrefix(got, want) {
			t.Errorf("dropping %s: %s, want %s", body, got, want)
		}
	}
	if !waiting(5)() || sum(text, "weir_dead_letters_dropped_total", `by="operator"`) != 5 {
		t.Errorf("%v dead letters are left and %v counted as dropped, want 5 and 5", sum(text, "weir_dead_letters"), sum(text, "weir_dead_letters_dropped_total"))
	}
}

// An operator hears of a route that is gone; its letters wait for its return.
func TestRetryForRouteThatIsGone(t *testing.T) {
	r := newRig(t, "a", "b")
	r.sink("a").do(func(context.Context, sinks.Batch) error { return sinks.Permanent(errors.New("no")) })
	r.start()
	r.send(goodEvents(3)...)
	var text string
	dead := func() bool { r.get("/metrics", &text); return sum(text, "weir_dead_letters") == 3 }
	until(t, "dead letters", dead)
	r.drain()
	r.cfg.Routes, r.cfg.Sinks = r.cfg.Routes[1:], r.cfg.Sinks[1:]
	r.start()
	resp, err := http.Post("http://"+r.host.AdminAddr()+"/api/deadletters/retry", "application/json", strings.NewReader(`{"route":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 409 || !strings.Contains(string(answer), `no route named "a"`) {
		t.Errorf("retrying: %d %s", resp.StatusCode, answer)
	}
	if !dead() {
		t.Errorf("%v dead letters wait, want 3", sum(text, "weir_dead_letters"))
	}
}

func TestTail(t *testing.T) {
	r := newRig(t, "a").start()
	first := goodEvents(3)
	r.send(first...)
	r.sink("a").wait(t, 3)
	resp, err := http.Get("http://" + r.host.AdminAddr() + "/api/tail")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("Content-Type is %q", got)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(resp.Body)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			if data, ok := strings.CutPrefix(s.Text(), "data: "); ok {
				lines <- data
			}
		}
	}()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-lines:
			if got != want {
				t.Errorf("tail shows\n%s, want\n%s", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("tail shows nothing")
		}
	}
	for _, want := range first {
		expect(want)
	}
	next := goodEvents(1)
	r.send(next...)
	expect(next[0])
	r.drain() // an open stream does not hold up the end
	if _, more := <-lines; more {
		t.Error("the stream goes on after the end")
	}
}

// sum adds up the samples of a metric whose labels contain each of the parts.
func sum(text, name string, parts ...string) (total float64) {
	for _, m := range regexp.MustCompile(`(?m)^`+name+`(?:\{(.*)\})? (\S+)$`).FindAllStringSubmatch(text, -1) {
		matches := true
		for _, p := range parts {
			matches = matches && strings.Contains(m[1], p)
		}
		if v, err := strconv.ParseFloat(m[2], 64); err == nil && matches {
			total += v
		}
	}
	return total
}

// Acknowledged is stored, and for each route stored is delivered, filtered or
// dead.
func TestConservation(t *testing.T) {
	r := newRig(t, "all", "good", "some")
	r.cfg.Routes[1].Events = "good"
	r.sink("some").do(func(_ context.Context, b sinks.Batch) error {
		for _, e := range b.Events {
			if strings.HasSuffix(e.ID, "0") {
				return sinks.Permanent(errors.New("ends in 0"))
			}
		}
		return nil
	})
	r.start()
	const batches, good, bad = 10, 40, 8
	for range batches {
		lines := goodEvents(good)
		for range bad {
			_, line := event("failed", "")
			lines = append(lines, line)
		}
		id, body := frame(lines...)
		for range 2 { // every batch is sent again
			if status, answer := r.post(id, body); status != 200 {
				t.Fatalf("answer %d %s", status, answer)
			}
		}
	}
	const events = batches * (good + bad)
	var text string
	settled := func(route string) float64 {
		label := `route="` + route + `"`
		return sum(text, "weir_events_delivered_total", label) + sum(text, "weir_events_dead_total", label) + sum(text, "weir_events_filtered_total", label)
	}
	until(t, "everything settled", func() bool {
		r.get("/metrics", &text)
		return settled("all") == events && settled("good") == events && settled("some") == events &&
			settled(observerRoute) == events && sum(text, "weir_route_lag_batches") == 0
	})
	for name, c := range map[string]struct{ got, want float64 }{
		"acknowledged":      {sum(text, "weir_events_acknowledged_total"), events},
		"acknowledged good": {sum(text, "weir_events_acknowledged_total", `verdict="good"`), batches * good},
		"duplicates":        {sum(text, "weir_batches_duplicate_total"), batches},
		"batches":           {sum(text, "weir_batches_acknowledged_total"), batches},
		"stored":            {sum(text, "weir_events_stored_total", `app="shop"`, `protocol="snowplow"`), events},
		"stored failed":     {sum(text, "weir_events_stored_total", `verdict="failed"`), batches * bad},
		"filtered":          {sum(text, "weir_events_filtered_total", `route="good"`), batches * bad},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	if dead := sum(text, "weir_events_dead_total", `route="some"`); dead != sum(text, "weir_dead_letters") || dead == 0 {
		t.Errorf("%v events died and %v dead letters wait", dead, sum(text, "weir_dead_letters"))
	}
	var status struct {
		Counters struct{ Events, Good, Failed, Batches, Duplicates float64 }
		Journal  struct{ Bytes, Limit, Records float64 }
		Routes   []struct {
			Name, Sink, Breaker string
			Position, Lag       float64
		}
	}
	r.get("/api/status", &status)
	if c := status.Counters; c.Events != events || c.Good != batches*good || c.Failed != batches*bad || c.Batches != batches || c.Duplicates != batches {
		t.Errorf("the status counts %+v", c)
	}
	if status.Journal.Bytes <= 0 || status.Journal.Limit != 8<<30 || status.Journal.Records != batches || len(status.Routes) != 4 {
		t.Errorf("the status is %+v", status)
	}
	for _, route := range status.Routes {
		if route.Position != batches || route.Lag != 0 || route.Breaker != "closed" || route.Sink == "" {
			t.Errorf("the status shows %+v", route)
		}
	}
}

func TestAdminIsProtected(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Admin.Token = "correct horse"
	r.start()
	do := func(set func(*http.Request)) int {
		t.Helper()
		req, err := http.NewRequest("GET", "http://"+r.host.AdminAddr()+"/api/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		set(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("Content-Security-Policy is %q", csp)
		}
		return resp.StatusCode
	}
	for want, set := range map[int]func(*http.Request){
		401: func(*http.Request) {},
		200: func(r *http.Request) { r.Header.Set("Authorization", "Bearer correct horse") },
	} {
		if got := do(set); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	if got := do(func(r *http.Request) { r.SetBasicAuth("anyone", "correct horse") }); got != 200 {
		t.Errorf("as a browser: %d", got)
	}
	for _, wrong := range []string{"Bearer wrong", "Bearer ", "Basic !", "correct horse"} {
		if got := do(func(r *http.Request) { r.Header.Set("Authorization", wrong) }); got != 401 {
			t.Errorf("with %q: %d", wrong, got)
		}
	}
	if strings.Contains(r.logs.String(), "correct horse") {
		t.Error("the token is logged")
	}
}

// Without a token, neither a page elsewhere nor a name that resolves to a
// loopback address gets anywhere.
func TestAdminWithoutToken(t *testing.T) {
	r := newRig(t, "a").start()
	request := func(method, path string, set func(*http.Request)) int {
		t.Helper()
		req, err := http.NewRequest(method, "http://"+r.host.AdminAddr()+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		set(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for name, c := range map[string]struct {
		method, path string
		set          func(*http.Request)
		want         int
	}{
		"plain":           {"GET", "/api/status", func(*http.Request) {}, 200},
		"page":            {"GET", "/", func(*http.Request) {}, 200},
		"rebound name":    {"GET", "/api/status", func(r *http.Request) { r.Host = "rebound.example:8082" }, 403},
		"localhost":       {"GET", "/api/status", func(r *http.Request) { r.Host = "localhost:8082" }, 200},
		"own page acts":   {"POST", "/api/deadletters/retry", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }, 200},
		"other page acts": {"POST", "/api/deadletters/retry", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"other origin":    {"POST", "/api/deadletters/retry", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		"no such thing":   {"GET", "/api/nothing", func(*http.Request) {}, 404},
		"bad limit":       {"GET", "/api/failed?limit=many", func(*http.Request) {}, 400},
	} {
		if got := request(c.method, c.path, c.set); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// When storage fails the host refuses, ends with an error that names the file,
// and leaves what was acknowledged.
func TestBrokenJournalEndsTheHost(t *testing.T) {
	r := newRig(t, "a").start()
	r.send(goodEvents(2)...)
	r.sink("a").wait(t, 2)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.cfg.DataDir, "journal", "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("ALTER TABLE seen RENAME TO elsewhere"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if status, answer := r.post(frame(goodEvents(1)...)); status != 503 {
		t.Errorf("answer %d %s, want 503", status, answer)
	}
	select {
	case err := <-r.done:
		if !errors.Is(err, journal.ErrBroken) || !strings.Contains(err.Error(), "journal.db") {
			t.Errorf("the host ends with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the host goes on")
	}
	r.host = nil
}

// A full journal refuses, says so, and accepts again by itself.
func TestFullJournalRefusesAndResumes(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Journal.MaxBytes = 1 << 20
	away := sinks.ErrNotConnected
	r.sink("a").do(func(context.Context, sinks.Batch) error { return away })
	r.start()
	noise := make([]byte, 30<<10)
	rand.Read(noise)
	filler := `,"page_title":"` + base64.StdEncoding.EncodeToString(noise) + `"`
	accepted := 0
	for {
		_, line := event("good", filler)
		id, body := frame(line)
		status, answer := r.post(id, body)
		if status == 503 {
			break
		}
		if accepted++; status != 200 || accepted > 1000 {
			t.Fatalf("answer %d %s after %d", status, answer, accepted)
		}
	}
	ready := func() int {
		resp, err := http.Get("http://" + r.host.PublicAddr() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := ready(); got != 503 {
		t.Errorf("readyz is %d", got)
	}
	r.sink("a").do(nil)
	r.sink("a").wait(t, accepted)
	until(t, "ready again", func() bool { return ready() == 200 })
	r.send(goodEvents(1)...)
	r.sink("a").wait(t, accepted+1)
}

func TestRotation(t *testing.T) {
	old := sinks.Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	latest := sinks.Secret("whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=")
	r := newRig(t, "a")
	r.cfg.Edge.Secrets = []sinks.Secret{old}
	r.start()
	r.send(goodEvents(1)...)
	r.drain()
	r.cfg.Edge.Secrets = []sinks.Secret{latest, old}
	r.start()
	r.send(goodEvents(1)...) // signed with the new one
	key := r.key
	r.key = []byte("0123456789abcdef0123456789abcdef") // what the old one encodes
	r.send(goodEvents(1)...)
	r.drain()
	r.cfg.Edge.Secrets = []sinks.Secret{latest}
	r.start()
	r.key = []byte("0123456789abcdef0123456789abcdef")
	if status, _ := r.post(frame(goodEvents(1)...)); status != 401 {
		t.Errorf("the removed secret: %d, want 401", status)
	}
	r.key = key
	r.send(goodEvents(1)...)
}

func TestListenersCanBeOff(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Admin.Listen = config.AdminOff
	r.start()
	if got := r.host.AdminAddr(); got != "" {
		t.Errorf("the admin listener is at %s", got)
	}
	r.send(goodEvents(1)...)
}

func TestBadConfigurationIsRefused(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Routes[0].Sink = "nowhere"
	if _, err := New(r.cfg, nil); err == nil || !strings.Contains(err.Error(), `routes[0].sink: unknown sink "nowhere"`) {
		t.Errorf("error is %v", fmt.Sprint(err))
	}
}
