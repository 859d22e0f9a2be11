package file

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// compressor compresses segments one after another, beside the writing. A
// failure costs disk space and no event: the next rotation or Open tries again.
type compressor struct {
	due    chan struct{}
	cancel context.CancelFunc
	done   chan struct{}
}

func compress(s *Sink) *compressor {
	ctx, cancel := context.WithCancel(context.Background())
	c := &compressor{due: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-c.due:
			}
			if err := s.gzipAll(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("compressing complete files", "dir", s.config.Dir, "error", err)
			}
		}
	}()
	return c
}

// wake makes it look for segments. A nil compressor does nothing.
func (c *compressor) wake() {
	if c == nil {
		return
	}
	select {
	case c.due <- struct{}{}:
	default: // it will look anyway
	}
}

// stop interrupts it and waits until it is gone.
func (c *compressor) stop() {
	if c == nil {
		return
	}
	c.cancel()
	<-c.done
}

func (s *Sink) gzipAll(ctx context.Context) error {
	var waiting []int
	err := s.segments(func(n int, suffix string) {
		switch suffix {
		case s.suffix:
			waiting = append(waiting, n)
		case s.suffix + unfinished:
			os.Remove(s.segment(n, suffix)) // its events are in the plain file
		}
	})
	for _, n := range waiting {
		err = errors.Join(err, s.gzip(ctx, n))
	}
	return err
}

// gzip replaces a segment by its compressed form. The same events give the same
// bytes, as no name and no time is written into them; so it may be done again
// when a crash came before the plain file was gone.
func (s *Sink) gzip(ctx context.Context, n int) error {
	from, to, tmp := s.segment(n, s.suffix), s.segment(n, s.suffix+compressed), s.segment(n, s.suffix+unfinished)
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(out)
	_, err = io.Copy(z, &interruptible{ctx, in})
	if err = errors.Join(err, z.Close(), out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, to); err != nil {
		return err
	}
	if err := syncDir(s.config.Dir); err != nil {
		return err
	}
	return os.Remove(from)
}

// interruptible is a reader that ends with its context.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r *interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
