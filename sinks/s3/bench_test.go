//go:build unix

package s3

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) {
	for _, format := range []string{"envelope", "tsv", "parquet"} {
		b.Run(format, func(b *testing.B) { sinktest.Benchmark(b, harness(Config{Format: format, Name: "{time}-{batch}"})) })
	}
}

// BenchmarkPut is what to compare the sink with: the client library puts the
// same lines, compressed the same way.
func BenchmarkPut(b *testing.B) {
	const size = 500
	s := start(b)
	bucket := s.bucket(b)
	client, err := minio.New(s.address, &minio.Options{Creds: credentials.NewStaticV4(writer, writerSecret, ""), Region: "us-east-1", BucketLookup: minio.BucketLookupPath})
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	for b.Loop() {
		b.StopTimer()
		events := sinktest.Events(uint64(n), size)
		b.StartTimer()
		buf.Reset()
		z.Reset(&buf)
		for _, e := range events {
			z.Write(e.Envelope)
			z.Write([]byte{'\n'})
		}
		if err := z.Close(); err != nil {
			b.Fatal(err)
		}
		if _, err := client.PutObject(b.Context(), bucket, fmt.Sprintf("%d.ndjson.gz", n), bytes.NewReader(buf.Bytes()), int64(buf.Len()), minio.PutObjectOptions{}); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}
