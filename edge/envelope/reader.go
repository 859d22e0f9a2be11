package envelope

import (
	"bytes"
	"io"
	"strconv"

	"weir/schemas/scan"
)

// A FormatError says where a body of batches departs from the format.
type FormatError struct {
	Batch  int // counted from 1
	Line   int // in the body, counted from 1
	Reason string
}

func (e *FormatError) Error() string {
	return "batch " + strconv.Itoa(e.Batch) + ", line " + strconv.Itoa(e.Line) + ": " + e.Reason
}

// Batch is a batch as it was received.
type Batch struct {
	Header Header
	Frame  []byte // the whole batch: the header line and the events, with their line ends
	events []byte
}

// Events calls yield with each envelope line, without its end, until yield
// returns false. It can be ranged over.
func (b *Batch) Events(yield func(index int, line []byte) bool) {
	rest := b.events
	for i := 0; len(rest) > 0; i++ {
		n := bytes.IndexByte(rest, '\n')
		if !yield(i, rest[:n:n]) {
			return
		}
		rest = rest[n+1:]
	}
}

// Reader reads the batches of a body, one or several concatenated.
type Reader struct {
	rest  []byte
	batch int
	line  int
}

// NewReader returns a reader over body. What it returns refers to body.
func NewReader(body []byte) *Reader { return &Reader{rest: body} }

// Next returns the next batch, io.EOF after the last, or a [*FormatError]. A
// body without a batch is a FormatError. The envelope lines are checked to be
// complete, non-empty and as many as the header says; their JSON is not read.
func (r *Reader) Next() (Batch, error) {
	if len(r.rest) == 0 && r.batch > 0 {
		return Batch{}, io.EOF
	}
	r.batch++
	start := r.rest
	line, reason := r.next()
	if reason != "" {
		return Batch{}, r.fail(reason)
	}
	h, reason := parseHeader(line)
	if reason != "" {
		return Batch{}, r.fail(reason)
	}
	events := r.rest
	for n := range h.Events {
		line, reason := r.next()
		switch {
		case reason != "":
			return Batch{}, r.fail(reason + "; the header announces " + strconv.Itoa(h.Events) + " events and this is number " + strconv.Itoa(n+1))
		case line[0] != '{' || line[len(line)-1] != '}':
			return Batch{}, r.fail("an envelope must be one JSON object on one line")
		}
	}
	n := len(events) - len(r.rest)
	frame := len(start) - len(r.rest)
	return Batch{Header: h, Frame: start[:frame:frame], events: events[:n:n]}, nil
}

func (r *Reader) next() (line []byte, reason string) {
	r.line++
	n := bytes.IndexByte(r.rest, '\n')
	switch {
	case len(r.rest) == 0:
		return nil, "the body ends where a line is expected"
	case n < 0:
		return nil, "the line does not end in a newline: the body was cut off"
	case n == 0:
		return nil, "the line is empty"
	}
	line, r.rest = r.rest[:n], r.rest[n+1:]
	return line, ""
}

func (r *Reader) fail(reason string) error {
	return &FormatError{Batch: r.batch, Line: r.line, Reason: reason}
}

// parseHeader reads a header line. Members it does not know are passed over:
// a later edge may say more.
func parseHeader(line []byte) (h Header, reason string) {
	const (
		version = 1 << iota
		id
		captured
		ack
		events
		failed
		all = version | id | captured | ack | events | failed
	)
	seen := 0
	s := scan.New(line)
	if s.Kind() != scan.Object {
		return h, "a batch begins with its header, a JSON object"
	}
	var key, text scan.Text
	for s.Object(); s.Member(&key); {
		switch {
		case key.Is("weir_batch"):
			n, ok := count(s.Skip())
			if !ok || n != Version {
				return h, "weir_batch must be " + strconv.Itoa(Version) + ", the version of the batch format that this host reads"
			}
			seen |= version
		case key.Is("id"):
			if s.Kind() != scan.String || !s.String(&text) || !IsUUID(View(text.Raw)) {
				return h, "id must be a UUID"
			}
			h.ID = string(text.Raw)
			seen |= id
		case key.Is("captured"):
			var ok bool
			if s.Kind() == scan.String && s.String(&text) {
				h.Captured, ok = ParseTime(string(text.Raw))
			}
			if !ok {
				return h, `captured must be a time such as "2026-11-20T23:03:24.123Z"`
			}
			seen |= captured
		case key.Is("ack"):
			var ok bool
			if s.Kind() == scan.String && s.String(&text) {
				h.Ack, ok = ParseAck(string(text.Raw))
			}
			if !ok {
				return h, "ack must be stored, delivered, queued or fast"
			}
			seen |= ack
		case key.Is("events"):
			n, ok := count(s.Skip())
			if !ok {
				return h, "events must be a number"
			}
			h.Events = n
			seen |= events
		case key.Is("failed"):
			n, ok := count(s.Skip())
			if !ok {
				return h, "failed must be a number"
			}
			h.Failed = n
			seen |= failed
		case key.Is("filtered"):
			n, ok := count(s.Skip())
			if !ok {
				return h, "filtered must be a number"
			}
			h.Filtered = n
		case key.Is("refused"):
			n, ok := count(s.Skip())
			if !ok {
				return h, "refused must be a number"
			}
			h.Refused = n
		case key.Is("bots"):
			n, ok := count(s.Skip())
			if !ok {
				return h, "bots must be a number"
			}
			h.Bots = n
		case key.Is("bundle"):
			if s.Kind() != scan.String || !s.String(&text) {
				return h, "bundle must be a string"
			}
			h.Bundle = string(text.Append(nil))
		default:
			s.Skip()
		}
	}
	switch {
	case !s.End():
		return h, "the header is not JSON: " + s.Err().Error()
	case seen&all != all:
		return h, "the header needs weir_batch, id, captured, ack, events and failed"
	case h.Events+h.Filtered == 0:
		return h, "events must be a number above 0"
	case h.Failed > h.Events:
		return h, "failed exceeds events"
	case h.Refused+h.Bots > h.Filtered:
		return h, "refused and bots exceed filtered"
	}
	return h, ""
}

// count reads a decimal number below a billion.
func count(raw []byte) (int, bool) {
	if len(raw) == 0 || len(raw) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range raw {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
