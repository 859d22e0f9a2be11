package main

import (
	"encoding/base64"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"weir/edge/signature"
)

// maxLine is the longest line that is written to the log endpoint, in bytes: as
// long as Fastly lets those of other services be.
const maxLine = 16_000

// logLines writes batches that no host took to a log endpoint, from which
// Fastly's log streaming takes them to a host. Nobody confirms that: an endpoint
// that the service does not have takes a line just as well. So it is better than
// nothing, and for batches whose tracker has its answer already.
type logLines struct {
	endpoint io.Writer // nil: there is none
	secret   []byte
	line     []byte
}

// write gives away a batch. It says so if it cannot.
func (l *logLines) write(id string, batch []byte, now time.Time) {
	if l.endpoint == nil {
		return
	}
	if err := l.try(id, batch, now); err != nil {
		os.Stderr.WriteString("weir: log endpoint " + logEndpoint + ": batch " + id + " is lost: " + err.Error() + "\n")
	}
}

func (l *logLines) try(id string, batch []byte, now time.Time) error {
	// Ids and signatures have nothing that JSON would escape.
	l.line = append(l.line[:0], `{"id":"`...)
	l.line = append(l.line, id...)
	l.line = append(l.line, `","timestamp":`...)
	l.line = strconv.AppendInt(l.line, now.Unix(), 10)
	l.line = append(l.line, `,"signature":"`...)
	l.line = append(l.line, signature.Sign(l.secret, id, now.Unix(), batch)...)
	l.line = append(l.line, `","batch":"`...)
	if size := len(l.line) + base64.StdEncoding.EncodedLen(len(batch)) + len(`"}`); size > maxLine {
		return errors.New("its line would take " + strconv.Itoa(size) + " bytes, more than " + strconv.Itoa(maxLine))
	}
	l.line = base64.StdEncoding.AppendEncode(l.line, batch)
	l.line = append(l.line, `"}`...)
	_, err := l.endpoint.Write(l.line)
	return err
}
