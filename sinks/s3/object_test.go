//go:build unix

package s3

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/sinktest"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// open opens a sink until the test ends.
func open(t testing.TB, s *Sink) *Sink {
	t.Helper()
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func write(t testing.TB, s *Sink, b sinks.Batch) {
	t.Helper()
	if err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// TestPlaces: a batch that spans hours and verdicts makes an object for each.
func TestPlaces(t *testing.T) {
	s := start(t)
	b := batchOf("the-batch", noon.Add(59*time.Minute), noon, noon.Add(time.Hour), noon.Add(30*time.Minute), noon.Add(13*time.Hour))
	b.Events[3].Verdict = "failed"
	for name, want := range map[string][]string{
		"": {
			"failed/date=2026-11-20/hour=12/20261120T123000.000Z-the-batch.ndjson.gz",
			"good/date=2026-11-20/hour=12/20261120T120000.000Z-the-batch.ndjson.gz",
			"good/date=2026-11-20/hour=13/20261120T130000.000Z-the-batch.ndjson.gz",
			"good/date=2026-11-21/hour=01/20261121T010000.000Z-the-batch.ndjson.gz",
		},
		"raw/{year}/{month}/{day}/{batch}": {"raw/2026/11/20/the-batch.ndjson.gz", "raw/2026/11/21/the-batch.ndjson.gz"},
		"{batch}":                          {"the-batch.ndjson.gz"},
	} {
		bucket := s.bucket(t)
		write(t, open(t, s.sink(t, Config{Bucket: bucket, Name: name})), b)
		objects := s.objects(t, bucket)
		if got := slices.Sorted(maps.Keys(objects)); !slices.Equal(got, want) {
			t.Errorf("%q stores %q, want %q", name, got, want)
		}
		if got := len(stored(t, objects)); got != len(b.Events) {
			t.Errorf("%q stores %d events, want %d", name, got, len(b.Events))
		}
	}
}

// TestSameBytes: a batch that is written again, by the same sink after others or
// by another process, gives the same objects, byte for byte.
func TestSameBytes(t *testing.T) {
	s := start(t)
	b := sinks.Batch{ID: "again", Events: append(sinktest.Events(1, 300), sinktest.Full(1, 0))}
	other := sinks.Batch{ID: "other", Events: sinktest.Events(2, 100)}
	for _, f := range []string{"envelope", "flat", "analytics", "tsv", "parquet"} {
		for _, compression := range []string{"gzip", "zstd", "none"} {
			t.Run(f+" "+compression, func(t *testing.T) {
				c := Config{Bucket: s.bucket(t), Format: f, Compression: compression}
				first := open(t, s.sink(t, c))
				write(t, first, b)
				before := s.objects(t, c.Bucket)
				write(t, first, other)
				write(t, first, b)
				write(t, open(t, s.sink(t, c)), b)
				after := s.objects(t, c.Bucket)
				if len(before) != 1 || len(after) != 2 {
					t.Fatalf("there are %d, then %d objects", len(before), len(after))
				}
				for name, text := range before {
					if !bytes.Equal(after[name], text) {
						t.Errorf("%s differs when it is written again", name)
					}
					if f != parquetName {
						text = plain(t, name, text)
						if n := bytes.Count(text, []byte("\n")); n != len(b.Events) {
							t.Errorf("%s holds %d lines, want %d", name, n, len(b.Events))
						}
					} else if n := len(rows(t, text)); n != len(b.Events) {
						t.Errorf("%s holds %d rows, want %d", name, n, len(b.Events))
					}
				}
			})
		}
	}
}

// TestFormatRefuses: what a format cannot spell is that event's failure.
func TestFormatRefuses(t *testing.T) {
	s := start(t)
	for f, bad := range map[string]sinks.Event{
		"flat":      sinktest.With(sinktest.Events(2, 1)[0], "page_urlport", "443"),
		"tsv":       sinktest.With(sinktest.Events(2, 1)[0], "page_urlport", "443"),
		"analytics": sinktest.With(sinktest.Events(2, 1)[0], "contexts", map[string]any{}),
		"parquet":   sinktest.With(sinktest.Events(2, 1)[0], "se_value", json.Number("1e400")),
	} {
		bucket := s.bucket(t)
		sink := open(t, s.sink(t, Config{Bucket: bucket, Format: f}))
		events := sinktest.Events(1, 3)
		err := sink.Write(t.Context(), sinks.Batch{ID: "b", Events: []sinks.Event{events[0], bad, events[1], events[2]}})
		var partial *sinks.BatchError
		if !errors.As(err, &partial) || len(partial.Failed) != 1 || partial.Failed[0].Index != 1 || !partial.Failed[0].Permanent {
			t.Errorf("%s: Write gives %v", f, err)
		}
		if n := len(s.objects(t, bucket)); n != 1 {
			t.Errorf("%s: %d objects are stored", f, n)
		}
		if err := sink.Write(t.Context(), sinks.Batch{ID: "c", Events: []sinks.Event{bad}}); !errors.As(err, &partial) {
			t.Errorf("%s: Write gives %v", f, err)
		}
		if n := len(s.objects(t, bucket)); n != 1 {
			t.Errorf("%s: an object of no events is stored", f)
		}
	}
}

func TestTemplate(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "must end with {batch}",
		"events":                             "must end with {batch}",
		"{batch}.gz":                         "must end with {batch}",
		"{app}/{batch}":                      "{app} is none of",
		"{date/{batch}":                      "{date/{batch} is none of",
		"{batch}{date":                       "not closed",
		"hour={hour}/{batch}":                "{hour} needs",
		"/{batch}":                           "may not begin with /",
		"a//{batch}":                         "may not begin with /",
		"../{batch}":                         "may not begin with /",
		"a/./{batch}":                        "may not begin with /",
		"a b/{batch}":                        "use letters",
		"ü/{batch}":                          "use letters",
		"a}{batch}":                          "use letters",
		strings.Repeat("a", 600) + "{batch}": "longer than 512",
	} {
		if _, err := parseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %v, want %q", text, err, want)
		}
	}
}

// TestBatchInName: a batch id that cannot stand in a name is hashed, the same way each time.
func TestBatchInName(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{"", "a/b", "../b", ".", "..", "a b", "é", strings.Repeat("x", 129), "a\nb"} {
		got := safe(id)
		if len(got) != 32 || got != safe(id) || seen[got] {
			t.Errorf("%q becomes %q", id, got)
		}
		seen[got] = true
	}
	for _, id := range []string{"9f86d081884c7d65", "a-b_c.d", strings.Repeat("x", 128)} {
		if got := safe(id); got != id {
			t.Errorf("%q becomes %q", id, got)
		}
	}
}
