package file

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
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
	size := info.Size()
	good, err := wholeLines(f, size)
	if err != nil {
		return 0, fmt.Errorf("reading the end: %w", err)
	}
	if good == size {
		return 0, nil
	}
	if good == 0 && size > 2*maxBatch {
		// One event may be that large. Anything else is not of our making.
		var first [1]byte
		if _, err := f.ReadAt(first[:], 0); err != nil {
			return 0, fmt.Errorf("reading the beginning: %w", err)
		}
		if s.suffix == plain && first[0] != '{' && first[0] != 0 {
			return 0, fmt.Errorf("no line ends within its %d bytes: this is no file of events; move it away", size)
		}
	}
	if err := s.setAside(io.NewSectionReader(f, good, size-good)); err != nil {
		return 0, fmt.Errorf("setting aside its end: %w", err)
	}
	if err := f.Truncate(good); err != nil {
		return 0, err
	}
	return size - good, f.Sync()
}

// wholeLines returns where the undamaged lines of a file end. It reads
// backwards, at least twice maxBatch and then on to the beginning of the last
// line: a batch is larger only if it is that one line.
func wholeLines(f io.ReaderAt, size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], size-1); err != nil {
		return 0, err
	}
	zero := false
	buf := make([]byte, min(size, 2*maxBatch))
	for end := size - 1; end > 0; end -= int64(len(buf)) {
		buf = buf[:min(end, int64(len(buf)))]
		start := end - int64(len(buf))
		if _, err := f.ReadAt(buf, start); err != nil {
			return 0, err
		}
		text := buf
		if at := bytes.IndexByte(text, 0); at >= 0 {
			text, zero = text[:at], true
		}
		if newline := bytes.LastIndexByte(text, '\n'); newline >= 0 {
			if last[0] == '\n' && !zero {
				return size, nil
			}
			return start + int64(newline) + 1, nil
		}
	}
	if last[0] == '\n' && !zero {
		return size, nil
	}
	return 0, nil
}

func (s *Sink) setAside(damaged io.Reader) error {
	f, err := os.OpenFile(s.tornPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.MultiReader(damaged, strings.NewReader("\n")))
	return errors.Join(err, f.Sync(), f.Close())
}

// collected reads when an event was collected from a line of any format.
func collected(line []byte) (at time.Time, ok bool) {
	text, layout := gjson.GetBytes(line, envelope.CollectorTstamp.Name()).Str, time.RFC3339
	if line[0] != '{' {
		columns := bytes.SplitN(line, []byte{'\t'}, int(envelope.CollectorTstamp)+2)
		if len(columns) <= int(envelope.CollectorTstamp) {
			return at, false
		}
		text, layout = string(columns[envelope.CollectorTstamp]), "2006-01-02 15:04:05.000"
	}
	at, err := time.Parse(layout, text)
	return at, err == nil
}

// firstEvent returns when the file's first event was collected, or now if that
// cannot be told.
func firstEvent(f *os.File, now time.Time) time.Time {
	line, err := bufio.NewReader(io.NewSectionReader(f, 0, maxBatch)).ReadBytes('\n')
	if err != nil {
		return now // empty, or of a form that is not ours to judge
	}
	if at, ok := collected(line); ok {
		return at
	}
	return now
}
