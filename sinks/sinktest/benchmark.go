package sinktest

import (
	"testing"

	"weir/sinks"
)

// Benchmark measures what a sink stores, in batches of 500 typical events, each
// event written once. It reports events/s.
func Benchmark(b *testing.B, h Harness) {
	const size = 500
	sink := h.Start(b).New()
	if err := sink.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	events, bytes := make([][]sinks.Event, 0, 64), 0
	n := 0
	for b.Loop() {
		if n%cap(events) == 0 {
			b.StopTimer()
			events = events[:0]
			for i := range cap(events) {
				events = append(events, Events(uint64(n+i), size))
			}
			b.StartTimer()
		}
		batch := sinks.Batch{ID: "b", Events: events[n%cap(events)]}
		for _, e := range batch.Events {
			bytes += len(e.Envelope)
		}
		if err := sink.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.SetBytes(int64(bytes / n))
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
	if err := sink.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
