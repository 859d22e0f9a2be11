package ndjson

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// What of weir's own facts about an event is taken again, at most so many each.
const (
	maxRejected = 128
	maxReceipts = 128
)

// hasPayload reports whether the envelope is one of what could not be read.
func (a *Adapter) hasPayload() bool {
	return a.row.weir[0] == '{' && a.doc.Find(a.row.weir, "payload") != nil
}

// retake takes over what an envelope says of the event that is not judged anew.
func (a *Adapter) retake(e *envelope.Event) {
	s := &a.inner
	s.Reset(a.row.weir, a.doc.Limits.Depth)
	if s.Kind() != scan.Object {
		a.refuse(e, "weir", "must be an object", a.row.weir)
		return
	}
	var key scan.Text
	for s.Object(); s.Member(&key); {
		switch k := s.Kind(); {
		case key.Is("rejected") && k == scan.Object:
			a.rejected(e)
		case key.Is("violations") && k == scan.Array:
			a.violations(e)
		case key.Is("receipts") && k == scan.Array:
			a.receipts(e)
		case key.Is("payload") && k == scan.String:
			e.Payload = a.doc.Text(s.Skip())
		default:
			s.Skip()
		}
	}
	if e.Payload != "" && e.Verdict == envelope.Good {
		e.Violate(envelope.Violation{Keyword: "required", Message: "no event could be read from the payload"})
	}
}

func (a *Adapter) rejected(e *envelope.Event) {
	s := &a.inner
	var key scan.Text
	n := 0
	for s.Object(); s.Member(&key); n++ {
		if value := s.Skip(); n < maxRejected {
			e.Reject(protocol.Text(&a.doc.Arena, key), a.doc.Text(value))
		}
	}
	if n > maxRejected {
		a.violate(e, "weir/rejected", "maxProperties", "must have no more than 128 members")
	}
}

// violations takes over those that are of no schema of the event's data.
func (a *Adapter) violations(e *envelope.Event) {
	s := &a.inner
	for s.Array(); s.Item(); {
		if s.Kind() != scan.Object {
			s.Skip()
			continue
		}
		var v envelope.Violation
		var key scan.Text
		for s.Object(); s.Member(&key); {
			switch value := s.Skip(); {
			case value[0] != '"':
			case key.Is("schema"):
				v.Schema = a.doc.Text(value)
			case key.Is("path"):
				v.Path = a.doc.Text(value)
			case key.Is("keyword"):
				v.Keyword = a.doc.Text(value)
			case key.Is("message"):
				v.Message = a.doc.Text(value)
			}
		}
		if !isOfData(e, &v) {
			e.Violate(v)
		}
	}
}

// isOfData reports whether a violation is of the schema of the self-describing
// event or of an entity, which judge anew.
func isOfData(e *envelope.Event, v *envelope.Violation) bool {
	if strings.HasPrefix(v.Path, "/unstruct_event/") && v.Schema == e.Unstruct.Schema && v.Schema != "" {
		return true
	}
	if strings.HasPrefix(v.Path, "/contexts/") {
		for i := range e.Contexts {
			if e.Contexts[i].Schema == v.Schema {
				return true
			}
		}
	}
	return false
}

// receipts takes over what was done to the event before. What was done to its
// address and place is not: of the place nothing is taken over, and the address is cut again.
func (a *Adapter) receipts(e *envelope.Event) {
	s := &a.inner
	for s.Array(); s.Item(); {
		if s.Kind() != scan.Object {
			s.Skip()
			continue
		}
		var r envelope.Receipt
		var key scan.Text
		for s.Object(); s.Member(&key); {
			switch value := s.Skip(); {
			case value[0] != '"':
			case key.Is("rule"):
				r.Rule = a.doc.Text(value)
			case key.Is("field"):
				r.Field = a.doc.Text(value)
			case key.Is("action"):
				r.Action = a.doc.Text(value)
			}
		}
		cut := r.Field == "user_ipaddress" && e.Has(envelope.UserIPAddress)
		if !cut && !strings.HasPrefix(r.Field, "weir.edge.") && len(e.Receipts) < maxReceipts {
			e.Receive(r)
		}
	}
}
