package stdout

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "stdout") }

func TestSink(t *testing.T) { sinktest.Run(t, harness) }

// harness writes to a real pipe, read by the test.
var harness = sinktest.Harness{Ordered: true, Start: func(t testing.TB) sinktest.Destination {
	p := newPipe(t)
	return sinktest.Destination{
		New:    func() sinks.Sink { return &Sink{format: format.Envelope{}, file: p.duplicate} },
		Stored: func(t testing.TB) []sinktest.Stored { return sinktest.Objects(t, p.read(t)) },
		Poison: sinktest.BrokenLines,
	}
}}

func TestFormats(t *testing.T) {
	events := sinktest.Events(1, 2)
	for _, name := range format.Names {
		kind, _ := sinks.Lookup("stdout")
		made, err := kind.New(&Config{Format: name}, sinktest.Env(t))
		if err != nil {
			t.Fatal(err)
		}
		p, s := newPipe(t), made.(*Sink)
		s.file = p.duplicate
		bad := sinktest.With(events[0], "page_urlport", "443")
		err = errors.Join(s.Open(t.Context()), s.Write(t.Context(), sinks.Batch{Events: []sinks.Event{events[0], bad, events[1]}}), s.Close(t.Context()))
		var partial *sinks.BatchError
		if name == "envelope" {
			continue // which prints it as it is
		}
		if !errors.As(err, &partial) || len(partial.Failed) != 1 || partial.Failed[0].Index != 1 {
			t.Errorf("%s: an event that cannot be spelled gives %v", name, err)
		}
		var want []byte
		for _, e := range events {
			if want, err = s.format.Append(want, e); err != nil {
				t.Fatal(err)
			}
			want = append(want, '\n')
		}
		if got := p.read(t); !bytes.Equal(got, want) {
			t.Errorf("%s prints %q, want %q", name, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{{Format: "avro"}, {Format: "tsv", Pretty: true}, {}} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v is valid", c)
		}
	}
}

func TestPretty(t *testing.T) {
	p := newPipe(t)
	s := &Sink{config: Config{Pretty: true}, format: format.Envelope{}, file: p.duplicate}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := sinktest.Events(1, 2)
	if err := s.Write(t.Context(), sinks.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := p.read(t)
	if !bytes.HasPrefix(text, []byte("{\n  \"app_id\": \"shop\",\n")) {
		t.Errorf("not indented: %.60q", text)
	}
	if stored := sinktest.Objects(t, text); len(stored) != 2 || stored[1].ID != events[1].ID {
		t.Errorf("%d events are printed", len(stored))
	}
}

func BenchmarkSink(b *testing.B) {
	sinktest.Benchmark(b, sinktest.Harness{Start: func(testing.TB) sinktest.Destination {
		return sinktest.Destination{New: func() sinks.Sink {
			return &Sink{format: format.Envelope{}, file: func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_WRONLY, 0) }}
		}}
	}})
}

// TestStuckReader gives up on a reader that does not read, then finds every
// line whole once it does.
func TestStuckReader(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := &pipe{write: w}
	s := &Sink{format: format.Envelope{}, file: p.duplicate}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := sinktest.Events(1, 2_000) // more than a pipe or a chunk holds
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := s.Write(ctx, sinks.Batch{ID: "b", Events: events}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Write to a full pipe gives %v", err)
		}
		cancel()
	}
	if most := chunk + 2*len(events[0].Envelope); cap(s.buf) > 2*most {
		t.Errorf("%d bytes are held for a reader that does not read", cap(s.buf))
	}
	read := make(chan []byte)
	go func() {
		text, _ := io.ReadAll(r) // ends when the last writer has closed
		read <- text
	}()
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	stored := sinktest.Objects(t, <-read)
	if len(stored) <= len(events) {
		t.Errorf("%d lines, want the chunk that was stuck and %d more", len(stored), len(events))
	}
	for i, e := range events {
		if got := stored[len(stored)-len(events)+i].ID; got != e.ID {
			t.Fatalf("line %d is event %s, want %s", i, got, e.ID)
		}
	}
}

// TestReaderGone runs the sink in a process whose standard output nobody reads
// any more: it must get an error and live.
func TestReaderGone(t *testing.T) {
	if os.Getenv("WEIR_STDOUT_READER_GONE") != "" {
		kind, _ := sinks.Lookup("stdout")
		s, err := kind.New(kind.Config(), sinks.Env{})
		if err != nil {
			os.Exit(3)
		}
		if err := s.Open(context.Background()); err != nil {
			os.Exit(4)
		}
		if err := s.Write(context.Background(), sinks.Batch{Events: sinktest.Events(1, 1)}); !errors.Is(err, syscall.EPIPE) {
			os.Exit(5)
		}
		os.Exit(42)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	child := exec.Command(os.Args[0], "-test.run=^TestReaderGone$")
	child.Env = append(os.Environ(), "WEIR_STDOUT_READER_GONE=1")
	child.Stdout = w
	child.Run() // its exit code says it all
	w.Close()
	if code := child.ProcessState.ExitCode(); code != 42 {
		t.Errorf("the process ended with %v, want exit status 42", child.ProcessState)
	}
}

// TestTornLine continues after a write that ended within a line.
func TestTornLine(t *testing.T) {
	p := newPipe(t)
	s := &Sink{format: format.Envelope{}, file: p.duplicate}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.out.WriteString(`{"event_id":"to`); err != nil {
		t.Fatal(err)
	}
	s.pending = make(chan error, 1)
	s.pending <- &tornError{syscall.ENOSPC}
	events := sinktest.Events(1, 1)
	if err := s.Write(t.Context(), sinks.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(p.read(t), []byte{'\n'}), []byte{'\n'})
	if len(lines) != 2 || !bytes.Equal(lines[1], events[0].Envelope) {
		t.Errorf("written are %d lines: %q", len(lines), lines)
	}
}

// pipe is standard output as the sink sees it, and its reader.
type pipe struct {
	write *os.File
	marks chan []byte // what was read, each time a mark is seen
}

// mark ends what is to be read back; no envelope holds it.
const mark = 0x04

func newPipe(t testing.TB) *pipe {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &pipe{write: w, marks: make(chan []byte)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var got []byte
		for in := bufio.NewReader(r); ; {
			part, err := in.ReadSlice(mark)
			got = append(got, part...)
			if err == nil {
				p.marks <- got[:len(got)-1]
				got = bytes.Clone(got[:len(got)-1])
			} else if !errors.Is(err, bufio.ErrBufferFull) {
				return
			}
		}
	}()
	t.Cleanup(func() { w.Close(); <-done; r.Close() })
	return p
}

// read returns everything written so far.
func (p *pipe) read(t testing.TB) []byte {
	if _, err := p.write.Write([]byte{mark}); err != nil {
		t.Fatal(err)
	}
	return <-p.marks
}

func (p *pipe) duplicate() (*os.File, error) {
	fd, err := syscall.Dup(int(p.write.Fd()))
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "pipe"), nil
}
