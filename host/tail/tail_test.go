package tail

import (
	"fmt"
	"sync"
	"testing"
)

func publish(t *Tail, from, to int) {
	for n := from; n < to; n++ {
		t.Publish(fmt.Appendf(nil, "%d", n))
	}
}

func TestBacklogThenLiveWithoutGap(t *testing.T) {
	tail := new(Tail)
	publish(tail, 0, 300)
	backlog, sub := tail.Subscribe()
	defer sub.Close()
	if len(backlog) != Backlog || string(backlog[0]) != "100" || string(backlog[Backlog-1]) != "299" {
		t.Fatalf("the backlog holds %d, from %s to %s", len(backlog), backlog[0], backlog[len(backlog)-1])
	}
	publish(tail, 300, 310)
	for n := 300; n < 310; n++ {
		if got := string(<-sub.C); got != fmt.Sprint(n) {
			t.Fatalf("%s follows, want %d", got, n)
		}
	}
}

// A subscriber that reads nothing costs its own events and nobody's time.
func TestSlowSubscriberMisses(t *testing.T) {
	tail := new(Tail)
	_, slow := tail.Subscribe()
	publish(tail, 0, pending+25)
	if n := slow.Missed(); n != 25 {
		t.Errorf("%d missed, want 25", n)
	}
	if n := slow.Missed(); n != 0 {
		t.Errorf("%d missed since, want none", n)
	}
	slow.Close()
	publish(tail, 0, 10)
	if len(slow.c) != pending {
		t.Error("a closed subscription still receives")
	}
}

func TestBacklogIsBoundedInBytes(t *testing.T) {
	tail := new(Tail)
	for range 20 {
		tail.Publish(make([]byte, 1<<20))
	}
	if backlog, _ := tail.Subscribe(); len(backlog) != backlogBytes>>20 {
		t.Errorf("%d envelopes of 1 MiB are kept", len(backlog))
	}
	tail.Publish(make([]byte, 2*backlogBytes))
	if backlog, _ := tail.Subscribe(); len(backlog) != 1 {
		t.Errorf("%d envelopes are kept beside one larger than the bound", len(backlog))
	}
}

func TestPublishKeepsACopy(t *testing.T) {
	tail := new(Tail)
	line := []byte("before")
	tail.Publish(line)
	copy(line, "after!")
	if backlog, _ := tail.Subscribe(); string(backlog[0]) != "before" {
		t.Errorf("the tail shows %q", backlog[0])
	}
}

func TestManyAtOnce(t *testing.T) {
	tail := new(Tail)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { publish(tail, 0, 500) })
		wg.Go(func() {
			_, sub := tail.Subscribe()
			defer sub.Close()
			for range 10 {
				select {
				case <-sub.C:
				default:
				}
				sub.Missed()
			}
		})
	}
	wg.Wait()
}
