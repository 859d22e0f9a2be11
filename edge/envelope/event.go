package envelope

// MaxViolations is the number of violations an event keeps; further ones are counted.
const MaxViolations = 32

// Event is one canonical event on its way through the edge. Its strings and
// bytes refer to the request or to an [Arena] and stay valid until the next
// request. An Event is reused: see [Next].
type Event struct {
	// Protocol is the name of the adapter that read the event.
	Protocol string
	Verdict  Verdict

	Unstruct SelfDescribing   // none if its Schema is empty
	Contexts []SelfDescribing // the entities, in the order sent, in memory that its adapter keeps

	Violations     []Violation
	MoreViolations int // those beyond MaxViolations
	Receipts       []Receipt
	Rejected       []Parameter // what could not become a column
	Payload        string      // the request, where no event could be read from it
	Offset         int         // where the event begins in the request's body
	Redacted       bool        // a policy or a schema changed what the event was sent as
	Confidential   bool        // what the event was sent as holds a secret of its sender's and must not be kept

	Key    string // a write key that the wire format carries beside or in the event; never written
	Server bool   // a server's key came with it: its sender is a machine, and welcome
	Signs  Signs  // that its sender is a machine

	present [3]uint64
	index   [NumFields]uint8
	values  []value
}

// value holds text for Text and Decimal columns, n for the others.
type value struct {
	text string
	n    int64
}

// SelfDescribing is a payload that names its schema. Data is JSON, valid by
// the grammar, spliced into envelopes as it is.
type SelfDescribing struct {
	Schema string
	Data   []byte
}

// Violation is one rule that an event broke. It names no values: they may be personal.
type Violation struct {
	Schema  string // the key of the schema, "iglu:vendor/name/format/1-0-0"
	Path    string // RFC 6901 pointer into the envelope, or into the request body where Schema is payload_data
	Keyword string // the JSON Schema keyword, or a code of weir's own
	Message string // what was expected
}

// Receipt says which privacy rule did what to which field. It never holds the value.
type Receipt struct{ Rule, Field, Action string }

// Parameter is a name and a value as a tracker sent them.
type Parameter struct{ Name, Value string }

// Next extends events by one, reusing the storage of an event that was there before.
// The pointer is good until the next call.
func Next(events []Event) ([]Event, *Event) {
	n := len(events)
	if n < cap(events) {
		events = events[:n+1]
	} else {
		events = append(events, Event{})
	}
	e := &events[n]
	e.Reset()
	return events, e
}

// Reset makes e an empty event and keeps its storage.
func (e *Event) Reset() {
	e.Protocol, e.Verdict = "", Good
	e.Unstruct = SelfDescribing{}
	e.Contexts = nil
	e.Violations, e.MoreViolations = e.Violations[:0], 0
	e.Receipts = e.Receipts[:0]
	e.Rejected = e.Rejected[:0]
	e.Payload, e.Offset, e.Redacted, e.Confidential = "", 0, false, false
	e.Key, e.Server, e.Signs = "", false, Signs{}
	e.present = [3]uint64{}
	e.values = e.values[:0]
}

// Has reports whether the column is set.
func (e *Event) Has(f Field) bool {
	return e.present[f>>6]&(1<<(f&63)) != 0
}

// Drop unsets the column.
func (e *Event) Drop(f Field) {
	e.present[f>>6] &^= 1 << (f & 63)
}

// Set sets a Text column, or a Decimal one to a number that obeys the JSON grammar.
func (e *Event) Set(f Field, text string) { *e.slot(f) = value{text: text} }

// SetInt sets an Integer column, or a Timestamp in milliseconds since the Unix epoch.
func (e *Event) SetInt(f Field, n int64) { *e.slot(f) = value{n: n} }

// SetBool sets a Boolean column.
func (e *Event) SetBool(f Field, b bool) {
	var n int64
	if b {
		n = 1
	}
	e.SetInt(f, n)
}

// Get returns the text of a Text or Decimal column, "" if unset.
func (e *Event) Get(f Field) string {
	if !e.Has(f) {
		return ""
	}
	return e.values[e.index[f]].text
}

// GetInt returns the number of an Integer, Timestamp or Boolean column and whether it is set.
func (e *Event) GetInt(f Field) (int64, bool) {
	if !e.Has(f) {
		return 0, false
	}
	return e.values[e.index[f]].n, true
}

// Violate records a violation and makes the verdict Failed.
func (e *Event) Violate(v Violation) {
	e.Verdict = Failed
	if len(e.Violations) >= MaxViolations {
		e.MoreViolations++
		return
	}
	e.Violations = append(e.Violations, v)
}

// Reject keeps a parameter that could not become a column; the last of a name stays.
func (e *Event) Reject(name, text string) {
	for i := range e.Rejected {
		if e.Rejected[i].Name == name {
			e.Rejected[i].Value = text
			return
		}
	}
	e.Rejected = append(e.Rejected, Parameter{name, text})
}

// Receive records what a privacy rule did.
func (e *Event) Receive(r Receipt) { e.Receipts = append(e.Receipts, r) }

func (e *Event) slot(f Field) *value {
	word, bit := &e.present[f>>6], uint64(1)<<(f&63)
	if *word&bit == 0 {
		*word |= bit
		e.index[f] = uint8(len(e.values))
		if n := len(e.values); n < cap(e.values) {
			e.values = e.values[:n+1]
		} else {
			e.values = append(e.values, value{})
		}
	}
	return &e.values[e.index[f]]
}
