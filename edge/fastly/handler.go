package main

import (
	"context"
	"os"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
)

// handler answers trackers. A sandbox has one request at a time, so that it
// needs no locks and uses its room again and again.
type handler struct {
	collector *collector.Collector
	forward   *forwarder
	maxBody   int // bytes
	platform  platform
	spill     spill
	lines     logLines

	in   collector.Input
	body []byte
}

// platform is what Fastly knows and a request does not say.
type platform interface {
	Now() time.Time
	Entropy(*[32]byte)
	Locate(ip string) envelope.Location
	Bot() collector.BotScore
}

// serve answers one request once its batch is as safe as its ack mode asks, and
// then looks after batches that no host took.
func (h *handler) serve(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	if !h.answer(ctx, w, r) {
		return // hosts are down: there is no use in asking them again
	}
	if now := h.platform.Now(); h.spill.due(now) {
		// The client has its answer once this is closed; the sandbox goes on.
		w.Close()
		if err := h.spill.hand(ctx, h.forward, now); err != nil {
			os.Stderr.WriteString("weir: " + err.Error() + "\n")
		}
	}
}

// answer answers one request. It returns false if hosts did not take its batch.
// What no host took goes to the KV store, if the service has one: that is as
// safe as queued and stored ask. Delivered asks for more, and is refused. A log
// endpoint is safe enough for fast alone, which was answered before.
func (h *handler) answer(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) (taken bool) {
	if err := h.read(r); err != nil {
		// Half a body is no event, and a tracker that still listens keeps what it has.
		refuse(w, r, fsthttp.StatusRequestTimeout)
		return true
	}
	out := h.collector.Collect(&h.in)
	if len(out.Batch) == 0 {
		write(w, &out.Response)
		return true
	}
	if out.Ack == envelope.AckFast {
		write(w, &out.Response)
		w.Close()
		if taken = h.deliver(ctx, out); !taken && !h.spill.keep(out.BatchID, out.Batch) {
			h.lines.write(out.BatchID, out.Batch, h.platform.Now())
		}
		return taken
	}
	taken = h.deliver(ctx, out)
	if taken || out.Ack != envelope.AckDelivered && h.spill.keep(out.BatchID, out.Batch) {
		write(w, &out.Response)
	} else {
		write(w, &out.Refusal)
	}
	return taken
}

func (h *handler) deliver(ctx context.Context, out *collector.Outcome) bool {
	err := h.forward.deliver(ctx, out.BatchID, out.Batch, h.platform.Now())
	if err != nil {
		os.Stderr.WriteString("weir: " + err.Error() + "\n")
	}
	return err == nil
}

func write(w fsthttp.ResponseWriter, resp *protocol.Response) {
	header := w.Header()
	for _, field := range resp.Headers {
		header.Add(field.Name, field.Value)
	}
	w.WriteHeader(resp.Status)
	w.Write(resp.Body)
}

// refuse answers a request that the collector never saw. Without the CORS
// headers a browser would report a network error in place of the status.
func refuse(w fsthttp.ResponseWriter, r *fsthttp.Request, status int) {
	header := w.Header()
	header.Set("Retry-After", "5")
	if origin := r.Header.Get("Origin"); origin != "" && origin != "null" {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
		header.Set("Vary", "Origin")
	} else {
		header.Set("Access-Control-Allow-Origin", "*")
	}
	w.WriteHeader(status)
}

// fastly is the platform itself.
type fastly struct{}

func (fastly) Now() time.Time { return time.Now() }

func (fastly) Entropy(dst *[32]byte) { random(dst) }

// Bot knows nothing: Fastly tells of bots in a product of its own, which this
// SDK does not read.
func (fastly) Bot() collector.BotScore { return collector.BotScore{} }
