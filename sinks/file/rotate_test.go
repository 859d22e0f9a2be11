package file

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/sinks/sinktest"
)

func TestRotateBySize(t *testing.T) {
	var runs [2]map[string]string
	for i := range runs {
		dir := t.TempDir()
		s := open(t, newSink(t, dir, 20<<10))
		events := sinktest.Events(1, 100)
		for range 3 {
			for part := range slices.Chunk(events, 10) {
				write(t, s, part)
			}
		}
		until(t, "every segment compressed", func() bool {
			names := files(t, dir)
			return len(names) > 4 && !slices.ContainsFunc(names, func(n string) bool {
				return filepath.Ext(n) == ".tmp" || n != "events.ndjson" && filepath.Ext(n) == ".ndjson"
			})
		})
		if got := sinktest.Objects(t, contents(t, dir)); len(got) != 300 || got[0].ID != events[0].ID || got[299].ID != events[99].ID {
			t.Errorf("%d events in %v", len(got), files(t, dir))
		}
		runs[i] = map[string]string{}
		for _, name := range files(t, dir) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(name) != ".gz" && len(text) > 20<<10 {
				t.Errorf("%s has %d bytes", name, len(text))
			}
			runs[i][name] = string(text)
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil || info.Mode() != 0o600 {
				t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
			}
		}
	}
	if len(runs[0]) != len(runs[1]) {
		t.Fatalf("the same batches gave %d and %d files", len(runs[0]), len(runs[1]))
	}
	for name, text := range runs[0] {
		if runs[1][name] != text {
			t.Errorf("%s is not the same twice", name)
		}
	}
}

func TestRotateByAge(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	events := sinktest.Events(1, 5)
	now := events[0].Collected
	s := newSink(t, dir, 0)
	s.config.Gzip, s.now = false, func() time.Time { return now }
	open(t, s)
	step := func(d time.Duration, want ...string) {
		t.Helper()
		now = now.Add(d)
		write(t, s, events[:1])
		if got := files(t, dir); !slices.Equal(got, want) {
			t.Errorf("after %v more there are %v, want %v", d, got, want)
		}
	}
	step(0, "events.lock", "events.ndjson")
	step(24*time.Hour-1, "events.lock", "events.ndjson")
	step(1, "events-00000001.ndjson", "events.lock", "events.ndjson")
	// Another process knows the age from the first event.
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, s)
	step(23*time.Hour, "events-00000001.ndjson", "events-00000002.ndjson", "events.lock", "events.ndjson")
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
}

// TestInterruptedCompression starts from every state that a crash can leave.
func TestInterruptedCompression(t *testing.T) {
	line := func(n int) []byte { return append(sinktest.Events(1, n+1)[n].Envelope, '\n') }
	for name, left := range map[string]map[string][]byte{
		"renamed":              {"events-00000007.ndjson": line(0)},
		"renamed, nothing new": {"events-00000007.ndjson": line(0), "events.ndjson": nil},
		"compressing":          {"events-00000007.ndjson": line(0), "events-00000007.ndjson.tmp": []byte("half")},
		"compressed, not gone": {"events-00000007.ndjson": line(0), "events-00000007.ndjson.gz": zipped(t, line(0))},
		"nothing left to do":   {"events-00000007.ndjson.gz": zipped(t, line(0))},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range left {
				if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, newSink(t, dir, 1))
			write(t, s, sinktest.Events(1, 2)[1:])
			write(t, s, sinktest.Events(1, 3)[2:])
			until(t, "compression", func() bool {
				return slices.Equal(files(t, dir), []string{"events-00000007.ndjson.gz", "events-00000008.ndjson.gz", "events.lock", "events.ndjson"})
			})
			if got, want := contents(t, dir), bytes.Join([][]byte{line(0), line(1), line(2)}, nil); !bytes.Equal(got, want) {
				t.Errorf("stored are %d bytes, want %d", len(got), len(want))
			}
		})
	}
}

// TestReadEverything runs the command of the README over every state of a folder.
func TestReadEverything(t *testing.T) {
	_, rest, _ := strings.Cut(string(read(t, "README.md")), "\n    zcat ")
	command, _, ok := strings.Cut("zcat "+rest, " | jq")
	if !ok {
		t.Fatal("the README has no command that ends in jq")
	}
	line := func(n int) []byte { return fmt.Appendf(nil, "{\"n\":%d}\n", n) }
	type folder map[string][]byte
	for name, test := range map[string]struct {
		left  folder
		lines int
	}{
		"before the first rotation": {folder{"events.ndjson": line(0)}, 1},
		"rotated":                   {folder{"events-00000001.ndjson": line(0), "events.ndjson": line(1)}, 2},
		"compressing": {folder{"events-00000001.ndjson.gz": zipped(t, line(0)), "events-00000002.ndjson": line(1),
			"events-00000002.ndjson.tmp": []byte("half"), "events.ndjson": line(2)}, 3},
		"compressed, not gone": {folder{"events-00000001.ndjson": line(0), "events-00000001.ndjson.gz": zipped(t, line(0)), "events.ndjson": line(1)}, 2},
		"nothing active yet":   {folder{"events-00000009.ndjson": line(0), "events-00000010.ndjson.gz": zipped(t, line(1)), "events.ndjson": nil}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range test.left {
				if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var want []byte
			for n := range test.lines {
				want = append(want, line(n)...)
			}
			cmd := exec.Command("sh", "-c", command)
			cmd.Dir = dir
			var said bytes.Buffer
			cmd.Stderr = &said
			if got, err := cmd.Output(); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: %s\nreads %q\nwant  %q", err, said.Bytes(), got, want)
			}
		})
	}
}

func zipped(t *testing.T, text []byte) []byte {
	dir := t.TempDir()
	s := newSink(t, dir, 1)
	if err := os.WriteFile(s.segment(1, plain), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.gzip(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(s.segment(1, plain+compressed))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
