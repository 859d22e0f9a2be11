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
