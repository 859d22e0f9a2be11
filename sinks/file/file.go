package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"weir/sinks"
	"weir/sinks/format"
)

// maxBatch bounds the bytes of a batch, and with them the part of a file that a
// crash can leave damaged.
const maxBatch = 8 << 20

// Sink appends to the active file of a folder. Complete files are its segments.
type Sink struct {
	config Config
	format format.Format
	suffix string // of plain files
	log    *slog.Logger
	now    func() time.Time

	lock   *os.File // held while open: one process a folder and name
	active *os.File // nil while closed
	size   int64    // of the active file; everything up to here is synced
	began  time.Time
	next   int // number of the next segment
	buf    []byte

	compressor *compressor // nil while closed, or without gzip
}

// Limits bounds a batch.
func (s *Sink) Limits() sinks.Limits { return sinks.Limits{Bytes: maxBatch} }

// Open creates the folder, takes its lock, sets aside what a crash left
// incomplete at the end of the active file, and finishes compressing segments.
// It never deletes an event.
func (s *Sink) Open(context.Context) error {
	if s.active != nil {
		return nil
	}
	if err := s.open(); err != nil {
		return fmt.Errorf("opening %s: %w", s.path(), errors.Join(err, s.release()))
	}
	if s.config.Gzip {
		s.compressor = compress(s)
		s.compressor.wake()
	}
	return nil
}

func (s *Sink) open() (err error) {
	if err := os.MkdirAll(s.config.Dir, 0o700); err != nil {
		return err
	}
	if s.lock == nil {
		if s.lock, err = acquire(s.lockPath()); err != nil {
			return err
		}
	}
	if s.next, err = s.nextSegment(); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	s.active = f
	torn, err := s.repair(f)
	if err != nil {
		return err
	}
	if torn > 0 {
		s.log.Warn("set aside an incomplete end of file", "file", s.path(), "bytes", torn, "into", s.tornPath())
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.size, s.began = info.Size(), firstEvent(f, s.now())
	if _, err := f.Seek(s.size, 0); err != nil {
		return err
	}
	// What a dead process wrote may be in the page cache only.
	if err := f.Sync(); err != nil {
		return err
	}
	return syncDir(s.config.Dir)
}

// Write appends the batch and syncs it. A batch is never split over two files.
// When it fails the file is put back to where it was.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	if s.active == nil {
		return sinks.ErrNotConnected
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var failed []sinks.EventError
	s.buf = s.buf[:0]
	for i := range b.Events {
		buf, err := s.format.Append(s.buf, b.Events[i])
		if err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		s.buf = append(buf, '\n')
	}
	if len(s.buf) > 0 {
		if err := s.append(); err != nil {
			return fmt.Errorf("appending to %s: %w", s.path(), err)
		}
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

func (s *Sink) append() error {
	if err := s.inPlace(); err != nil {
		return s.giveUp(err)
	}
	if s.due(int64(len(s.buf))) {
		if err := s.rotate(); err != nil {
			return s.giveUp(err)
		}
	}
	if s.size == 0 {
		s.began = s.now()
	}
	if _, err := s.active.Write(s.buf); err != nil {
		// A full disk is no reason to doubt the file: put it back and carry on.
		if err2 := s.active.Truncate(s.size); err2 != nil {
			return s.giveUp(errors.Join(err, err2))
		}
		if _, err2 := s.active.Seek(s.size, 0); err2 != nil {
			return s.giveUp(errors.Join(err, err2))
		}
		return err
	}
	if err := s.active.Sync(); err != nil {
		// After a failed sync the kernel may call lost pages clean, so that
		// another sync of the same file proves nothing.
		return s.giveUp(err)
	}
	s.size += int64(len(s.buf))
	return nil
}

// inPlace makes sure that the active file is still what its name leads to: one
// goes on writing to a file that somebody removed, which nobody will read.
func (s *Sink) inPlace() error {
	named, err := os.Stat(s.path())
	if err != nil {
		return err
	}
	opened, err := s.active.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(named, opened) {
		return errors.New("the file was replaced by another")
	}
	return nil
}

// giveUp cuts the active file back to what is known to be synced and lets go of
// it. The batch is written anew, and so are its pages, after the next Open.
func (s *Sink) giveUp(err error) error {
	if s.active != nil {
		err = errors.Join(err, s.active.Truncate(s.size))
	}
	return fmt.Errorf("%w: %w", sinks.ErrNotConnected, errors.Join(err, s.release()))
}

// Check tries whether a file can be made where the sink's files are. It leaves none.
func (s *Sink) Check(context.Context) error {
	if err := os.MkdirAll(s.config.Dir, 0o700); err != nil {
		return fmt.Errorf("checking %s: %w", s.config.Dir, err)
	}
	f, err := os.CreateTemp(s.config.Dir, s.config.Name+".check-*")
	if err != nil {
		return fmt.Errorf("checking %s: %w", s.config.Dir, err)
	}
	_, err = f.WriteString("{}\n")
	if err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("checking %s: %w", s.config.Dir, err)
	}
	return nil
}

// Close lets go of the folder. The active file stays active for the next Open,
// which also takes up a compression that is interrupted.
func (s *Sink) Close(context.Context) error { return s.release() }

func (s *Sink) release() (err error) {
	s.compressor.stop()
	s.compressor = nil
	if s.active != nil {
		err = s.active.Close()
		s.active = nil
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close()) // and with it goes the lock
		s.lock = nil
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, fs.ErrInvalid) { // not every file system can
		return err
	}
	return nil
}
