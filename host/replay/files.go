package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/edge/envelope"
	"weir/sinks"
)

// A chunk of a file is what one Push hands over. Where a chunk ends follows
// from the lines before it in its file and from nothing else, so that a file
// that is read again gives the same chunks.
const (
	chunkEvents = 500
	chunkBytes  = 1 << 20
	longestLine = 4 << 20
)

// Files reads envelopes, a line each, out of files, compressed or not.
type Files struct {
	Filter
	From, To time.Time // events collected from From on and before To; zero sets no bound
	// Bad is told of each line that is no envelope.
	Bad func(file string, line int, err error)
	// Read is told of bytes read from files, before decompression.
	Read func(n int)
}

// spelled are the names of files that a folder is searched for.
var spelled = regexp.MustCompile(`\.(ndjson|jsonl|json)(\.(gz|zst))?$`)

// Find lists files, and those in and below folders that are named like files of
// events, such as events.ndjson, x.jsonl.gz or x.json.zst, and how large they
// are together.
func Find(paths []string) (files []string, bytes int64, err error) {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || name != path && !spelled.MatchString(name) {
				return err
			}
			info, err := os.Stat(name) // of what a link leads to
			if err == nil {
				files, bytes = append(files, name), bytes+info.Size()
			}
			return err
		})
		if err != nil {
			return nil, 0, fmt.Errorf("looking for files: %w", err)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), bytes, nil
}

// Chunks calls use with what is wanted of a file, in chunks of lines. The
// chunk's memory is reused. Counts are those of its events, by the time of their collection.
func (f *Files) Chunks(name string, use func(lines []byte, c Counts) error) error {
	wanted, err := f.matcher()
	if err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("reading events: %w", err)
	}
	defer file.Close()
	text, err := expand(&counted{file, f.Read})
	if err != nil {
		return fmt.Errorf("reading events of %s: %w", name, err)
	}
	defer text.Close()
	lines := bufio.NewReaderSize(text, 64<<10)
	var chunk, line []byte
	var counts Counts
	for n := 1; ; n++ {
		var whole bool
		line, whole, err = readLine(lines, line[:0])
		if err != nil && err != io.EOF {
			// Not what was read so far, either: once the file is mended, chunks
			// end where they would have.
			return fmt.Errorf("reading line %d of %s, of which up to %d lines before it were not handed over: %w", n, name, counts.Events, err)
		}
		if len(line) > 0 || !whole {
			e, bad := envelopeOf(line, whole)
			switch {
			case bad != nil:
				f.Bad(name, n, bad)
			case f.within(e.Collected) && wanted.match(e):
				counts.add(e, e.Collected)
				chunk = append(append(chunk, e.Envelope...), '\n')
			}
		}
		if counts.Events > 0 && (err != nil || counts.Events >= chunkEvents || len(chunk) >= chunkBytes) {
			if err := use(chunk, counts); err != nil {
				return err
			}
			chunk, counts = chunk[:0], Counts{}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func (f *Files) within(t time.Time) bool {
	return (f.From.IsZero() || !t.Before(f.From)) && (f.To.IsZero() || t.Before(f.To))
}

func envelopeOf(line []byte, whole bool) (sinks.Event, error) {
	if !whole {
		return sinks.Event{}, fmt.Errorf("the line exceeds %d bytes", longestLine)
	}
	e, err := sinks.ParseEvent(line)
	if err == nil && e.Verdict == envelope.Unresolved.String() {
		err = errors.New("the event was not judged: no sink writes such")
	}
	return e, err
}

// readLine appends a line without its end to dst. whole is false when it is too long.
func readLine(r *bufio.Reader, dst []byte) (line []byte, whole bool, err error) {
	whole = true
	for {
		part, err := r.ReadSlice('\n')
		if len(dst)+len(part) > longestLine {
			whole = false
		} else {
			dst = append(dst, part...)
		}
		if err != bufio.ErrBufferFull {
			return bytes.TrimRight(dst, "\r\n"), whole, err
		}
	}
}

// expand undoes the compression that the first bytes tell of.
func expand(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	magic, err := b.Peek(4)
	switch {
	case err != nil && err != io.EOF:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}): // RFC 1952, 2.3.1
		return gzip.NewReader(b)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}): // RFC 8878, 3.1.1
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(b), nil
}

// counted tells of what is read.
type counted struct {
	io.Reader
	read func(n int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.read != nil {
		c.read(n)
	}
	return n, err
}
