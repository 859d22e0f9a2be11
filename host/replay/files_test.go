package replay

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/host/journal/sqlite"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch filepath.Ext(name) {
	case ".gz":
		w = gzip.NewWriter(&b)
	case ".zst":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if w != nil {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	} else {
		b.WriteString(text)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func lines(from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		b.WriteString(line(n, "shop", "good") + "\n")
	}
	return b.String()
}

// pushAll hands files over and returns how many events there were and how many were known.
func (r *rig) pushAll(f *Files, files []string) (events, known int) {
	r.t.Helper()
	for _, name := range files {
		err := f.Chunks(name, func(lines []byte, c Counts) error {
			done, err := r.Push(r.t.Context(), "a", "", lines)
			if err == nil && (int64(done.Events) != c.Events || done.Waiting != "") {
				err = fmt.Errorf("a chunk of %d events is pushed as %+v", c.Events, done)
			}
			events += done.Events
			if done.Known {
				known += done.Events
			}
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return events, known
}

func TestFiles(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	dir := t.TempDir()
	write(t, dir, "2026/11/a.ndjson", lines(0, 1234)+strings.TrimSuffix(lines(1234, 1235), "\n"))
	write(t, dir, "2026/11/b.jsonl.gz", lines(2000, 2600))
	write(t, dir, "c.json.zst", lines(3000, 3010))
	write(t, dir, "events.lock", "")
	write(t, dir, "events.torn", lines(5000, 5001))
	odd := write(t, t.TempDir(), "named by hand", lines(4000, 4010)+"\nno envelope\r\n"+`{"event_id":"1"}`+"\n"+strings.Repeat("x", longestLine+1)+"\n"+
		line(4010, "shop", "unresolved")+"\n"+line(4011, "shop", "good")+"\r\n")
	files, size, err := Find([]string{dir, odd})
	if err != nil || len(files) != 4 || size <= 0 {
		t.Fatalf("found %q of %d bytes, %v", files, size, err)
	}
	var bad []string
	read := 0
	f := &Files{Read: func(n int) { read += n }, Bad: func(file string, line int, err error) {
		if file != odd || err == nil {
			t.Errorf("%s:%d: %v", file, line, err)
		}
		bad = append(bad, fmt.Sprint(line))
	}}
	const want = 1235 + 600 + 10 + 11
	if events, known := r.pushAll(f, files); events != want || known != 0 || int64(read) != size {
		t.Errorf("%d events were handed over, %d of them known, of %d bytes of %d; want %d", events, known, read, size, want)
	}
	if !slices.Equal(bad, []string{"12", "13", "14", "15"}) {
		t.Errorf("lines that are no envelopes: %q", bad)
	}
	if events, known := r.pushAll(f, files); events != want || known != want {
		t.Errorf("once more: %d events, %d of them known", events, known)
	}
	// The sink may have compressed a file since, and moved it.
	moved := write(t, t.TempDir(), "a.ndjson.gz", lines(0, 1235))
	if events, known := r.pushAll(f, []string{moved}); events != 1235 || known != 1235 {
		t.Errorf("compressed: %d events, %d of them known", events, known)
	}
	got := r.read("a")
	for id, n := range got {
		if n != 1 {
			t.Fatalf("event %s was handed over %d times", id, n)
		}
	}
	if len(got) != want {
		t.Errorf("%d events were read, want %d", len(got), want)
	}
	if got := r.read("b"); len(got) != 0 {
		t.Errorf("another route reads %d events", len(got))
	}
}

func TestFilesByTime(t *testing.T) {
	at := time.Date(2026, 11, 20, 23, 3, 24, 123e6, time.UTC)
	path := write(t, t.TempDir(), "x.ndjson", lines(0, 3)+strings.ReplaceAll(lines(3, 5), "23:03:24.123Z", "23:03:25.000Z"))
	for name, c := range map[string]struct {
		f    Files
		want int64
	}{
		"all":    {Files{}, 5},
		"from":   {Files{From: at.Add(1)}, 2},
		"to":     {Files{To: at}, 0},
		"both":   {Files{From: at, To: at.Add(1)}, 3},
		"filter": {Files{Filter: Filter{Apps: []string{"blog"}}}, 0},
	} {
		var sum Counts
		if err := c.f.Chunks(path, func(_ []byte, n Counts) error { sum.Add(n); return nil }); err != nil || sum.Events != c.want {
			t.Errorf("%s: %d events, %v; want %d", name, sum.Events, err, c.want)
		}
	}
}

// A file that ends too early is an error that names it; mended, it is handed
// over as if it had always been whole.
func TestFilesCutOff(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	dir := t.TempDir()
	path := write(t, dir, "x.ndjson.gz", lines(0, 700))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	events := 0
	push := func(lines []byte, c Counts) error {
		events += int(c.Events)
		_, err := r.Push(t.Context(), "a", "", lines)
		return err
	}
	f := &Files{Bad: func(string, int, error) { t.Error("a line that was cut off counts as none") }}
	if err := f.Chunks(path, push); err == nil || !strings.Contains(err.Error(), path) || events != chunkEvents {
		t.Errorf("%d events of a file that was cut off, %v", events, err)
	}
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if events, known := r.pushAll(f, []string{path}); events != 700 || known != chunkEvents {
		t.Errorf("mended: %d events, %d of them known", events, known)
	}
}

func TestPushedLinesAreChecked(t *testing.T) {
	r := newRig(t, sqlite.Options{})
	for _, text := range []string{"", "\n", line(1, "shop", "good") + "\nno envelope\n"} {
		if done, err := r.Push(t.Context(), "a", "", []byte(text)); err == nil {
			t.Errorf("%q is pushed as %+v", text, done)
		}
	}
	for _, missing := range []string{filepath.Join(t.TempDir(), "x.ndjson"), "/nowhere/at/all"} {
		if _, _, err := Find([]string{missing}); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s is found: %v", missing, err)
		}
	}
}
