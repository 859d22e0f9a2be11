package serve

import (
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/protocol/all"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{"20": {20, 200}, "20:7": {20, 7}, "0.5": {0.5, 5}, "0.01": {0.01, 1}, "1e3:1": {1000, 1}} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", text, got, err, want)
		}
		if back, err := ParseRate(want.String()); err != nil || back != want {
			t.Errorf("%+v is spelled %q, which is %+v, %v", want, want, back, err)
		}
	}
	for _, text := range []string{"", "x", "0", "-1", "NaN", "Inf", "1e9", "5:", "5:0", "5:-1", "5:x", "5:1:1"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func TestBuckets(t *testing.T) {
	now := time.Unix(1_795_215_804, 0)
	b := newBuckets[string](Rate{PerSecond: 2, Burst: 3})
	take := func(n int, after, want time.Duration) {
		t.Helper()
		now = now.Add(after)
		if got := b.take(now, map[string]int{"a": n}); got != want {
			t.Errorf("take %d: wait %v, want %v", n, got, want)
		}
	}
	take(1, 0, 0)
	take(1, 0, 0)
	take(1, 0, 0)
	take(1, 0, 500*time.Millisecond) // the burst is used up
	take(1, 499*time.Millisecond, time.Millisecond)
	take(1, time.Millisecond, 0)
	take(1, 0, 500*time.Millisecond)
	if got := b.take(now, map[string]int{"b": 1}); got != 0 {
		t.Errorf("another key waits %v", got)
	}
	if got := b.take(now, map[string]int{"a": 1, "c": 1}); got == 0 {
		t.Error("one of two is empty, and both give")
	}
	if _, ok := b.recent["c"]; ok {
		t.Error("what was refused has taken of the other bucket")
	}
	take(10, time.Hour, 0) // more than there is: a debt
	take(1, 0, 4*time.Second)
	if newBuckets[string](Rate{}) != nil {
		t.Error("the zero rate bounds something")
	}
}

// However many come, the room for them is bounded, and whoever keeps coming is
// not forgotten.
func TestBucketsAreBounded(t *testing.T) {
	now := time.Unix(1_795_215_804, 0)
	b := newBuckets[int](Rate{PerSecond: 0.001, Burst: 1})
	for i := range 3 * maxBuckets {
		if b.take(now, map[int]int{i: 1}) != 0 {
			t.Fatalf("%d is refused at its first request", i)
		}
		if n := len(b.recent) + len(b.older); n > 2*maxBuckets {
			t.Fatalf("%d buckets", n)
		}
	}
	if b.take(now, map[int]int{3*maxBuckets - 1: 1}) == 0 {
		t.Error("the last that came is forgotten")
	}
}

func TestNetwork(t *testing.T) {
	for addr, want := range map[string]string{"203.0.113.77": "203.0.113.77/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64"} {
		if got := network(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s is of %s, want %s", addr, got, want)
		}
	}
	if got := network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address is of %s", got)
	}
}

// clock is a time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// whole is a native edge with rates, and what its host took.
func whole(t *testing.T, cfg Config) (url string, taken func() int) {
	t.Helper()
	engine, err := NewNative(func() (*collector.Collector, error) { return collector.New(nil, nil, all.Adapters()...) })
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	cfg.Engine, cfg.Forward = engine, host(func(string, []byte) error {
		mu.Lock()
		defer mu.Unlock()
		n++
		return nil
	})
	url, _ = start(t, cfg)
	return url, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

func get(t *testing.T, url, origin string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// isTooMany checks what a tracker needs to keep its events and to come again.
func isTooMany(t *testing.T, resp *http.Response, body, wait string) {
	t.Helper()
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != wait || strings.TrimSpace(body) != "Too Many Requests" ||
		resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" || resp.Header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("answer = %d %q %v, want 429 after %s s, for the page to read", resp.StatusCode, body, resp.Header, wait)
	}
}

func TestRatePerAddress(t *testing.T) {
	var logged strings.Builder
	c := &clock{now: time.Unix(1_795_215_804, 0)}
	url, taken := whole(t, Config{PerAddress: Rate{PerSecond: 0.5, Burst: 2}, Now: c.Now, Log: slog.New(slog.NewTextHandler(&logged, nil)),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	url += "/i?e=pv&p=web&tv=t&aid=a"
	for i := range 2 {
		if resp, _ := get(t, url, ""); resp.StatusCode != 200 {
			t.Fatalf("request %d: %d", i, resp.StatusCode)
		}
	}
	resp, body := get(t, url, "https://shop.example")
	isTooMany(t, resp, body, "2")
	if taken() != 2 {
		t.Errorf("the host took %d batches, want 2", taken())
	}
	c.pass(2 * time.Second)
	if resp, _ := get(t, url, ""); resp.StatusCode != 200 {
		t.Errorf("after the wait: %d", resp.StatusCode)
	}
	if !strings.Contains(logged.String(), "bound=address refused=1") || strings.Contains(logged.String(), "127.0.0.1") {
		t.Errorf("logged %q, want the number and no address", logged.String())
	}
}

func TestRatePerApp(t *testing.T) {
	c := &clock{now: time.Unix(1_795_215_804, 0)}
	url, taken := whole(t, Config{PerApp: Rate{PerSecond: 1, Burst: 2}, Now: c.Now, Log: quiet})
	for i, app := range []string{"a", "a", "b", "b"} {
		if resp, _ := get(t, url+"/i?e=pv&p=web&tv=t&aid="+app, ""); resp.StatusCode != 200 {
			t.Fatalf("request %d: %d", i, resp.StatusCode)
		}
	}
	resp, body := get(t, url+"/i?e=pv&p=web&tv=t&aid=a", "https://shop.example")
	isTooMany(t, resp, body, "1")
	if len(resp.Cookies()) > 0 {
		t.Errorf("a refusal sets %v", resp.Cookies())
	}
	if resp, _ := get(t, url+"/health", ""); resp.StatusCode != 200 {
		t.Errorf("health: %d: what holds no event is of no app", resp.StatusCode)
	}
	if taken() != 4 {
		t.Errorf("the host took %d batches, want 4", taken())
	}
	c.pass(time.Second)
	if resp, _ := get(t, url+"/i?e=pv&p=web&tv=t&aid=a", ""); resp.StatusCode != 200 {
		t.Errorf("after the wait: %d", resp.StatusCode)
	}
}

func TestCountApps(t *testing.T) {
	const header = `{"weir_batch":1,"id":"01a1fb33-46db-7dad-9dfe-0e8df43bb39a","captured":"2026-11-20T23:03:24.123Z","ack":"stored","events":4,"failed":0}` + "\n"
	got := countApps([]byte(header + `{"app_id":"a","x":1}` + "\n" + `{"app_id":"b"}` + "\n" + `{"app_id":"a"}` + "\n" + `{"platform":"web","app_id":"c"}` + "\n"))
	if len(got) != 3 || got["a"] != 2 || got["b"] != 1 || got[""] != 1 {
		t.Errorf("counted %v", got)
	}
	if got := countApps([]byte("no batch")); len(got) != 0 {
		t.Errorf("counted %v in no batch", got)
	}
}
