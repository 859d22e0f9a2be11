package ingest

import (
	"math"
	"sync"
	"time"
)

// burst is how many seconds' worth of events a bucket holds.
const burst = 10

// bucket bounds the events that one secret sends in the long run. A batch is
// taken whole as long as anything is left; what it takes too much has to flow
// in again before the next one.
type bucket struct {
	rate float64 // events a second; 0 sets no bound

	mu    sync.Mutex
	level float64
	at    time.Time // of level; zero means that the bucket is full
}

// take returns 0, or how long to wait before anything is taken again.
func (b *bucket) take(events int, now time.Time) time.Duration {
	if b.rate <= 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if elapsed := now.Sub(b.at).Seconds(); elapsed > 0 {
		b.level = min(b.level+elapsed*b.rate, burst*b.rate)
		b.at = now
	}
	if b.level <= 0 {
		return time.Duration(math.Ceil((1-b.level)/b.rate)) * time.Second
	}
	b.level -= float64(events)
	return 0
}
