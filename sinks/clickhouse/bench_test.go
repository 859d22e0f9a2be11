//go:build unix

package clickhouse

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"

	"weir/sinks/clickhouse/clickhousetest"
	"weir/sinks/columns"
	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) { sinktest.Benchmark(b, harness(clickhousetest.Start(b))) }

// BenchmarkPost is what to compare the sink with: one INSERT of lines posted as
// `curl --data-binary` would, straight into the same table, with no settings.
func BenchmarkPost(b *testing.B) {
	const size = 500
	server := clickhousetest.Start(b)
	s := sink(b, Config{URL: server.URL(), Database: "bench", Migrate: true})
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	target := server.URL() + "/?" + url.Values{"query": {s.table.insert()}}.Encode()
	n := 0
	for b.Loop() {
		b.StopTimer()
		events := sinktest.Events(uint64(n), size)
		b.StartTimer()
		var lines []byte
		var row columns.Row
		for _, e := range events {
			if err := row.Read(e.Envelope); err != nil {
				b.Fatal(err)
			}
			lines = appendLine(lines, &row, nil)
		}
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, target, bytes.NewReader(lines))
		if err != nil {
			b.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			b.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			b.Fatal(response.Status)
		}
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}
