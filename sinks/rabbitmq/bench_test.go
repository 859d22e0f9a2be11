//go:build unix

package rabbitmq

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/sinks"
	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) {
	for _, queueType := range []string{amqp.QueueTypeClassic, amqp.QueueTypeQuorum} {
		b.Run(queueType, func(b *testing.B) { sinktest.Benchmark(b, harness(start(b), queueType)) })
	}
}

// BenchmarkClient is what to compare the sink with: the client's own way to
// publish a batch, all messages first and then their confirmations.
func BenchmarkClient(b *testing.B) {
	for _, queueType := range []string{amqp.QueueTypeClassic, amqp.QueueTypeQuorum} {
		b.Run(queueType, func(b *testing.B) {
			const size = 500
			server := start(b)
			p := newPlace(b, server, amqp.Table{amqp.QueueTypeArg: queueType})
			channel := server.Channel(b)
			if err := channel.Confirm(false); err != nil {
				b.Fatal(err)
			}
			var events []sinks.Event
			n := 0
			for b.Loop() {
				if n%64 == 0 {
					b.StopTimer()
					events = sinktest.Events(uint64(n), 64*size)
					b.StartTimer()
				}
				confirmations := make([]*amqp.DeferredConfirmation, size)
				for i, e := range events[n%64*size:][:size] {
					var err error
					confirmations[i], err = channel.PublishWithDeferredConfirm(p.exchange, "weir.good.shop", true, false, amqp.Publishing{
						DeliveryMode: amqp.Persistent, ContentType: "application/json", MessageId: e.ID, Timestamp: e.Collected, Body: e.Envelope,
						Headers: amqp.Table{"event_fingerprint": e.Fingerprint, "schema": e.Schema, "app_id": e.App},
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				for _, c := range confirmations {
					if !c.Wait() {
						b.Fatal("not confirmed")
					}
				}
				n++
			}
			b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
