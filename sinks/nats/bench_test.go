//go:build unix

package nats

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/sinks"
	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) {
	sinktest.Benchmark(b, harness(startServer(b, users)))
}

// BenchmarkAsync is what to compare the sink with: the same messages by the
// client library's own asynchronous publishing.
func BenchmarkAsync(b *testing.B) {
	const size = 500
	server := startServer(b, users)
	conn, err := server.connect()
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(size))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "events", Subjects: []string{"events.>"}}); err != nil {
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
		for _, e := range events[n%64*size:][:size] {
			m := &nats.Msg{Subject: "events.good.shop", Data: e.Envelope, Header: nats.Header{
				jetstream.MsgIDHeader: {e.ID + "-" + e.Fingerprint}, "verdict": {e.Verdict}, "app_id": {e.App}, "schema": {e.Schema}}}
			if _, err := js.PublishMsgAsync(m); err != nil {
				b.Fatal(err)
			}
		}
		<-js.PublishAsyncComplete()
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}
