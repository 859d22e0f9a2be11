package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Files of a sink named "events", whose format is JSON; of TSV they end in .tsv:
//
//	events.ndjson               active
//	events-00000001.ndjson      complete, waiting for compression
//	events-00000001.ndjson.tmp  being compressed; worth nothing
//	events-00000001.ndjson.gz   complete
//	events.torn                 what crashes left incomplete
//	events.lock                 locked while the sink is open
const (
	plain      = ".ndjson"
	tabbed     = ".tsv"
	compressed = ".gz"  // behind either
	unfinished = ".tmp" // behind either
)

func (s *Sink) path() string     { return s.join(s.suffix) }
func (s *Sink) lockPath() string { return s.join(".lock") }
func (s *Sink) tornPath() string { return s.join(".torn") }

func (s *Sink) segment(n int, suffix string) string { return s.join(fmt.Sprintf("-%08d%s", n, suffix)) }

func (s *Sink) join(suffix string) string {
	return filepath.Join(s.config.Dir, s.config.Name+suffix)
}

// due reports whether the active file is to be completed before n more bytes.
func (s *Sink) due(n int64) bool {
	if s.size == 0 {
		return false
	}
	c := s.config
	return c.RotateSize > 0 && s.size+n > int64(c.RotateSize) ||
		c.RotateAfter > 0 && s.now().Sub(s.began) >= c.RotateAfter
}

// rotate makes the active file a segment and starts another. Each step leaves a
// state from which Open goes on.
func (s *Sink) rotate() error {
	segment := s.segment(s.next, s.suffix)
	if _, err := os.Lstat(segment); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rotating: %s exists already", segment)
	}
	if err := os.Rename(s.path(), segment); err != nil {
		return fmt.Errorf("rotating: %w", err)
	}
	f, err := os.OpenFile(s.path(), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("rotating: %w", err)
	}
	complete := s.active
	s.active, s.size, s.next = f, 0, s.next+1
	if err := errors.Join(syncDir(s.config.Dir), complete.Close()); err != nil {
		return fmt.Errorf("rotating: %w", err)
	}
	s.compressor.wake()
	return nil
}

// nextSegment is one more than the greatest number in the folder.
func (s *Sink) nextSegment() (int, error) {
	next := 1
	err := s.segments(func(n int, _ string) { next = max(next, n+1) })
	return next, err
}

// segments calls f for each file of each segment, in order of numbers.
func (s *Sink) segments(f func(n int, suffix string)) error {
	entries, err := os.ReadDir(s.config.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), s.config.Name+"-")
		if !ok {
			continue
		}
		digits, suffix, ok := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(digits); ok && err == nil && len(digits) >= 8 && n > 0 {
			f(n, "."+suffix)
		}
	}
	return nil
}
