package host

import (
	"context"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/sinks"
)

// A batch that asks for it is acknowledged once every required route has
// delivered it, and no sooner.
func TestAckDelivered(t *testing.T) {
	r := newRig(t, "slow", "dead")
	r.cfg.Public.AckWait = 20 * time.Second
	r.cfg.Routes[1].Required = false
	r.sink("dead").do(func(context.Context, sinks.Batch) error { return sinks.ErrNotConnected })
	release := make(chan struct{})
	r.sink("slow").do(func(ctx context.Context, _ sinks.Batch) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	r.start()
	answered := make(chan int)
	go func() {
		status, _ := r.post(frameWith(envelope.AckDelivered, goodEvents(2)...))
		answered <- status
	}()
	r.send(goodEvents(1)...) // one that asks for storing is not held up
	select {
	case status := <-answered:
		t.Fatalf("answered %d before the sink had anything", status)
	case release <- struct{}{}:
	}
	close(release)
	if status := <-answered; status != 200 {
		t.Errorf("after the delivery: %d", status)
	}
	r.sink("slow").wait(t, 3)
	var text string
	if r.get("/metrics", &text); sum(text, "weir_ingest_delivered_seconds_count", `code="200"`) != 1 {
		t.Error("the wait was not counted")
	}
	for ack, want := range map[string]float64{"stored": 1, "delivered": 1, "none": 0} {
		if got := sum(text, "weir_ingest_seconds_count", `ack="`+ack+`"`); got != want {
			t.Errorf("%v answers to ack %s are counted, want %v", got, ack, want)
		}
	}
}

// When a required sink takes nothing the answer is 503, the batch is stored
// once, and it is acknowledged when sent again after the sink came back.
func TestAckDeliveredToDeadSink(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Public.AckWait = 50 * time.Millisecond
	r.sink("a").do(func(context.Context, sinks.Batch) error { return sinks.ErrNotConnected })
	r.start()
	id, body := frameWith(envelope.AckDelivered, goodEvents(2)...)
	for range 2 {
		if status, answer := r.post(id, body); status != 503 || !strings.Contains(answer, "stored but not delivered") {
			t.Fatalf("answer %d %s from a dead sink", status, answer)
		}
	}
	r.sink("a").do(nil)
	until(t, "acknowledged", func() bool {
		status, answer := r.post(id, body)
		return status == 200 && strings.Contains(answer, `"duplicate":true`)
	})
	a := r.sink("a")
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, n := range a.events {
		if n != 1 {
			t.Errorf("event %s was written %d times", id, n)
		}
	}
	var text string
	r.get("/metrics", &text)
	if got := sum(text, "weir_events_acknowledged_total"); got != 2 {
		t.Errorf("%v events are counted as stored, want 2", got)
	}
	if got := sum(text, "weir_ingest_delivered_seconds_count", `code="503"`); got < 2 {
		t.Errorf("%v waits in vain are counted, want at least 2", got)
	}
}

// A host that stops does not wait for a dead sink on behalf of an edge.
func TestAckDeliveredWhileStopping(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Public.AckWait = time.Hour
	r.sink("a").do(func(context.Context, sinks.Batch) error { return sinks.ErrNotConnected })
	r.start()
	answered := make(chan int)
	go func() {
		status, _ := r.post(frameWith(envelope.AckDelivered, goodEvents(1)...))
		answered <- status
	}()
	until(t, "stored", func() bool {
		var text string
		r.get("/metrics", &text)
		return sum(text, "weir_route_lag_batches", `route="a"`) == 1
	})
	r.drain()
	if status := <-answered; status != 503 {
		t.Errorf("answer %d while stopping", status)
	}
}
