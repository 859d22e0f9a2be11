// Package document makes events of JSON documents: one self-describing event of
// each. The adapters of wire formats that are not much more than a document and
// the key of its schema share it.
package document

import (
	"strconv"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// Reader reads a body that is a document, or an array of documents. Give it the
// name of the adapter and its limits, then for each request
//
//	d.Begin(r)
//	for d.Next() {
//		dst = d.Append(dst, schema, d.Skip())
//	}
//	return dst, d.Err()
//
// It is not safe for concurrent use.
type Reader struct {
	scan.Scanner // of the body
	Name         string
	Limits       protocol.Limits
	Apps         []protocol.App
	Arena        envelope.Arena
	// Secrets are the names of members or parameters whose values must not be
	// stored: of what cannot be read, nothing is kept where one of them stands.
	Secrets []string

	request *protocol.Request
	state   state
	inBody  bool
	count   int
	start   int // of the document that Next moved to
	next    int // line
	fault   *protocol.Fault
	kept    protocol.Fault
	sum     []byte
	fields  []envelope.Parameter
	inner   scan.Scanner               // of what is lifted
	taken   [envelope.NumFields]bool   // columns that it had members for
	secrets struct{ body, query bool } // one of Secrets stands there
}

type state uint8

const (
	before state = iota
	single
	within // an array
	inside // an array that is not the whole of the body
	after
)

// Default are the limits of an adapter that was told none.
var Default = protocol.Limits{Events: 1000, Entities: 500, Depth: 50}

// Begin starts on a request. What Append made of an earlier one is void.
func (d *Reader) Begin(r *protocol.Request) {
	d.Arena.Reset()
	d.request, d.state, d.count, d.start, d.fault = r, before, 0, 0, nil
	d.inBody, d.next = true, 0
	d.secrets.body, d.secrets.query = d.isSecret(envelope.View(r.Body)), d.isSecret(r.Query)
	d.Scanner.Reset(r.Body, d.Limits.Depth)
}

// Within makes Next read the items of an array that stands somewhere in the
// body, where the scanner s is. What follows the array is for the caller to read.
func (d *Reader) Within(s scan.Scanner) {
	d.Scanner = s
	d.Array()
	d.state = inside
}

// Read makes Next read documents that stand somewhere else than in the body.
func (d *Reader) Read(doc []byte) {
	d.inBody = false
	d.Scanner.Reset(doc, d.Limits.Depth)
}

// Next moves to the next document, which must then be read or skipped.
func (d *Reader) Next() bool {
	if d.fault != nil {
		return false
	}
	more := false
	switch d.state {
	case before:
		d.state = single
		if more = true; d.Kind() == scan.Array {
			d.state = within
			d.Array()
			more = d.Item()
		}
	case within, inside:
		more = d.Item()
	}
	switch {
	case d.Code() != scan.OK || !more && d.state != inside && !d.End():
		keyword, message := protocol.Syntax(d.Code())
		d.Fail("", keyword, message)
	case !more:
		if d.state == inside {
			d.mark() // what follows is to be blamed for itself
		}
		d.state = after
	case d.count == d.Limits.Events:
		d.mark()
		d.FailEvents()
	default:
		d.mark()
		d.count++
		return true
	}
	return false
}

// FailEvents fails what is beyond the events that a request may have.
func (d *Reader) FailEvents() {
	b := strconv.AppendInt(append(d.Arena.Bytes(64), "must hold no more than "...), int64(d.Limits.Events), 10)
	d.Fail("", "maxItems", d.Arena.KeepString(append(b, " events"...)))
}

// At says where in the body the current document begins, where Next does not find it.
func (d *Reader) At(offset int) { d.start = offset }

// mark notes where in the body the current document begins.
func (d *Reader) mark() {
	if d.inBody {
		d.start = d.Offset()
	}
}

// Fail ends the reading: what stands in the body from the current document on
// becomes one failed event with this violation.
func (d *Reader) Fail(schema, keyword, message string) {
	d.kept = protocol.Fault{
		Violation:    envelope.Violation{Schema: schema, Keyword: keyword, Message: message},
		From:         d.start,
		Confidential: d.confidential(),
	}
	d.fault = &d.kept
	d.state = after
}

// Err returns the [*protocol.Fault] that ended the reading, if one did.
func (d *Reader) Err() error {
	if d.fault == nil {
		return nil
	}
	return d.fault
}

// Append adds the event that the current document is: self-describing, its data
// as it stands in the body. Of a document that broke the grammar none is made.
func (d *Reader) Append(dst []envelope.Event, schema string, data []byte) []envelope.Event {
	if d.Code() != scan.OK {
		return dst
	}
	return d.Make(dst, schema, data)
}

// Make adds an event of data that stands anywhere.
func (d *Reader) Make(dst []envelope.Event, schema string, data []byte) []envelope.Event {
	dst, e := d.begin(dst, "unstruct", schema, data)
	key, ok := protocol.ParseKey(schema)
	if !ok {
		e.Payload = envelope.View(data)
		e.Violate(envelope.Violation{
			Path: "/unstruct_event/schema", Keyword: "pattern",
			Message: "the schema of the event must be iglu:vendor/name/format/MODEL-REVISION-ADDITION",
		})
		return dst
	}
	e.Unstruct = envelope.SelfDescribing{Schema: schema, Data: data}
	e.Set(envelope.EventVendor, key.Vendor)
	e.Set(envelope.EventName, key.Name)
	e.Set(envelope.EventFormat, key.Format)
	e.Set(envelope.EventVersion, key.Version)
	return dst
}

// NameID returns a UUID made of the parts, the same one whenever they are the
// same: version 3, name-based (RFC 9562 section 5.3), in a namespace of weir's own.
func (d *Reader) NameID(parts ...string) string {
	d.sum = append(d.sum[:0], namespace...)
	for _, p := range parts {
		d.sum = append(append(d.sum, p...), protocol.Unit)
	}
	digits, grown := protocol.Fingerprint(&d.Arena, d.sum)
	d.sum = grown
	const version, variant = "3", "89ab"
	b := append(d.Arena.Bytes(36), digits[:8]...)
	b = append(append(b, '-'), digits[8:12]...)
	b = append(append(append(b, '-'), version...), digits[13:16]...)
	b = append(b, '-', variant[unhex(digits[16])&3])
	b = append(append(append(b, digits[17:20]...), '-'), digits[20:]...)
	return d.Arena.KeepString(b)
}

// namespace is the UUID 6d1f5e0c-5a0e-4b0e-9c39-5f1e0b7b5a52.
const namespace = "\x6d\x1f\x5e\x0c\x5a\x0e\x4b\x0e\x9c\x39\x5f\x1e\x0b\x7b\x5a\x52"

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}

// parameters fills the columns that a sender may set by the query string, named
// as in the Snowplow tracker protocol: aid (app_id), p (platform), eid
// (event_id, of a request of one event) and tv (v_tracker).
func (d *Reader) parameters(e *envelope.Event) {
	q := protocol.NewQuery(d.request.Query)
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		var f envelope.Field
		switch name {
		case "aid":
			f = envelope.AppID
		case "p":
			f = envelope.Platform
		case "tv":
			f = envelope.VTracker
		case "eid":
			if f = envelope.EventID; d.state == within || d.state == inside || !envelope.IsUUID(value) {
				continue
			}
		default:
			continue
		}
		e.Fill(&d.Arena, f, name, protocol.Unescape(&d.Arena, value, true))
	}
}

// IsParameter reports whether a parameter of the query string is one that fills
// a column of every event, and so is no data.
func IsParameter(name string) bool {
	return name == "aid" || name == "p" || name == "tv" || name == "eid" || name == "nuid"
}

// Reject adds a failed event that keeps the document that it could not be made
// of, unless a secret stands in it.
func (d *Reader) Reject(dst []envelope.Event, whole []byte, v envelope.Violation) []envelope.Event {
	dst, e := envelope.Next(dst)
	e.Protocol, e.Offset, e.Confidential = d.Name, d.start, d.confidential()
	if !d.isSecret(envelope.View(whole)) {
		e.Payload = envelope.View(whole)
	}
	d.parameters(e)
	e.Violate(v)
	return dst
}
