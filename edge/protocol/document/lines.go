package document

import (
	"bytes"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// Line moves to the next line of the body that holds anything, a document of
// its own: what is wrong with one says nothing of the others. The line must not
// be empty of JSON but need not be JSON: see [Reader.Whole].
func (d *Reader) Line() (line []byte, ok bool) {
	body := d.request.Body
	for d.fault == nil && d.next < len(body) {
		d.start = d.next
		line = body[d.start:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		d.next += len(line) + 1
		if scan.Space(line, 0) == len(line) {
			continue
		}
		if d.count == d.Limits.Events {
			d.FailEvents()
			break
		}
		d.count++
		d.state = inside
		d.Scanner.Reset(line, d.Limits.Depth)
		return line, true
	}
	return nil, false
}

// Whole reports whether all of the line is one JSON value, and returns the
// violation otherwise. The scanner is where it was.
func (d *Reader) Whole() (v envelope.Violation, ok bool) {
	s := d.Scanner
	s.Skip()
	if s.End() {
		return v, true
	}
	keyword, message := protocol.Syntax(s.Code())
	return envelope.Violation{Keyword: keyword, Message: message}, false
}

// Row adds an event of which its sender may set any column: those set here are
// what the sender may leave out. sent is what it is read from.
func (d *Reader) Row(dst []envelope.Event, sent []byte) []envelope.Event {
	dst, _ = d.begin(dst, "unstruct", "", sent)
	return dst
}
