// Package stdout is the sink that prints events to standard output, one line
// each: for looking, and for piping into other programs.
package stdout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name:   "stdout",
		Doc:    "Prints events to standard output, one line each.",
		Config: func() any { return &Config{Format: "envelope"} },
		New: func(config any, _ sinks.Env) (sinks.Sink, error) {
			c := *config.(*Config)
			f, err := format.New(c.Format)
			if err != nil {
				return nil, err
			}
			return &Sink{config: c, format: f, file: standardOutput}, nil
		},
	})
}

// Config is the configuration of the sink.
type Config struct {
	Format string `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"How an event is spelled: its envelope, a flat object of columns, Snowplow analytics JSON, or Snowplow's enriched TSV."`
	Pretty bool   `yaml:"pretty" doc:"Indent each event over several lines, for people."`
}

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	}
	if c.Pretty && c.Format == "tsv" {
		errs = append(errs, errors.New("pretty: only JSON can be indented"))
	}
	return errors.Join(errs...)
}

// chunk bounds the memory of a batch on its way out. Chunks end at a newline.
const chunk = 256 << 10

// Sink writes to one stream.
type Sink struct {
	config Config
	format format.Format
	file   func() (*os.File, error)

	out     *os.File
	pending chan error // holds the result of the one write under way; nil when there is none
	buf     []byte     // belongs to the write under way
	torn    bool       // the last line written is incomplete
}

// Open takes hold of standard output.
func (s *Sink) Open(context.Context) error {
	if s.out != nil {
		return nil
	}
	f, err := s.file()
	if err != nil {
		return fmt.Errorf("opening standard output: %w", err)
	}
	s.out = f
	return nil
}

// Write prints the batch. It returns nil when the kernel has taken every byte.
// A reader that does not read makes it wait until ctx ends; the chunk that is
// stuck by then still comes out whole when the reader goes on.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	if s.out == nil {
		return sinks.ErrNotConnected
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// A write that an earlier call gave up on was reported as failed already.
	if _, err := s.settle(ctx); err != nil {
		return err
	}
	var failed []sinks.EventError
	for i := range b.Events {
		if err := s.append(b.Events[i]); err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
		}
		if len(s.buf) >= chunk {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

func (s *Sink) append(e sinks.Event) error {
	buf, err := s.format.Append(s.buf, e)
	if err != nil {
		return err
	}
	if s.config.Pretty {
		var indented bytes.Buffer
		if err := json.Indent(&indented, buf[len(s.buf):], "", "  "); err != nil {
			return err
		}
		buf = append(buf[:len(s.buf)], indented.Bytes()...)
	}
	s.buf = append(buf, '\n')
	return nil
}

// flush writes what is buffered from a goroutine of its own, as nothing can
// interrupt a write to a pipe that nobody reads. There is one at a time.
func (s *Sink) flush(ctx context.Context) error {
	if len(s.buf) == 0 {
		return nil
	}
	out, buf, torn, pending := s.out, s.buf, s.torn, make(chan error, 1)
	s.pending, s.torn = pending, false
	go func() {
		if torn {
			buf = append([]byte{'\n'}, buf...)
		}
		n, err := out.Write(buf)
		if err != nil && n > 0 && buf[n-1] != '\n' {
			err = &tornError{err}
		}
		pending <- err
	}()
	result, err := s.settle(ctx)
	if err != nil {
		return err
	}
	if result != nil {
		return fmt.Errorf("writing to standard output: %w", result)
	}
	return nil
}

// settle waits for the write under way, if any, and returns its result. The
// error is that of ctx.
func (s *Sink) settle(ctx context.Context) (result, err error) {
	if s.pending == nil {
		return nil, nil
	}
	select {
	case result = <-s.pending:
		s.pending, s.buf = nil, s.buf[:0]
		_, s.torn = result.(*tornError)
		return result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the reader of standard output: %w", ctx.Err())
	}
}

// Check tells whether standard output can be had.
func (s *Sink) Check(context.Context) error {
	f, err := s.file()
	if err != nil {
		return fmt.Errorf("opening standard output: %w", err)
	}
	return f.Close()
}

// Close lets go of standard output, which stays open for the process. A write
// that is stuck is left behind.
func (s *Sink) Close(context.Context) error {
	if s.out == nil {
		return nil
	}
	out := s.out
	s.out = nil
	if s.pending != nil {
		go func(pending <-chan error) {
			<-pending
			out.Close()
		}(s.pending)
		s.pending, s.buf = nil, nil
		return nil
	}
	return out.Close()
}

// tornError is a write that ended within a line.
type tornError struct{ error }

func (e *tornError) Unwrap() error { return e.error }
