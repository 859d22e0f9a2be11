package ndjson

import (
	"strconv"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// row is what a line has besides columns.
type row struct {
	schema   string // of "schema"
	data     []byte // of "data"
	unstruct []byte // "unstruct_event"
	contexts []byte
	weir     []byte
	time     int64 // when the event happened, by the collector that took it first
	timed    bool
	unknown  int // members that are none of these
}

// maxUnknown bounds the members of a line that mean nothing here: nothing is
// looked up among more of them.
const maxUnknown = 32

// line adds the event of a line.
func (a *Adapter) line(dst []envelope.Event, line []byte) []envelope.Event {
	if v, ok := a.doc.Whole(); !ok {
		return a.doc.Reject(dst, line, v)
	}
	if a.doc.Kind() != scan.Object {
		return a.doc.Reject(dst, line, envelope.Violation{Keyword: "type", Message: "a line must be an object: an envelope, or one with schema and data"})
	}
	first := len(dst)
	dst = a.doc.Row(dst, line)
	e := &dst[first]
	a.row = row{}
	a.seen = [len(a.seen)]bool{}
	next := envelope.Field(0)
	var key scan.Text
	for a.doc.Object(); a.doc.Member(&key); {
		name := protocol.Text(&a.doc.Arena, key)
		value := a.doc.Skip()
		if next = a.member(e, next, name, value); a.row.unknown > maxUnknown {
			return a.doc.Reject(dst[:first], line, envelope.Violation{Keyword: "maxProperties", Message: "must have no more than 32 members that are no columns"})
		}
	}
	a.finish(e)
	return dst
}

// member reads a member, and returns the column after it: an envelope has its
// columns in order.
func (a *Adapter) member(e *envelope.Event, next envelope.Field, name string, value []byte) envelope.Field {
	r := &a.row
	switch name {
	case "schema":
		if value[0] != '"' || r.schema != "" {
			e.Violate(envelope.Violation{Path: "/schema", Keyword: "type", Message: "schema must be a string, and stand there once"})
			return next
		}
		r.schema = a.doc.Text(value)
	case "data":
		r.data = a.once(e, name, r.data, value)
	case "unstruct_event":
		r.unstruct = a.once(e, name, r.unstruct, value)
	case "contexts":
		r.contexts = a.once(e, name, r.contexts, value)
	case "weir":
		r.weir = a.once(e, name, r.weir, value)
	default:
		f, ok := column(next, name)
		if !ok || f == envelope.DerivedContexts {
			r.unknown++
			a.violate(e, name, "additionalProperties", "is no column of an event")
			e.Reject(name, a.doc.Text(value))
			return next
		}
		a.column(e, f, value)
		return f + 1
	}
	return next
}

// once returns the value of a member that may stand there once, unless it is null.
func (a *Adapter) once(e *envelope.Event, name string, before, value []byte) []byte {
	if before != nil {
		a.violate(e, name, "duplicateKey", "must not occur twice")
		return before
	}
	if value[0] == 'n' && name != "data" {
		return nil
	}
	return value
}

func (a *Adapter) violate(e *envelope.Event, name, keyword, message string) {
	if len(e.Violations) == envelope.MaxViolations {
		e.Violate(envelope.Violation{}) // is counted only
		return
	}
	const longest = 64
	b := append(a.doc.Arena.Bytes(1+longest), '/')
	path := a.doc.Arena.KeepString(append(b, name[:min(len(name), longest)]...))
	e.Violate(envelope.Violation{Path: path, Keyword: keyword, Message: message})
}

// finish makes of the row what columns alone do not say.
func (a *Adapter) finish(e *envelope.Event) {
	r := &a.row
	switch {
	case r.unstruct != nil && (r.schema != "" || r.data != nil):
		e.Violate(envelope.Violation{Keyword: "not", Message: "must have either schema and data or unstruct_event"})
		e.Reject("unstruct_event", envelope.View(r.unstruct))
	case r.unstruct != nil:
		a.inner.Reset(r.unstruct, a.doc.Limits.Depth)
		schema, data, fault := a.pair()
		if fault != "" {
			a.refuse(e, "unstruct_event", fault, r.unstruct)
			break
		}
		r.schema, r.data = schema, data
	case r.schema == "" && r.data == nil && !a.seen[envelope.EventType] && (r.weir == nil || !a.hasPayload()):
		e.Violate(envelope.Violation{Keyword: "required", Message: "a line must have schema and data, or the columns of an envelope"})
	}
	if r.schema != "" || r.data != nil {
		a.describe(e)
	}
	if r.contexts != nil {
		a.readContexts(e)
	}
	if !a.seen[envelope.EventType] && e.Unstruct.Schema == "" {
		e.Drop(envelope.EventType)
	}
	if r.weir != nil {
		if _, said := a.doc.Parameter("p"); !said && !a.seen[envelope.Platform] {
			e.Drop(envelope.Platform) // it had none
		}
		a.retake(e)
	}
	if r.timed && !e.Has(envelope.TrueTstamp) {
		e.SetInt(envelope.TrueTstamp, r.time)
	}
	if e.Get(envelope.EventType) == "unstruct" && e.Unstruct.Schema == "" && len(e.Violations) == 0 {
		e.Violate(envelope.Violation{Path: "/unstruct_event", Keyword: "required", Message: "an event of type unstruct must have schema and data, or unstruct_event"})
	}
	protocol.Classify(e)
}

// describe sets the self-describing event.
func (a *Adapter) describe(e *envelope.Event) {
	r := &a.row
	if r.schema == "" || r.data == nil {
		e.Violate(envelope.Violation{Keyword: "required", Message: "must have schema and data"})
		if r.data != nil {
			e.Payload = envelope.View(r.data)
		}
		return
	}
	if _, ok := protocol.ParseKey(r.schema); !ok {
		e.Violate(envelope.Violation{
			Path: "/unstruct_event/schema", Keyword: "pattern",
			Message: "the schema of the event must be iglu:vendor/name/format/MODEL-REVISION-ADDITION",
		})
		e.Payload = envelope.View(r.data)
		return
	}
	e.Unstruct = envelope.SelfDescribing{Schema: r.schema, Data: r.data}
}

// readContexts reads the entities, all or none of them.
func (a *Adapter) readContexts(e *envelope.Event) {
	first := len(a.entities)
	a.inner.Reset(a.row.contexts, a.doc.Limits.Depth)
	fault := ""
	if a.inner.Kind() != scan.Array {
		fault = "must be an array of entities"
	} else {
		for a.inner.Array(); a.inner.Item(); {
			schema, data, f := a.pair()
			if _, ok := protocol.ParseKey(schema); f == "" && !ok {
				f = "the schema of an entity must be iglu:vendor/name/format/MODEL-REVISION-ADDITION"
			}
			if f == "" && len(a.entities)-first == a.doc.Limits.Entities {
				b := strconv.AppendInt(append(a.doc.Arena.Bytes(64), "must hold no more than "...), int64(a.doc.Limits.Entities), 10)
				f = a.doc.Arena.KeepString(append(b, " entities"...))
			}
			if f != "" {
				fault = f
				break
			}
			a.entities = append(a.entities, envelope.SelfDescribing{Schema: schema, Data: data})
		}
	}
	if fault != "" {
		a.entities = a.entities[:first]
		a.refuse(e, "contexts", fault, a.row.contexts)
		return
	}
	e.Contexts = a.entities[first:len(a.entities):len(a.entities)]
}

// refuse keeps a member that is not as it must be among the rejected.
func (a *Adapter) refuse(e *envelope.Event, name, message string, raw []byte) {
	a.violate(e, name, "type", message)
	e.Reject(name, envelope.View(raw))
}

// pair reads the {"schema","data"} that comes next. What is wrong with it is the fault.
func (a *Adapter) pair() (schema string, data []byte, fault string) {
	s := &a.inner
	if s.Kind() != scan.Object {
		s.Skip()
		return "", nil, "must be an object with schema and data"
	}
	var key scan.Text
	for s.Object(); s.Member(&key); {
		value := s.Skip()
		switch {
		case key.Is("schema") && schema == "" && value[0] == '"':
			schema = a.doc.Text(value)
		case key.Is("data") && data == nil:
			data = value
		default:
			fault = "must have schema, a string, and data once each, and nothing else"
		}
	}
	if fault == "" && (schema == "" || data == nil) {
		fault = "must have schema and data"
	}
	return schema, data, fault
}
