package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "file") }

func TestSink(t *testing.T) { sinktest.Run(t, harness(1<<30)) }

// TestSinkRotating runs the suite over files so small that nearly every batch
// starts another.
func TestSinkRotating(t *testing.T) { sinktest.Run(t, harness(10<<10)) }

// TestCrash kills writers of small files, so that it meets rotation and
// compression, too.
func TestCrash(t *testing.T) {
	sinktest.Crash(t,
		func(t testing.TB, dir string) sinks.Sink { return newSink(t, dir, 100<<10) },
		func(t testing.TB, dir string) []sinktest.Stored { return sinktest.Objects(t, contents(t, dir)) })
}

func TestSyncFails(t *testing.T) {
	sinktest.SyncFails(t, func(t testing.TB, dir string) sinks.Sink { return newSink(t, dir, 0) })
}

func BenchmarkSink(b *testing.B) { sinktest.Benchmark(b, harness(128<<20)) }

func harness(rotate sinks.Size) sinktest.Harness {
	return sinktest.Harness{Ordered: true, Start: func(t testing.TB) sinktest.Destination {
		dir := filepath.Join(t.TempDir(), "below")
		return sinktest.Destination{
			New:    func() sinks.Sink { return newSink(t, dir, rotate) },
			Stored: func(t testing.TB) []sinktest.Stored { return sinktest.Objects(t, contents(t, dir)) },
			Poison: sinktest.BrokenLines,
			Forbid: func(t testing.TB) {
				if err := os.WriteFile(dir, nil, 0o600); err != nil { // works for root as well
					t.Fatal(err)
				}
			},
		}
	}}
}

func newSink(t testing.TB, dir string, rotate sinks.Size) *Sink {
	kind, _ := sinks.Lookup("file")
	config := kind.Config().(*Config)
	config.Dir, config.RotateSize = dir, rotate
	s, err := kind.New(config, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

// TestFormats: a line is what the format makes of an event, in files of its own
// kind, and what it refuses is that event's failure.
func TestFormats(t *testing.T) {
	for _, name := range format.Names {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			kind, _ := sinks.Lookup("file")
			config := kind.Config().(*Config)
			config.Dir, config.RotateSize, config.Format = dir, 1, name
			made, err := kind.New(config, sinktest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, made.(*Sink))
			events, want := sinktest.Events(1, 3), []byte(nil)
			for _, e := range events {
				write(t, s, []sinks.Event{e})
				if want, err = s.format.Append(want, e); err != nil {
					t.Fatal(err)
				}
				want = append(want, '\n')
			}
			suffix := ".ndjson"
			if name == "tsv" {
				suffix = ".tsv"
			}
			complete := []string{"events-00000001" + suffix + ".gz", "events-00000002" + suffix + ".gz"}
			until(t, "two segments compressed", func() bool {
				return slices.Equal(files(t, dir), append(complete, "events.lock", "events"+suffix))
			})
			var got []byte
			for _, name := range complete {
				got = append(got, gunzip(t, read(t, filepath.Join(dir, name)))...)
			}
			if got = append(got, read(t, filepath.Join(dir, "events"+suffix))...); !bytes.Equal(got, want) {
				t.Errorf("the files hold\n%s\nwant\n%s", got, want)
			}
			if at, ok := collected(want); !ok || !at.Equal(events[0].Collected) {
				t.Errorf("the first event was collected at %v, %t, want %v", at, ok, events[0].Collected)
			}
			bad := sinktest.With(events[0], "page_urlport", "443")
			err = s.Write(t.Context(), sinks.Batch{ID: "b", Events: []sinks.Event{bad}})
			var partial *sinks.BatchError
			if name != "envelope" && (!errors.As(err, &partial) || !partial.Failed[0].Permanent) {
				t.Errorf("an event that cannot be spelled gives %v", err)
			}
		})
	}
}

// contents is everything stored in a folder, in order.
func contents(t testing.TB, dir string) (all []byte) {
	t.Helper()
	names := files(t, dir)
	for _, name := range names {
		path := filepath.Join(dir, name)
		switch {
		case strings.HasSuffix(name, compressed):
			if slices.Contains(names, strings.TrimSuffix(name, ".gz")) {
				continue // its plain form was read
			}
			all = append(all, gunzip(t, read(t, path))...)
		case strings.HasSuffix(name, plain):
			text, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) { // compressed since it was listed
				text, err = gunzip(t, read(t, path+".gz")), nil
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
	}
	return all
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// files lists a folder by name, which puts segments in order and before the
// active file.
func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func gunzip(t testing.TB, text []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func open(t *testing.T, s *Sink) *Sink {
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

func write(t *testing.T, s *Sink, events []sinks.Event) {
	t.Helper()
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events}); err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition that a goroutine of the sink brings about.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
