package jetstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/host/journal"
	"weir/host/journal/journaltest"
	"weir/host/torture"
)

func contextFor(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

var streams atomic.Int64

// options of a journal of its own, which is removed after the test.
func options(t *testing.T, c *cluster, routes ...string) Options {
	t.Helper()
	o := Options{Servers: c.urls(), Stream: fmt.Sprintf("test%d", streams.Add(1)), Routes: routes, MaxBytes: 32 << 20,
		Log: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { remove(t, o) })
	return o
}

func remove(t *testing.T, o Options) {
	ctx, cancel := contextFor(20 * time.Second)
	defer cancel()
	k, err := Open(ctx, o)
	if err != nil {
		t.Logf("removing %s: %v", o.Stream, err)
		return
	}
	for _, name := range []string{"", "-dead", "-ids", "-quarantine"} {
		k.js.DeleteStream(ctx, o.Stream+name)
	}
	for _, name := range []string{"-routes", "-retried"} {
		k.js.DeleteKeyValue(ctx, o.Stream+name)
	}
	k.Close()
}

func open(t *testing.T, o Options) *Journal {
	t.Helper()
	j, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func TestConformance(t *testing.T) {
	c := sharedCluster(t)
	journaltest.Run(t, func(t *testing.T) journaltest.Open {
		o := options(t, c)
		return func(routes ...string) (journal.Journal, error) {
			o.Routes = routes
			return Open(t.Context(), o)
		}
	})
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func batchOf(frame []byte) journal.Batch {
	return journal.Batch{ID: journal.NewID(time.Now()), Frame: frame, Events: 1}
}

// readUntil reads and settles a route until it has n batches, and returns how
// often each was read.
func readUntil(t *testing.T, j *Journal, name string, n int) map[journal.ID]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	r, err := j.Route(name)
	if err != nil {
		t.Fatal(err)
	}
	got := map[journal.ID]int{}
	for len(got) < n {
		records, err := r.Next(ctx, journal.Limit{Records: 64, Bytes: 1 << 20})
		if errors.Is(err, journal.ErrBusy) {
			continue
		}
		if err != nil {
			t.Fatalf("after %d of %d batches: %v", len(got), n, err)
		}
		for _, rec := range records {
			got[rec.ID]++
		}
		for {
			err := r.Settle(ctx, journal.Position{Seq: records[len(records)-1].Seq + 1}, nil)
			if err == nil {
				break
			}
			if !errors.Is(err, journal.ErrBusy) {
				t.Fatalf("settling: %v", err)
			}
		}
	}
	return got
}

// A full log refuses at once and accepts again once routes have moved on.
func TestFullIsReversible(t *testing.T) {
	o := options(t, sharedCluster(t), "a")
	o.MaxBytes, o.Lease = 1<<20, time.Second
	j := open(t, o)
	stored := 0
	for ; ; stored++ {
		_, err := j.Append(t.Context(), batchOf(noise(32<<10)))
		if errors.Is(err, journal.ErrFull) {
			break
		}
		if err != nil || stored > 100 {
			t.Fatalf("filling, batch %d: %v", stored+1, err)
		}
	}
	if err := j.Ready(t.Context()); !errors.Is(err, journal.ErrFull) {
		t.Errorf("a full journal is ready: %v", err)
	}
	readUntil(t, j, "a", stored)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := j.Append(t.Context(), batchOf(noise(10<<10)))
		if err == nil {
			return
		}
		if !errors.Is(err, journal.ErrFull) || time.Now().After(deadline) {
			t.Fatalf("after its route moved on: %v", err)
		}
	}
}

// Dead letters beyond their stream stop the route, and none is lost.
func TestDeadLettersStopTheirRoute(t *testing.T) {
	o := options(t, sharedCluster(t), "a")
	o.MaxBytes = 1 << 20
	j := open(t, o)
	r, err := j.Route("a")
	if err != nil {
		t.Fatal(err)
	}
	letter := func(n int) []journal.DeadLetter {
		return []journal.DeadLetter{{Route: "a", EventID: fmt.Sprint(n), Envelope: noise(32 << 10)}}
	}
	n := 0
	for ; ; n++ {
		err := r.Settle(t.Context(), journal.Position{Seq: 1}, letter(n))
		if errors.Is(err, journal.ErrDeadFull) {
			break
		}
		if err != nil || n > 100 {
			t.Fatalf("letter %d: %v", n, err)
		}
	}
	list, err := j.DeadLetters(t.Context(), journal.Query{Limit: 1000})
	if err != nil || len(list) != n {
		t.Fatalf("%d of %d letters are kept, %v", len(list), n, err)
	}
	if _, err := j.Drop(t.Context(), []int64{list[0].ID, list[1].ID}); err != nil {
		t.Fatal(err)
	}
	if err := r.Settle(t.Context(), journal.Position{Seq: 1}, letter(n)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// Ids that the servers have forgotten are found where they were filed.
func TestOldIDsAreKnown(t *testing.T) {
	o := options(t, sharedCluster(t), "a")
	o.Window = 2 * time.Second // the servers' memory
	j := open(t, o)
	old := journal.Batch{ID: journal.NewID(time.Now()), Frame: []byte("old"), Events: 1}
	other := old
	other.ID[6] = 0x40 | other.ID[6]&0x0f // a UUIDv4 tells no time
	for _, b := range []journal.Batch{old, other} {
		if stored, err := j.Append(t.Context(), b); err != nil || stored[0].Known {
			t.Fatalf("%+v, %v", stored, err)
		}
	}
	filed := func() bool {
		e, _, err := j.routes[indexRoute].load(t.Context())
		return err == nil && e.Seq > 2
	}
	forgotten := time.Now().Add(3 * o.Window)
	for deadline := time.Now().Add(30 * time.Second); !filed() || time.Now().Before(forgotten); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("ids are not filed")
		}
	}
	for i, b := range []journal.Batch{old, other} {
		if stored, err := j.Append(t.Context(), b); err != nil || stored[0] != (journal.Stored{Seq: int64(i + 1), Known: true}) {
			t.Errorf("batch %d again: %+v, %v", i+1, stored, err)
		}
	}
	// The control: without the files the servers would store it again.
	m, err := j.message(old)
	if err != nil {
		t.Fatal(err)
	}
	if _, known, err := j.publish(t.Context(), m, old.ID.String()); err != nil || known {
		t.Errorf("the servers still know the id, %v: the test proves nothing", err)
	}
}

// Of two hosts one reads a route; when it is gone, the other goes on from the
// position, and knows what was settled.
func TestTwoHosts(t *testing.T) {
	o := options(t, sharedCluster(t), "a")
	o.Lease = 2 * time.Second
	first, second := open(t, o), open(t, o)
	for range 10 {
		if _, err := first.Append(t.Context(), batchOf(noise(100))); err != nil {
			t.Fatal(err)
		}
	}
	if got := readUntil(t, first, "a", 10); len(got) != 10 {
		t.Fatalf("%d batches", len(got))
	}
	if err := second.Settled(t.Context(), 10, "a"); err != nil {
		t.Fatalf("the other host does not learn of it: %v", err)
	}
	r, err := second.Route("a")
	if err != nil {
		t.Fatal(err)
	}
	last := batchOf([]byte("last"))
	if _, err := second.Append(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if records, err := r.Next(ctx, journal.Limit{Records: 1, Bytes: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("both hosts read the route: %d records, %v", len(records), err)
	}
	first.end() // gone without a word: its lease is not given back
	first.conn.Close()
	if got := readUntil(t, second, "a", 1); got[last.ID] != 1 {
		t.Errorf("the second host reads %v, want the one batch that was not settled", got)
	}
}

// The cluster's leader is killed with -9, again and again, while several
// senders append and a route reads.
func TestTortureLeaderKilled(t *testing.T) {
	cycles := 1
	if torture.Long() {
		cycles = 10
	}
	program := need.Tool(t, "nats-server")
	c := startCluster(t, program, t.TempDir())
	t.Cleanup(c.stop)
	o := Options{Servers: c.urls(), Stream: "torture", Routes: []string{"a"}, Log: slog.New(slog.DiscardHandler)}
	j := open(t, o)
	acked := map[journal.ID]bool{}
	var mu sync.Mutex
	var senders sync.WaitGroup
	ending := make(chan struct{})
	for range 8 {
		senders.Go(func() {
			for {
				b := batchOf(noise(500))
				for { // an edge sends again until it is told that it is stored
					select {
					case <-ending:
						return
					default:
					}
					if _, err := j.Append(t.Context(), b); err == nil {
						mu.Lock()
						acked[b.ID] = true
						mu.Unlock()
						break
					}
				}
			}
		})
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acked)
	}
	grows := func(by int) bool {
		from := count()
		for deadline := time.Now().Add(60 * time.Second); count() < from+by; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				return false
			}
		}
		return true
	}
	kills := 0
	for range cycles {
		if !grows(100) {
			t.Fatal("nothing is acknowledged")
		}
		ctx, cancel := contextFor(20 * time.Second)
		info, err := state(ctx, j.log)
		cancel()
		if err != nil {
			t.Fatalf("asking for the leader: %v", err)
		}
		for _, n := range c.nodes {
			if n.name == info.Cluster.Leader {
				n.kill()
				kills++
				if !grows(100) {
					t.Fatal("two of three servers acknowledge nothing")
				}
				if err := c.launch(n); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := c.settle(); err != nil {
			t.Fatalf("the third server does not come back: %v", err)
		}
	}
	close(ending)
	senders.Wait()
	if kills != cycles {
		t.Fatalf("%d leaders were killed, want %d", kills, cycles)
	}
	stats, err := j.Stats(t.Context())
	for deadline := time.Now().Add(60 * time.Second); errors.Is(err, journal.ErrBusy) && time.Now().Before(deadline); {
		stats, err = j.Stats(t.Context()) // the cluster is not over the last kill
	}
	if err != nil {
		t.Fatal(err)
	}
	head := stats.Head
	got := readUntil(t, j, "a", len(acked))
	for int64(len(got)) < head && missing(acked, got) > 0 {
		for id, n := range readUntil(t, j, "a", 1) {
			got[id] += n
		}
	}
	row := torture.Row{Scenario: "NATS cluster: leader kill -9", Cycles: cycles, Acknowledged: len(acked), Lost: missing(acked, got)}
	for _, n := range got {
		if n == 1 {
			row.DeliveredOnce++
		} else {
			row.DeliveredMore++
		}
	}
	row.Report(t)
	if row.Lost > 0 || row.Acknowledged < 100*cycles {
		t.Errorf("%d of %d acknowledged batches are lost", row.Lost, row.Acknowledged)
	}
}

func missing(acked map[journal.ID]bool, got map[journal.ID]int) (n int) {
	for id := range acked {
		if got[id] == 0 {
			n++
		}
	}
	return n
}
