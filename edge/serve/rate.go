package serve

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"weir/edge/collector"
	"weir/edge/envelope"
)

// Rate bounds how much may come from somebody: so much a second as time goes
// by, and Burst at once after a rest. The zero Rate bounds nothing.
type Rate struct {
	PerSecond float64
	Burst     int
}

// ParseRate reads "PER-SECOND" or "PER-SECOND:BURST". Without a burst it is what
// ten seconds allow.
func ParseRate(s string) (Rate, error) {
	rate, burst, more := strings.Cut(s, ":")
	r := Rate{}
	var err error
	if r.PerSecond, err = strconv.ParseFloat(rate, 64); err != nil || !(r.PerSecond >= 0.001 && r.PerSecond <= 1e6) {
		return Rate{}, errors.New("a rate is a number a second from 0.001 to 1000000, such as 20 or 0.5")
	}
	r.Burst = max(1, int(10*r.PerSecond))
	if more {
		if r.Burst, err = strconv.Atoi(burst); err != nil || r.Burst < 1 || r.Burst > 1e9 {
			return Rate{}, errors.New("behind the colon stands a burst from 1 to 1000000000, such as 20:200")
		}
	}
	return r, nil
}

// String returns the rate as [ParseRate] reads it, "" for none.
func (r Rate) String() string {
	if r == (Rate{}) {
		return ""
	}
	return strconv.FormatFloat(r.PerSecond, 'g', -1, 64) + ":" + strconv.Itoa(r.Burst)
}

// buckets are token buckets by key. Of each only the time is kept at which it
// would be full (the theoretical arrival time of the generic cell rate
// algorithm, ITU-T I.371), in two generations: whoever did not come while
// maxBuckets others did is forgotten, so that an attack from many places takes
// no more than so much room.
type buckets[K comparable] struct {
	mu       sync.Mutex
	interval time.Duration // that one token takes
	burst    time.Duration // that a full bucket takes
	recent   map[K]time.Time
	older    map[K]time.Time
}

const maxBuckets = 1 << 16

// newBuckets returns nil for a rate that bounds nothing.
func newBuckets[K comparable](r Rate) *buckets[K] {
	if r.PerSecond <= 0 {
		return nil
	}
	interval := max(1, time.Duration(float64(time.Second)/r.PerSecond))
	return &buckets[K]{interval: interval, burst: interval * time.Duration(max(1, r.Burst)), recent: map[K]time.Time{}}
}

// take takes as many tokens of each key as it says. A bucket that is not empty
// gives any number, and is then in debt, so that a request of many events passes
// at all; if one is empty, nothing is taken and wait is how long it will be so.
func (b *buckets[K]) take(now time.Time, tokens map[K]int) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key := range tokens {
		// It is empty as long as it lacks more than all but one token.
		wait = max(wait, b.full(key, now).Sub(now)-(b.burst-b.interval))
	}
	if wait > 0 {
		return wait
	}
	for key, n := range tokens {
		b.put(key, b.full(key, now).Add(b.interval*time.Duration(n)))
	}
	return 0
}

func (b *buckets[K]) full(key K, now time.Time) time.Time {
	full, ok := b.recent[key]
	if !ok {
		full = b.older[key]
	}
	if full.Before(now) {
		return now
	}
	return full
}

func (b *buckets[K]) put(key K, full time.Time) {
	if _, ok := b.recent[key]; !ok && len(b.recent) >= maxBuckets {
		b.older, b.recent = b.recent, map[K]time.Time{}
	}
	b.recent[key] = full
}

// network is what the requests of one client have in common: its address, or
// the /64 that an IPv6 client has to itself.
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}

// countApps counts the events of each app in a batch. One that names none is the app "".
func countApps(batch []byte) map[string]int {
	apps := map[string]int{}
	b, err := envelope.NewReader(batch).Next()
	if err != nil {
		return apps
	}
	for _, line := range b.Events {
		// An envelope begins with its app_id, if it has one. An escaped quote in
		// it cuts the name short: it is a key here and nothing else.
		app, _ := bytes.CutPrefix(line, []byte(`{"app_id":"`))
		if len(app) == len(line) {
			app = nil
		}
		app, _, _ = bytes.Cut(app, []byte(`"`))
		apps[string(app)]++
	}
	return apps
}

// tooMany makes a refusal of nobody having taken the batch one of too much
// having come: status 429, which trackers keep their events at, too.
func tooMany(out *collector.Outcome, wait time.Duration) {
	out.Refusal.Status = http.StatusTooManyRequests
	for i := range out.Refusal.Headers {
		if h := &out.Refusal.Headers[i]; h.Name == "Retry-After" {
			h.Value = seconds(wait)
		}
	}
	if len(out.Refusal.Body) > 0 {
		out.Refusal.Body = []byte(http.StatusText(http.StatusTooManyRequests))
	}
}

// seconds rounds up to whole ones, as Retry-After wants them.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// shed counts requests that came too fast, and logs how many there were once a minute.
type shed struct {
	mu    sync.Mutex
	since time.Time
	count int
}

func (s *shed) note(log *slog.Logger, now time.Time, by string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if now.Sub(s.since) < time.Minute {
		return
	}
	log.Warn("requests come faster than the edge may take them: trackers are asked to wait", "bound", by, "refused", s.count)
	s.since, s.count = now, 0
}
