package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/host/config"
	"weir/sinks"
)

func TestPoison(t *testing.T) {
	errValue := errors.New("value too long for column")
	for name, write := range map[string]func(context.Context, sinks.Batch) error{
		"permanent": func(_ context.Context, b sinks.Batch) error {
			if contains(b, 17, 60) {
				return sinks.Permanent(errValue)
			}
			return nil
		},
		"temporary by its word": func(_ context.Context, b sinks.Batch) error {
			if contains(b, 17, 60) {
				return errValue
			}
			return nil
		},
		"named, permanent": func(_ context.Context, b sinks.Batch) error {
			var failed []sinks.EventError
			for i, e := range b.Events {
				if e.ID == eventID(17) || e.ID == eventID(60) {
					failed = append(failed, sinks.EventError{Index: i, Err: errValue, Permanent: true})
				}
			}
			if failed == nil {
				return nil
			}
			return &sinks.BatchError{Failed: failed}
		},
		"named, temporary": func(_ context.Context, b sinks.Batch) error {
			var failed []sinks.EventError
			for i, e := range b.Events {
				if e.ID == eventID(17) || e.ID == eventID(60) {
					failed = append(failed, sinks.EventError{Index: i, Err: errValue})
				}
			}
			if failed == nil {
				return nil
			}
			return &sinks.BatchError{Failed: failed}
		},
		"panic": func(_ context.Context, b sinks.Batch) error {
			if contains(b, 17, 60) {
				panic("index out of range")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).route("a", newFake(write), nil)
			r.append(40)
			r.append(60)
			r.start().exactly("a", 17, 60)
			r.crash()
			if logs := r.logs.String(); !strings.Contains(logs, "dead letters") || strings.Contains(logs, "runtime/debug.Stack") != (name == "panic") {
				t.Errorf("the log is\n%s", logs)
			}
		})
	}
}

// A destination that asks for a pause gets it, and no event is blamed.
// Many events at fault do not make the sink one: it takes all others without a
// pause of its breaker, and those of other routes.
func TestPoisonIsNotTheSinks(t *testing.T) {
	r := newRig(t)
	var poison []int
	for n := 10; n <= 160; n += 10 {
		poison = append(poison, n, n+1)
	}
	var open atomic.Int64
	r.route("a", newFake(func(_ context.Context, b sinks.Batch) error {
		if r.d.Status()[0].Breaker != "closed" {
			open.Add(1)
		}
		if contains(b, poison...) {
			return errors.New("internal server error")
		}
		return nil
	}), nil)
	r.start()
	r.append(200)
	r.exactly("a", poison...)
	if n := open.Load(); n > 0 {
		t.Errorf("at %d writes the breaker was not closed", n)
	}
}

func TestThrottled(t *testing.T) {
	for name, refuse := range map[string]func(b sinks.Batch) error{
		"the batch": func(sinks.Batch) error { return sinks.Throttled(errors.New("429"), 3*time.Millisecond) },
		"an event": func(b sinks.Batch) error {
			return &sinks.BatchError{Failed: []sinks.EventError{{Index: len(b.Events) - 1, Err: sinks.Throttled(errors.New("slow down"), 0)}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			left := 20
			f := newFake(func(_ context.Context, b sinks.Batch) error {
				if left--; left > 0 {
					return refuse(b)
				}
				return nil
			})
			r := newRig(t).route("a", f, nil)
			r.append(5)
			r.start().exactly("a")
		})
	}
}

// What can never succeed is found by halving, without a pause.
func TestPermanentFailureIsFoundAtOnce(t *testing.T) {
	f := newFake(func(_ context.Context, b sinks.Batch) error {
		if contains(b, 37) {
			return sinks.Permanent(errors.New("value too long"))
		}
		return nil
	})
	r := newRig(t).route("a", f, func(c *config.Route) { c.Retry.Initial, c.Retry.Max = time.Hour, time.Hour })
	r.append(128)
	r.start().exactly("a", 37)
	if n := len(f.tried); n > 2*7+1 {
		t.Errorf("%d writes to find one event of 128", n)
	}
	if !slices.IsSorted(f.stored) {
		t.Error("the order was not kept")
	}
}

func TestBatchIDNamesWhatIsInIt(t *testing.T) {
	one := []sinks.Event{{ID: eventID(1), Fingerprint: "f"}, {ID: eventID(2), Fingerprint: "f"}}
	same := slices.Clone(one)
	same[0].Envelope = []byte("judged again")
	if batchID("a", one) != batchID("a", same) {
		t.Error("the same events have two names")
	}
	names := map[string]bool{batchID("a", one): true}
	for _, other := range [][]sinks.Event{one[:1], {one[1], one[0]}, {one[0], {ID: eventID(2), Fingerprint: "g"}}, {one[0], {ID: eventID(3), Fingerprint: "f"}}} {
		names[batchID("a", other)] = true
	}
	if names[batchID("b", one)] = true; len(names) != 6 {
		t.Errorf("%d names for 6 different batches", len(names))
	}
}

// An event that fails for a while is not dead, as long as its sink recovers.
func TestPartialFailureRecovers(t *testing.T) {
	failures := 2
	f := newFake(func(_ context.Context, b sinks.Batch) error {
		if failures == 0 {
			return nil
		}
		failures--
		return &sinks.BatchError{Failed: []sinks.EventError{{Index: 0, Err: errors.New("throttled")}, {Index: 99, Err: errors.New("no such event")}}}
	})
	r := newRig(t).route("a", f, nil)
	r.append(10)
	r.start().exactly("a")
}

func TestSinkThatIsAwayLosesNothing(t *testing.T) {
	var mu sync.Mutex
	away := true
	set := func(v bool) {
		mu.Lock()
		defer mu.Unlock()
		away = v
	}
	down := func() error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return errors.New("connection refused")
		}
		return nil
	}
	for name, prepare := range map[string]func(f *fake){
		"does not open": func(f *fake) { f.open = down },
		"disconnects": func(f *fake) {
			f.write = func(context.Context, sinks.Batch) error {
				if err := down(); err != nil {
					return fmt.Errorf("%w: %v", sinks.ErrNotConnected, err)
				}
				return nil
			}
		},
		"fails": func(f *fake) { f.write = func(context.Context, sinks.Batch) error { return down() } },
	} {
		t.Run(name, func(t *testing.T) {
			set(true)
			f, healthy := newFake(nil), newFake(nil)
			prepare(f)
			r := newRig(t).route("a", f, nil).route("healthy", healthy, nil)
			r.append(30)
			r.start()
			r.exactly("healthy")
			until(t, "open", func() bool { return r.d.Status()[0].Breaker != "closed" })
			if s := r.d.Status()[0]; s.LastError == "" || s.Dead > 0 {
				t.Errorf("status is %+v", s)
			}
			set(false)
			r.exactly("a")
			if b := r.d.Status()[0].Breaker; b != "closed" {
				t.Errorf("the breaker is %s after a success", b)
			}
		})
	}
}

func TestHangingSinkHoldsNobodyUp(t *testing.T) {
	hangs := newFake(func(ctx context.Context, _ sinks.Batch) error {
		<-ctx.Done()
		return ctx.Err()
	})
	healthy := newFake(nil)
	r := newRig(t).route("hangs", hangs, func(c *config.Route) { c.Retry.Timeout = time.Hour }).route("healthy", healthy, nil)
	r.start()
	for range 50 {
		r.append(20)
	}
	r.exactly("healthy")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.d.Drain(ctx); err != nil {
		t.Errorf("draining: %v", err)
	}
}

func TestGivesUp(t *testing.T) {
	f := newFake(func(context.Context, sinks.Batch) error { return errors.New("disk quota exceeded") })
	r := newRig(t).route("a", f, func(c *config.Route) { c.Retry.GiveUp = 20 * time.Millisecond })
	r.append(3)
	r.start()
	r.exactly("a", 1, 2, 3)
}

func TestBatching(t *testing.T) {
	size := len(line(1))
	for name, c := range map[string]struct {
		set    func(*config.Route)
		limits sinks.Limits
		want   []int // events in each write
	}{
		"by count":       {func(c *config.Route) { c.Batch.Events = 4 }, sinks.Limits{}, []int{4, 4, 2}},
		"by bytes":       {func(c *config.Route) { c.Batch.Bytes = sinks.Size(3*size + size/2) }, sinks.Limits{}, []int{3, 3, 3, 1}},
		"by the sink":    {nil, sinks.Limits{Events: 6}, []int{6, 4}},
		"one over size":  {func(c *config.Route) { c.Batch.Bytes = 10 }, sinks.Limits{}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		"all at once":    {nil, sinks.Limits{}, []int{10}},
		"without a wait": {func(c *config.Route) { c.Batch.Wait = 0 }, sinks.Limits{}, []int{10}},
		"by app":         {func(c *config.Route) { c.Apps = []string{"app1"} }, sinks.Limits{}, []int{5}},
		"by prefix":      {func(c *config.Route) { c.Apps = []string{"x", "app*"} }, sinks.Limits{}, []int{10}},
		"nothing wanted": {func(c *config.Route) { c.Events = "failed" }, sinks.Limits{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(nil)
			f.limits = c.limits
			r := newRig(t).route("a", f, func(r *config.Route) {
				r.Batch.Wait = 400 * time.Millisecond // longer than a busy machine takes to read a batch
				if c.set != nil {
					c.set(r)
				}
			})
			r.append(4)
			r.append(5)
			r.append(1)
			r.start().settled("a")
			f.mu.Lock()
			defer f.mu.Unlock()
			var got []int
			for _, b := range f.tried {
				got = append(got, len(b))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("writes hold %v events, want %v", got, c.want)
			}
			if !slices.IsSorted(f.stored) {
				t.Error("the order was not kept")
			}
		})
	}
}

// A crash between the write and its settlement repeats the same batch, under
// the same name, although more events wait.
func TestCrashRepeatsTheSameBatch(t *testing.T) {
	f := newFake(func(ctx context.Context, _ sinks.Batch) error {
		<-ctx.Done() // stored at the destination, but the answer never comes
		return ctx.Err()
	})
	r := newRig(t).route("a", f, func(c *config.Route) { c.Retry.Timeout = time.Hour })
	r.append(3)
	r.append(4)
	r.start()
	f.until(t, "written", func() bool { return len(f.tried) == 1 })
	r.append(50)
	r.crash()

	f.write = nil
	r.start()
	f.until(t, "delivered", func() bool { return len(f.stored) == 57 })
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.tried[0], f.tried[1]) || f.ids[0] != f.ids[1] {
		t.Errorf("the batch before the crash held %d events as %s, the one after it %d as %s", len(f.tried[0]), f.ids[0], len(f.tried[1]), f.ids[1])
	}
	if len(f.tried) < 3 || f.ids[2] == f.ids[1] {
		t.Error("another batch carries the same name")
	}
}

// A position within a stored batch survives.
func TestRestartWithinARecord(t *testing.T) {
	block := make(chan struct{})
	f := newFake(nil)
	f.write = func(ctx context.Context, b sinks.Batch) error {
		if contains(b, 7) {
			select {
			case <-block:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	r := newRig(t).route("a", f, func(c *config.Route) { c.Batch.Events = 3 })
	r.append(10)
	r.start()
	f.until(t, "at the third batch", func() bool { return len(f.tried) == 3 })
	r.crash()
	close(block)
	r.start().exactly("a")
}

func TestUnreadableBecomesDeadLetter(t *testing.T) {
	f := newFake(nil)
	r := newRig(t).route("a", f, nil)
	r.openJournal()
	r.appendLines(line(1), `{"not":"an event"}`, line(2))
	r.start()
	dead := r.settled("a")
	if len(dead) != 1 || string(dead[0].Envelope) != `{"not":"an event"}` || !strings.Contains(dead[0].Reason, "event_id") {
		t.Errorf("dead letters are %+v", dead)
	}
	if len(f.stored) != 2 {
		t.Errorf("%d events stored, want 2", len(f.stored))
	}
}

func TestDrainLeavesWhatFails(t *testing.T) {
	failing := true
	f := newFake(nil)
	f.write = func(context.Context, sinks.Batch) error {
		if failing {
			return errors.New("overloaded")
		}
		return nil
	}
	r := newRig(t).route("a", f, func(c *config.Route) { c.Retry.Initial, c.Retry.Max = time.Hour, time.Hour })
	r.append(5)
	r.start()
	f.until(t, "tried", func() bool { return len(f.tried) > 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := r.d.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	r.crash()
	failing = false
	r.start().exactly("a")
}

// A sink that ignores its context cannot hold up the end for ever.
func TestDrainDoesNotWaitForever(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	f := newFake(func(context.Context, sinks.Batch) error {
		<-release
		return nil
	})
	r := newRig(t).route("a", f, nil)
	r.append(1)
	r.start()
	f.until(t, "hanging", func() bool { return len(f.tried) == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := r.d.Drain(ctx); err == nil || !strings.Contains(err.Error(), "did not return") {
		t.Errorf("draining: %v", err)
	}
}

func TestBreaker(t *testing.T) {
	b := newBreaker()
	for range breakerThreshold {
		if err := b.allow(t.Context(), t.Context()); err != nil || b.state() != "closed" {
			t.Fatalf("%v, %s", err, b.state())
		}
		b.record(false)
	}
	if b.state() != "open" {
		t.Fatalf("%s after %d failures", b.state(), breakerThreshold)
	}
	b.until = time.Now().Add(-time.Second) // the pause is over
	if b.state() != "half-open" {
		t.Fatalf("%s after the pause", b.state())
	}
	if err := b.allow(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := b.allow(ctx, t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second write is let through beside the probe: %v", err)
	}
	b.record(false)
	if b.state() != "open" || b.pause != 2*breakerFirst {
		t.Errorf("%s for %s after a failed probe", b.state(), b.pause)
	}
	b.until = time.Now().Add(-time.Second)
	if err := b.allow(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
	b.record(true)
	if err := b.allow(t.Context(), t.Context()); err != nil || b.state() != "closed" {
		t.Errorf("%v, %s after a good probe", err, b.state())
	}
}

// A sink that hangs while it opens holds up nobody who closes it.
func TestCloseWhileOpening(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	f := newFake(nil)
	f.open = func() error {
		close(entered)
		<-release
		return nil
	}
	s := NewSink("a", f)
	written := make(chan error, 1)
	go func() {
		written <- s.write(context.Background(), context.Background(), time.Minute, sinks.Batch{}, false, noMetrics{})
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	closed := make(chan error, 1)
	go func() { closed <- s.Close(ctx) }()
	select {
	case err := <-closed:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("closing: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Close waits although its context has ended")
	}
	close(release)
	<-written
}

// A sink that names events it was not given has not said what it stored.
func TestFailuresOutOfRange(t *testing.T) {
	wrong := true
	f := newFake(nil)
	f.write = func(_ context.Context, b sinks.Batch) error {
		if wrong {
			wrong = false
			return &sinks.BatchError{Failed: []sinks.EventError{{Index: len(b.Events), Err: errors.New("no"), Permanent: true}, {Index: -1, Err: errors.New("no")}}}
		}
		return nil
	}
	r := newRig(t).route("a", f, nil)
	r.append(2)
	r.start()
	r.settled("a")
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tried) != 2 {
		t.Errorf("the batch was tried %d times, want twice", len(f.tried))
	}
}

// An open breaker does not hold up a drain.
func TestDrainWithOpenBreaker(t *testing.T) {
	b := newBreaker()
	for range breakerThreshold {
		b.record(false)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	drained, stop := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	b.until = time.Now().Add(time.Hour)
	go func() { waiting <- b.allow(ctx, drained) }()
	stop()
	if err := <-waiting; !errors.Is(err, errStopped) {
		t.Errorf("waiting for an open breaker while draining: %v", err)
	}
}
