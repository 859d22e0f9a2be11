//go:build unix

package redis

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// The server of benchmarks keeps nothing on disk: it is the sink that is measured.

func BenchmarkSink(b *testing.B) {
	server := startServer(b)
	for name, span := range map[string]time.Duration{"unique": time.Hour, "plain": 0} {
		b.Run(name, func(b *testing.B) {
			sinktest.Benchmark(b, harness(server, func(c *Config) { c.UniqueFor = span }))
		})
	}
}

// BenchmarkPipeline is what to compare the sink with: the same entries by the
// client library's own pipeline.
func BenchmarkPipeline(b *testing.B) {
	const size = 500
	admin := startServer(b).admin(b)
	var events []sinks.Event
	n := 0
	for b.Loop() {
		if n%64 == 0 {
			b.StopTimer()
			events = sinktest.Events(uint64(n), 64*size)
			b.StartTimer()
		}
		p := admin.Pipeline()
		for _, e := range events[n%64*size:][:size] {
			p.Do(b.Context(), "XADD", "events", "*", "event_id", e.ID, "event_fingerprint", e.Fingerprint, "app_id", e.App,
				"event_name", e.Name, "schema", e.Schema, "verdict", e.Verdict, "event", e.Envelope)
		}
		if _, err := p.Exec(b.Context()); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkMemory measures what remembering an event costs the server.
func BenchmarkMemory(b *testing.B) {
	const size = 200_000
	for b.Loop() {
		used := map[time.Duration]int{}
		for _, span := range []time.Duration{0, time.Hour} {
			server := startServer(b)
			c := config(server)
			c.UniqueFor = span
			s := opened(b, c)
			before := usedMemory(b, server)
			for at := 0; at < size; at += 1000 {
				write(b, s, sinktest.Events(uint64(at), 1000)...)
			}
			used[span] = (usedMemory(b, server) - before) / size
		}
		b.ReportMetric(float64(used[0]), "bytes/entry")
		b.ReportMetric(float64(used[time.Hour]-used[0]), "bytes/remembered")
	}
}

func usedMemory(b *testing.B, server *instance) int {
	_, rest, _ := strings.Cut(server.do(b, "INFO memory").(string), "used_memory:")
	text, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
