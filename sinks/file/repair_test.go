package file

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// TestTornTail cuts a file all over its last two lines, as a crash might, and
// pads it with zeros, as a power cut might.
func TestTornTail(t *testing.T) {
	events := sinktest.Events(1, 4)
	var whole []byte
	var ends []int
	for _, e := range events[:3] {
		whole = append(append(whole, e.Envelope...), '\n')
		ends = append(ends, len(whole))
	}
	dir := t.TempDir()
	path, torn := filepath.Join(dir, "events.ndjson"), filepath.Join(dir, "events.torn")
	var cuts []int // beside the ends of lines each, within a line some
	for cut := ends[0]; cut <= len(whole); cut++ {
		if cut%149 == 0 || slices.ContainsFunc(ends, func(end int) bool { return max(cut-end, end-cut) <= 2 }) {
			cuts = append(cuts, cut)
		}
	}
	for _, cut := range cuts {
		for zeros, after := range map[int]string{0: "", 4096: "", 512: "rest of a line\"}\n{\"of\":\"the same batch\"}\n"} {
			left := append(append(bytes.Clone(whole[:cut]), make([]byte, zeros)...), after...)
			if err := os.WriteFile(path, left, 0o600); err != nil {
				t.Fatal(err)
			}
			s := newSink(t, dir, 0)
			s.log = slog.New(slog.DiscardHandler)
			open(t, s)
			write(t, s, events[3:])
			if err := s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			good := 0
			for _, end := range ends {
				if end <= cut {
					good = end
				}
			}
			want := append(append(bytes.Clone(whole[:good]), events[3].Envelope...), '\n')
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("cut at %d with %d zeros: the file holds %d bytes, %v; want %d", cut, zeros, len(got), err, len(want))
			}
			aside, err := os.ReadFile(torn)
			if wantAside := left[good:]; len(wantAside) > 0 {
				if err != nil || !bytes.Equal(aside, append(wantAside, '\n')) {
					t.Fatalf("cut at %d with %d zeros: set aside are %d bytes, %v; want %d", cut, zeros, len(aside), err, len(wantAside)+1)
				}
			} else if !errors.Is(err, os.ErrNotExist) {
				t.Fatalf("cut at %d: nothing is torn, yet set aside are %d bytes", cut, len(aside))
			}
			os.Remove(torn)
		}
	}
}

// TestTornLargeEvent damages an event that is larger than any batch of several.
func TestTornLargeEvent(t *testing.T) {
	small := append(sinktest.Events(1, 1)[0].Envelope, '\n')
	large := append([]byte(`{"page_title":"`), bytes.Repeat([]byte("x"), 2*maxBatch+1<<16)...)
	whole := append(bytes.Clone(large), "\"}\n"...)
	zeroed := bytes.Clone(whole)
	clear(zeroed[4096:8192])
	for name, file := range map[string]struct{ good, torn []byte }{
		"behind a whole line":         {small, large},
		"alone":                       {nil, large},
		"zeros far from its end":      {small, zeroed},
		"zeros, alone":                {nil, zeroed},
		"nothing but zeros":           {nil, make([]byte, len(large))},
		"undamaged":                   {append(bytes.Clone(small), whole...), nil},
		"undamaged, alone":            {whole, nil},
		"undamaged before a torn one": {whole, large},
		"cut before its newline":      {small, whole[:len(whole)-1]},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newSink(t, dir, 0)
			s.log = slog.New(slog.DiscardHandler)
			if err := os.WriteFile(s.path(), append(bytes.Clone(file.good), file.torn...), 0o600); err != nil {
				t.Fatal(err)
			}
			open(t, s)
			if got := read(t, s.path()); !bytes.Equal(got, file.good) {
				t.Errorf("the file keeps %d bytes, want %d", len(got), len(file.good))
			}
			if len(file.torn) == 0 {
				if names := files(t, dir); len(names) != 2 {
					t.Errorf("there are %v, want the file and its lock", names)
				}
			} else if got := read(t, s.tornPath()); !bytes.Equal(got, append(bytes.Clone(file.torn), '\n')) {
				t.Errorf("set aside are %d bytes, want %d", len(got), len(file.torn)+1)
			}
			write(t, s, sinktest.Events(1, 2)[1:])
		})
	}
}

func TestForeignFile(t *testing.T) {
	dir := t.TempDir()
	foreign := bytes.Repeat([]byte("x"), 3*maxBatch)
	if err := os.WriteFile(filepath.Join(dir, "events.ndjson"), foreign, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newSink(t, dir, 0).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("Open of a foreign file gives %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "events.ndjson")); err != nil || info.Size() != int64(len(foreign)) {
		t.Errorf("the foreign file was touched: %v", err)
	}
}

func TestSecondWriter(t *testing.T) {
	dir := t.TempDir()
	first := open(t, newSink(t, dir, 0))
	second := newSink(t, dir, 0)
	if err := second.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "locked") {
		t.Errorf("a second writer gets %v", err)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, second)
}

// TestFullDisk writes to a file whose size the kernel limits: part of a batch
// goes in and the rest does not. Nothing of it may stay.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv("WEIR_FILE_FULL_DISK"); dir != "" {
		fullDisk(t, dir)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	child.Env = append(os.Environ(), "WEIR_FILE_FULL_DISK="+t.TempDir())
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func fullDisk(t *testing.T, dir string) {
	s := open(t, newSink(t, dir, 0))
	events := sinktest.Events(1, 40)
	write(t, s, events[:10])
	synced := s.size
	// A write beyond the limit is cut short and then refused; Go ignores SIGXFSZ.
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(synced) + 1000, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events[10:20]})
	if !errors.Is(err, syscall.EFBIG) || errors.Is(err, sinks.ErrNotConnected) || sinks.IsPermanent(err) {
		t.Errorf("Write to a full disk gives %v", err)
	}
	if info, err := os.Stat(s.path()); err != nil || info.Size() != synced {
		t.Errorf("the file has %d bytes, %v; want %d", info.Size(), err, synced)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	write(t, s, events[10:])
	if got := sinktest.Objects(t, contents(t, dir)); len(got) != 40 {
		t.Errorf("%d events after the disk has room again, want 40", len(got))
	}
}

// TestRemoved takes the active file away under an open sink, and replaces it.
func TestRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, newSink(t, dir, 0))
	events := sinktest.Events(1, 3)
	write(t, s, events[:1])
	for i, take := range []func() error{
		func() error { return os.Remove(s.path()) },
		func() error {
			return errors.Join(os.Rename(s.path(), s.path()+".1"), os.WriteFile(s.path(), nil, 0o600))
		},
	} {
		if err := take(); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), sinks.Batch{Events: events[1+i : 2+i]}); !errors.Is(err, sinks.ErrNotConnected) {
			t.Fatalf("Write to a file that is gone gives %v", err)
		}
		open(t, s)
		write(t, s, events[1+i:2+i])
		if got := sinktest.Objects(t, read(t, s.path())); len(got) != 1 || got[0].ID != events[1+i].ID {
			t.Errorf("%d events in the file of today", len(got))
		}
	}
}
