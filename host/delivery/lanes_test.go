package delivery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/host/config"
	"weir/host/match"
	"weir/sinks"
)

// keyed is an event whose domain_userid is the key.
func keyed(n int, key string) string {
	return strings.Replace(line(n), `{`, fmt.Sprintf(`{"domain_userid":%q,`, key), 1)
}

func TestSpread(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		p := plan{lanes: 1 + random.IntN(5), events: 1 + random.IntN(7), bytes: 300 + random.IntN(2000)}
		if round%2 == 0 {
			p.orderBy = "domain_userid"
		}
		var events []sinks.Event
		for n := range random.IntN(80) {
			e, err := sinks.ParseEvent([]byte(keyed(n, fmt.Sprint("user", random.IntN(1+random.IntN(12))))))
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		lanes := p.spread(events)
		if len(lanes) > p.lanes {
			t.Fatalf("%+v: %d lanes", p, len(lanes))
		}
		type place struct{ lane, write, event int }
		places := map[string]place{}
		for l, lane := range lanes {
			for w, write := range lane {
				size := 0
				for i, e := range write.events {
					if _, twice := places[e.ID]; twice {
						t.Fatalf("%+v: event %s is there twice", p, e.ID)
					}
					places[e.ID] = place{l, w, i}
					size += len(e.Envelope)
				}
				if len(write.events) == 0 || len(write.events) > p.events || len(write.events) > 1 && size > p.bytes {
					t.Fatalf("%+v: a write of %d events, %d bytes", p, len(write.events), size)
				}
			}
		}
		if len(places) != len(events) {
			t.Fatalf("%+v: %d of %d events are there", p, len(places), len(events))
		}
		last := map[string]place{}
		for _, e := range events {
			at, key := places[e.ID], ""
			if p.orderBy != "" {
				key = match.Key(e, p.orderBy)
			}
			before, ok := last[key]
			last[key] = at
			switch {
			case !ok:
			case p.orderBy != "" && (at.lane != before.lane || at.write <= before.write):
				t.Fatalf("%+v: an event of %s at %+v comes after one at %+v", p, key, at, before)
			case p.orderBy == "" && p.lanes == 1 && (at.write < before.write || at.write == before.write && at.event < before.event):
				t.Fatalf("%+v: order was lost", p)
			}
		}
		again := p.spread(events)
		for l := range lanes {
			for w := range lanes[l] {
				if batchID("r", lanes[l][w].events) != batchID("r", again[l][w].events) {
					t.Fatalf("%+v: spread anew, the same events make other writes", p)
				}
			}
		}
	}
}

// As many writes as asked for are under way at a time, and no more.
func TestInFlight(t *testing.T) {
	release := make(chan struct{})
	f := newFake(func(ctx context.Context, _ sinks.Batch) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	f.limits.InFlight = 3
	r := newRig(t).route("a", f, func(c *config.Route) { c.Batch.Events = 10 })
	r.append(100)
	r.start()
	f.until(t, "writing three batches at a time", func() bool { return len(f.tried) == 3 })
	for range 6 {
		release <- struct{}{}
	}
	f.until(t, "writing the next three", func() bool { return len(f.tried) == 9 })
	f.mu.Lock()
	if len(f.stored) != 60 {
		t.Errorf("%d events are stored while three writes are under way, want 60", len(f.stored))
	}
	f.mu.Unlock()
	close(release)
	r.exactly("a")
}

// A crash while several writes are under way repeats each of them as it was.
func TestCrashRepeatsTheSameWrites(t *testing.T) {
	for _, orderBy := range []string{"", "domain_userid"} {
		t.Run(orderBy, func(t *testing.T) {
			f := newFake(func(ctx context.Context, _ sinks.Batch) error {
				<-ctx.Done()
				return ctx.Err()
			})
			f.limits.InFlight = 4
			r := newRig(t).route("a", f, func(c *config.Route) {
				c.Retry.Timeout, c.Batch.Events, c.OrderBy = time.Hour, 5, orderBy
			})
			var lines []string
			for range 17 {
				r.n++
				lines = append(lines, keyed(r.n, fmt.Sprint("user", r.n)))
			}
			r.appendLines(lines...)
			r.start()
			f.until(t, "writing four batches", func() bool { return len(f.tried) == 4 })
			r.append(50)
			r.crash()

			f.mu.Lock()
			before := slices.Clone(f.ids)
			f.write, f.ids, f.tried = nil, nil, nil
			f.mu.Unlock()
			r.start().exactly("a")
			slices.Sort(before)
			after := slices.Clone(f.ids[:4])
			slices.Sort(after)
			if !slices.Equal(before, after) {
				t.Errorf("writes were %v before the crash and %v after it", before, after)
			}
		})
	}
}

// Whatever fails, the events of one key are stored in their order.
func TestOrderByKey(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	key := map[string]string{}
	f := newFake(nil)
	f.limits.InFlight = 4
	r := newRig(t).route("a", f, func(c *config.Route) {
		c.Batch.Events, c.OrderBy, c.Retry.Attempts = 8, "domain_userid", 50
	})
	var chance = make(chan float64, 1000)
	for range cap(chance) {
		chance <- random.Float64()
	}
	f.write = func(_ context.Context, b sinks.Batch) error {
		var p float64
		select {
		case p = <-chance:
		default:
			return nil
		}
		seen := map[string]bool{}
		var failed []sinks.EventError
		for i, e := range b.Events {
			if k := key[e.ID]; seen[k] {
				t.Errorf("two events of %s are in one write", k)
			} else {
				seen[k] = true
			}
			if (i+int(p*1000))%3 == 0 {
				failed = append(failed, sinks.EventError{Index: i, Err: errors.New("locked")})
			}
		}
		switch {
		case p < 0.2:
			return errors.New("deadlock")
		case p < 0.3:
			return sinks.ErrNotConnected
		case p < 0.6 && failed != nil:
			return &sinks.BatchError{Failed: failed}
		}
		return nil
	}
	for range 20 {
		var lines []string
		for range 20 {
			r.n++
			k := fmt.Sprint("user", random.IntN(9))
			key[eventID(r.n)] = k
			lines = append(lines, keyed(r.n, k))
		}
		r.appendLines(lines...)
	}
	r.start().exactly("a")
	last := map[string]string{}
	for _, id := range f.stored {
		if id < last[key[id]] {
			t.Errorf("event %s of %s was stored after %s", id, key[id], last[key[id]])
		}
		last[key[id]] = id
	}
}

// Rules beyond app and schema decide, too.
func TestWhere(t *testing.T) {
	var c match.Condition
	if err := c.UnmarshalText([]byte("domain_userid == user1")); err != nil {
		t.Fatal(err)
	}
	f := newFake(nil)
	r := newRig(t).route("a", f, func(r *config.Route) { r.Where = []match.Condition{c} })
	r.appendLines(keyed(1, "user0"), keyed(2, "user1"), line(3), keyed(4, "user1"))
	r.start().settled("a")
	if want := []string{eventID(2), eventID(4)}; !slices.Equal(f.stored, want) {
		t.Errorf("stored are %v, want %v", f.stored, want)
	}
}
