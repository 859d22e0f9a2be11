// Package tail shows events as they are stored: the last ones from memory,
// then live. A subscriber that does not keep up misses events; it never holds
// anyone up.
package tail

import "sync"

// Backlog is the number of envelopes that a new subscriber sees first.
const Backlog = 200

// backlogBytes bounds the memory that the backlog holds.
const backlogBytes = 8 << 20

// pending is how many envelopes a subscriber may lag behind.
const pending = 256

// Tail holds the last envelopes and passes new ones on. The zero value is
// ready. It is safe for concurrent use.
type Tail struct {
	mu    sync.Mutex
	last  [][]byte
	bytes int
	subs  map[*Subscription]struct{}
}

// Subscription receives envelopes. They must not be changed.
type Subscription struct {
	C      <-chan []byte
	c      chan []byte
	tail   *Tail
	missed int
}

// Publish passes one envelope on. It keeps a copy and never blocks.
func (t *Tail) Publish(envelope []byte) {
	line := append([]byte(nil), envelope...)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, line)
	t.bytes += len(line)
	for len(t.last) > 1 && (len(t.last) > Backlog || t.bytes > backlogBytes) {
		t.bytes -= len(t.last[0])
		t.last[0] = nil
		t.last = t.last[1:]
	}
	for s := range t.subs {
		select {
		case s.c <- line:
		default:
			s.missed++
		}
	}
}

// Subscribe returns what is kept, oldest first, and a subscription to what
// follows it without a gap. The caller must Close it.
func (t *Tail) Subscribe() (backlog [][]byte, s *Subscription) {
	c := make(chan []byte, pending)
	s = &Subscription{C: c, c: c, tail: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subs == nil {
		t.subs = map[*Subscription]struct{}{}
	}
	t.subs[s] = struct{}{}
	return append([][]byte(nil), t.last...), s
}

// Missed returns how many envelopes the subscriber was too slow for since it
// last asked.
func (s *Subscription) Missed() int {
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	n := s.missed
	s.missed = 0
	return n
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.tail.mu.Lock()
	defer s.tail.mu.Unlock()
	delete(s.tail.subs, s)
}
