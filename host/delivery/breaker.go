package delivery

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const (
	// Failures in a row that open it: one more than the default of retry.attempts,
	// after which a batch is searched for an event that may be to blame instead.
	breakerThreshold = 6
	breakerFirst     = time.Second
	breakerLongest   = 5 * time.Second
)

// breaker keeps writes from a sink that takes none. After breakerThreshold
// failures in a row it opens; when the pause is over one write is let through,
// and its result closes the breaker or opens it for twice as long.
type breaker struct {
	mu       sync.Mutex
	failures int
	until    time.Time // open until then
	pause    time.Duration
	probing  bool
	changed  chan struct{} // closed when a probe has ended
}

func newBreaker() *breaker { return &breaker{changed: make(chan struct{})} }

// allow waits until a write may be tried. Once reading has ended it does not
// wait: a drain takes what sinks take at the first try.
func (b *breaker) allow(ctx, reading context.Context) error {
	for {
		b.mu.Lock()
		if b.failures < breakerThreshold {
			b.mu.Unlock()
			return ctx.Err()
		}
		wait := time.Until(b.until)
		if wait <= 0 && !b.probing {
			b.probing = true
			b.mu.Unlock()
			return ctx.Err()
		}
		changed := b.changed
		b.mu.Unlock()
		if wait <= 0 { // another write is the probe
			wait = breakerLongest
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-changed:
		case <-reading.Done():
			t.Stop()
			return cmp.Or(ctx.Err(), errStopped)
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
		t.Stop()
	}
}

// record takes the result of a write that was allowed.
func (b *breaker) record(ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ok {
		b.failures, b.pause = 0, 0
	} else if b.failures++; b.failures >= breakerThreshold {
		b.pause = min(max(2*b.pause, breakerFirst), breakerLongest)
		b.until = time.Now().Add(b.pause)
	}
	b.ended()
}

// forgo takes no result of a write that was allowed.
func (b *breaker) forgo() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended()
}

func (b *breaker) ended() {
	b.probing = false
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *breaker) state() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failures < breakerThreshold:
		return "closed"
	case b.probing || !time.Now().Before(b.until):
		return "half-open"
	}
	return "open"
}
