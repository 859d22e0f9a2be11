package s3

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/sinks"
	"weir/sinks/format"
)

// object is one object to be stored.
type object struct {
	place
	first  time.Time // when its earliest event was collected
	events []int     // indexes in the batch
}

// partition groups a batch by where its events belong, in the order in which
// the places come up.
func (t template) partition(b sinks.Batch) []object {
	var list []object
	index := map[place]int{}
	for i := range b.Events {
		e := &b.Events[i]
		p := t.place(e)
		at, ok := index[p]
		if !ok {
			at = len(list)
			index[p] = at
			list = append(list, object{place: p, first: e.Collected})
		}
		o := &list[at]
		o.events = append(o.events, i)
		if e.Collected.Before(o.first) {
			o.first = e.Collected
		}
	}
	return list
}

// encoder makes the content of one object after another. The same events give
// the same bytes: no time, name or host gets into them.
type encoder interface {
	// begin starts an object.
	begin(to *bytes.Buffer)
	// add adds an event. An error is the event's fault, which is then left out.
	add(e sinks.Event) error
	// end completes the object. An error is not the events' fault.
	end() error
}

// lines is an event a line.
type lines struct {
	format     format.Format
	compressor compressor // nil without compression
	to         io.Writer
	line       []byte
}

// compressor is what the writers of gzip and zstd have in common.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

func newLines(name, compression string) (*lines, error) {
	f, err := format.New(name)
	if err != nil {
		return nil, err
	}
	l := &lines{format: f}
	switch compression {
	case "gzip":
		l.compressor = gzip.NewWriter(io.Discard) // without a name and a time in its header
	case "zstd":
		// One goroutine: how blocks are cut must not depend on how fast they come.
		if l.compressor, err = zstd.NewWriter(io.Discard, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault)); err != nil {
			return nil, fmt.Errorf("starting zstd: %w", err)
		}
	}
	return l, nil
}

func (l *lines) begin(to *bytes.Buffer) {
	l.to = to
	if l.compressor != nil {
		l.compressor.Reset(to)
		l.to = l.compressor
	}
}

func (l *lines) add(e sinks.Event) (err error) {
	if l.line, err = l.format.Append(l.line[:0], e); err != nil {
		return err
	}
	l.line = append(l.line, '\n')
	_, err = l.to.Write(l.line) // into memory: it does not fail
	return err
}

func (l *lines) end() error {
	if l.compressor == nil {
		return nil
	}
	return l.compressor.Close()
}

// kind is what the name and the type of an object say about its content.
type kind struct{ suffix, contentType string }

func kindOf(formatName, compression string) kind {
	if formatName == parquetName {
		return kind{".parquet", "application/vnd.apache.parquet"}
	}
	k := kind{".ndjson", "application/x-ndjson"}
	if formatName == "tsv" {
		k = kind{".tsv", "text/tab-separated-values"}
	}
	switch compression {
	case "gzip":
		return kind{k.suffix + ".gz", "application/gzip"}
	case "zstd":
		return kind{k.suffix + ".zst", "application/zstd"}
	}
	return k
}
