//go:build unix

package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/sinks"
	"weir/sinks/kafka/kafkatest"
	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) { sinktest.Benchmark(b, harness(kafkatest.Start(b, 1))) }

// BenchmarkProduceSync is what to compare the sink with: the client's own way to
// produce a batch and wait for all of it, the same records to such a topic with
// the same compression.
func BenchmarkProduceSync(b *testing.B) {
	const size = 500
	c := kafkatest.Start(b, 1)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.DefaultProduceTopic(c.Topic(b, 1, 1)),
		kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	var events []sinks.Event
	n := 0
	for b.Loop() {
		if n%64 == 0 {
			b.StopTimer()
			events = sinktest.Events(uint64(n), 64*size)
			b.StartTimer()
		}
		records := make([]*kgo.Record, size)
		for i, e := range events[n%64*size:][:size] {
			records[i] = &kgo.Record{Key: []byte(e.ID), Value: e.Envelope, Headers: []kgo.RecordHeader{
				{Key: "event_id", Value: []byte(e.ID)}, {Key: "event_fingerprint", Value: []byte(e.Fingerprint)}, {Key: "schema", Value: []byte(e.Schema)},
				{Key: "app_id", Value: []byte(e.App)}, {Key: "verdict", Value: []byte(e.Verdict)}, {Key: "content-type", Value: []byte("application/json")},
			}}
		}
		if err := client.ProduceSync(b.Context(), records...).FirstErr(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}
