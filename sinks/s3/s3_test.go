//go:build unix

package s3

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/minio/minio-go/v7"
	"github.com/parquet-go/parquet-go"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "s3") }

func TestSink(t *testing.T) {
	t.Run("envelope", func(t *testing.T) { sinktest.Run(t, harness(Config{Format: "envelope"})) })
	t.Run("parquet", func(t *testing.T) {
		sinktest.Run(t, harness(Config{Format: "parquet", Decimals: "text", Compression: "none"}))
	})
}

func harness(c Config) sinktest.Harness {
	h := sinktest.Harness{Shared: true, Stateless: true, Start: func(t testing.TB) sinktest.Destination {
		s := start(t)
		c := c
		c.Bucket = s.bucket(t)
		d := sinktest.Destination{
			New:    func() sinks.Sink { return s.sink(t, c) },
			Stored: func(t testing.TB) []sinktest.Stored { return stored(t, s.objects(t, c.Bucket)) },
			Poison: sinktest.BrokenLines,
			Outage: func(t testing.TB, during func()) {
				if err := s.stop(); err != nil {
					t.Fatal(err)
				}
				during()
				if err := s.start(); err != nil {
					t.Fatal(err)
				}
			},
			Forbid: func(t testing.TB) {
				if err := s.client(t).SetBucketPolicy(t.Context(), c.Bucket, ""); err != nil {
					t.Fatal(err)
				}
			},
		}
		if c.Format == parquetName {
			d.Poison = func(t testing.TB, e sinks.Event) []sinks.Event {
				return append(sinktest.BrokenLines(t, e), sinktest.With(e, "page_urlport", "443"), sinktest.With(e, "se_value", json.Number("1e2000")))
			}
		}
		return d
	}}
	if c.Format == parquetName {
		h.NUL = "\uFFFD"
	}
	return h
}

// sink returns a sink of the writer's, with c over the defaults.
func (s *server) sink(t testing.TB, c Config) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("s3")
	full := kind.Config().(*Config)
	full.Endpoint, full.Insecure, full.PathStyle = "http://"+s.address, true, true
	full.AccessKey, full.SecretKey = writer, writerSecret
	full.Bucket = c.Bucket
	for _, f := range []struct{ to, from *string }{{&full.Name, &c.Name}, {&full.Format, &c.Format}, {&full.Compression, &c.Compression}, {&full.Decimals, &c.Decimals}} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	sink, err := kind.New(full, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return sink.(*Sink)
}

// objects reads back everything in a bucket.
func (s *server) objects(t testing.TB, bucket string) map[string][]byte {
	t.Helper()
	client, all := s.client(t), map[string][]byte{}
	for o := range client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		r, err := client.GetObject(t.Context(), bucket, o.Key, minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[o.Key] = text
	}
	for u := range client.ListIncompleteUploads(t.Context(), bucket, "", true) {
		t.Errorf("an upload of %s is left incomplete: %v", u.Key, u.Err)
	}
	return all
}

// stored reads the events in objects, in the order of their names.
func stored(t testing.TB, objects map[string][]byte) (list []sinktest.Stored) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if strings.HasSuffix(name, ".parquet") {
			list = append(list, rows(t, objects[name])...)
		} else {
			list = append(list, sinktest.Objects(t, plain(t, name, objects[name]))...)
		}
	}
	return list
}

// plain undoes the compression that an object's name tells of.
func plain(t testing.TB, name string, text []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(text)
	var err error
	switch {
	case strings.HasSuffix(name, ".gz"):
		r, err = gzip.NewReader(r)
	case strings.HasSuffix(name, ".zst"):
		r, err = zstd.NewReader(r)
	}
	if err == nil {
		text, err = io.ReadAll(r)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text
}

// rows reads a Parquet file as objects. Its library is the sink's, see
// TestParquetIndependently for another.
func rows(t testing.TB, text []byte) (list []sinktest.Stored) {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]parquet.Row, 100)
	for _, group := range file.RowGroups() {
		r := group.Rows()
		for n, err := 0, error(nil); err == nil; {
			if n, err = r.ReadRows(buf); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			for _, row := range buf[:n] {
				list = append(list, sinktest.Stored{ID: row[envelope.EventID].String(), Object: objectOf(row)})
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func objectOf(row parquet.Row) []byte {
	line := []byte{'{'}
	for _, v := range row {
		if c := columns.All[v.Column()]; !v.IsNull() {
			line = append(append(append(line, '"'), c.Name...), `":`...)
			line = append(append(line, spell(c.Type, v)...), ',')
		}
	}
	line[len(line)-1] = '}'
	return line
}

func spell(c columns.Type, v parquet.Value) []byte {
	switch c {
	case columns.Timestamp:
		return fmt.Appendf(nil, "%q", envelope.AppendTime(nil, v.Int64()))
	case columns.Integer, columns.Decimal, columns.JSON:
		return []byte(v.String())
	case columns.Boolean:
		return fmt.Append(nil, v.Boolean())
	default:
		return envelope.AppendString(nil, string(v.ByteArray()))
	}
}

// TestInFlight writes several batches at a time through one sink.
func TestInFlight(t *testing.T) {
	s := start(t)
	for _, f := range []string{"envelope", "parquet"} {
		bucket := s.bucket(t)
		sink := open(t, s.sink(t, Config{Bucket: bucket, Format: f}))
		const writers, batches, size = 4, 3, 50
		var wait sync.WaitGroup
		for w := range writers {
			wait.Go(func() {
				for n := range batches {
					events := sinktest.Events(uint64(w*batches+n), size)
					if err := sink.Write(t.Context(), sinks.Batch{ID: events[0].ID, Events: events}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		ids := map[string]bool{}
		for _, e := range stored(t, s.objects(t, bucket)) {
			ids[e.ID] = true
		}
		if len(ids) != writers*batches*size {
			t.Errorf("%s: %d events are stored, want %d", f, len(ids), writers*batches*size)
		}
	}
}

// batchOf is a batch whose events were collected at the given times.
func batchOf(id string, at ...time.Time) sinks.Batch {
	b := sinks.Batch{ID: id, Events: sinktest.Events(1, len(at))}
	for i, when := range at {
		b.Events[i].Collected = when
	}
	return b
}
