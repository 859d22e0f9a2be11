// Package ndjson is the adapter for bulks of events, as back-fills send them:
// POST of newline-delimited JSON to /bulk, each line one event. A line is either
//
//	{"schema":"iglu:…","data":…,"contexts":[…],"event_id":"…","true_tstamp":"…",…}
//
// schema and data, or an envelope as weir writes it to files and streams: the
// columns of package envelope by name and of their types, unstruct_event,
// contexts, and weir. Both may have any column. What a line lacks, the parameters
// aid, p and tv of the query string say for all of them.
//
// An event is judged as if it had just been sent, and keeps its event_id: sent
// twice, it is the same one. Of an envelope that failed, what schemas said is
// judged anew; violations of other rules stand, and so do weir.rejected,
// weir.payload and the receipts.
//
// collector_tstamp is the time at which this collector took the event. What a
// line has for it, or rather for derived_tstamp, becomes true_tstamp unless it has
// one, so that derived_tstamp comes out as it was. event_vendor, event_name,
// event_format and event_version follow from the type and the schema, the parts of
// a URL from page_url and page_referrer. The address, the agent and the place of
// the request are its sender's and go into no event.
//
// A line that is broken is one failed event; the others are taken. The answer
// counts: {"accepted":2,"failed":1,"filtered":0}, those that a policy dropped
// being filtered. A body that is too large to be read at all is answered 413.
package ndjson

import (
	"bytes"
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// Path is where bulks are taken.
const Path = "/bulk"

// Adapter decodes bulks. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	inner    scan.Scanner // of contexts and what else a line nests
	entities []envelope.SelfDescribing
	seen     [envelope.NumFields]bool // columns of the line
	row      row
	lines    int // of the body that was decoded last
	report   []byte
}

// New returns an adapter with the default limits.
func New() *Adapter {
	return &Adapter{doc: document.Reader{Name: "ndjson", Limits: document.Default}}
}

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	return r.Method == "POST" && strings.TrimSuffix(r.Path, "/") == Path
}

// Answer implements [protocol.Answerer].
func (a *Adapter) Answer(*protocol.Request) protocol.Answer {
	a.lines = 0
	return protocol.Answer{ContentType: "application/json", Relayed: true, Frank: true}
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	a.lines = lines(r.Body)
	for line, ok := a.doc.Line(); ok; line, ok = a.doc.Line() {
		dst = a.line(dst, line)
	}
	if a.lines == 0 {
		a.doc.Fail("", "required", "the body must have lines, each of them an event")
	}
	return dst, a.doc.Err()
}

// Report implements [protocol.Reporter]: how many lines became what.
func (a *Adapter) Report(answer *protocol.Answer, r *protocol.Request, events []envelope.Event) {
	if answer.Status != 0 {
		return // none of them was welcome
	}
	accepted := 0
	for i := range events {
		if events[i].Verdict != envelope.Failed {
			accepted++
		}
	}
	// Of a body beyond its limit nobody knows how many lines it has. Lines beyond
	// the limit of events, or of the batch, share one failed event.
	if a.lines == 0 && len(events) == 1 && isOversize(&events[0]) {
		answer.Status = 413
	}
	failed := max(len(events), a.lines-answer.Filtered) - accepted
	b := strconv.AppendInt(append(a.report[:0], `{"accepted":`...), int64(accepted), 10)
	b = strconv.AppendInt(append(b, `,"failed":`...), int64(failed), 10)
	b = strconv.AppendInt(append(b, `,"filtered":`...), int64(answer.Filtered), 10)
	a.report = append(b, "}\n"...)
	answer.Body = a.report
}

func isOversize(e *envelope.Event) bool {
	return len(e.Violations) == 1 && e.Violations[0].Keyword == "size_violation"
}

// lines counts the lines that hold anything.
func lines(body []byte) (n int) {
	for len(body) > 0 {
		line := body
		if end := bytes.IndexByte(body, '\n'); end >= 0 {
			line, body = body[:end], body[end+1:]
		} else {
			body = nil
		}
		if scan.Space(line, 0) < len(line) {
			n++
		}
	}
	return n
}
