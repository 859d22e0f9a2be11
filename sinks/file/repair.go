package file

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"weir/sinks"
)

// repair looks for damage that a crash may have left at the end of the active
// file and moves it, from the first damaged line on, to the end of the torn
// file. None of it was acknowledged: delivery writes those events again.
//
// Damage is a line without its newline, or, after a power cut on some file
// systems, blocks of zeros. It lies within the last batch.
func (s *Sink) repair(f *os.File) (torn int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	// The part to look at begins before the last batch, at any place of a line.
	size := info.Size()
	start := max(0, size-2*maxBatch)
	tail := make([]byte, size-start)
	if _, err := io.ReadFull(io.NewSectionReader(f, start, size-start), tail); err != nil {
		return 0, fmt.Errorf("reading the end: %w", err)
	}
	good := len(tail)
	if zero := bytes.IndexByte(tail, 0); zero >= 0 {
		good = zero
	}
	good = bytes.LastIndexByte(tail[:good], '\n') + 1
	if good == len(tail) {
		return 0, nil
	}
	if good == 0 && start > 0 {
		return 0, fmt.Errorf("no line ends within its last %d bytes: this is no file of events; move it away", len(tail))
	}
	if err := s.setAside(tail[good:]); err != nil {
		return 0, fmt.Errorf("setting aside its end: %w", err)
	}
	if err := f.Truncate(start + int64(good)); err != nil {
		return 0, err
	}
	return int64(len(tail) - good), f.Sync()
}

func (s *Sink) setAside(damaged []byte) error {
	f, err := os.OpenFile(s.tornPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(damaged, '\n')); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// firstEvent returns when the file's first event was collected, or now if that
// cannot be told.
func firstEvent(f *os.File, now time.Time) time.Time {
	line, err := bufio.NewReader(io.NewSectionReader(f, 0, maxBatch)).ReadBytes('\n')
	if err != nil {
		return now // empty, or of a form that is not ours to judge
	}
	e, err := sinks.ParseEvent(bytes.TrimSuffix(line, []byte{'\n'}))
	if err != nil {
		return now
	}
	return e.Collected
}
