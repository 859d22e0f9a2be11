// Package cloudevents is the adapter for CloudEvents 1.0 over HTTP, at
// /cloudevents, in the binary, structured and batched content modes of the HTTP
// protocol binding.
//
// A CloudEvent becomes a self-describing event. Where its dataschema is a schema
// key ("iglu:…"), that is the event's schema and the data its data; otherwise the
// schema is iglu:io.cloudevents/data/jsonschema/1-0-0, which wraps data of any
// kind as {"data":…}, or {"data_base64":…} where it is no JSON. All attributes,
// extensions too, are kept as the entity iglu:io.cloudevents/attributes/jsonschema/1-0-0.
//
// Source and id together tell one event from all others (CloudEvents 1.0, section
// id): where the id is no UUID, event_id is made of both, so that an event that is
// sent twice has the same one. The attribute time becomes true_tstamp.
//
// What breaks the specification becomes a failed event and is answered 202 like
// any other: a sender could not mend it by sending it again.
package cloudevents

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// Path is where CloudEvents are taken.
const Path = "/cloudevents"

// The schemas that stand for what a CloudEvent says of itself.
const (
	AttributesSchema = "iglu:io.cloudevents/attributes/jsonschema/1-0-0"
	DataSchema       = "iglu:io.cloudevents/data/jsonschema/1-0-0"
)

// Adapter decodes CloudEvents. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	event    event
	inner    scan.Scanner // of data that is no member of the body
	entities []envelope.SelfDescribing
	// attributes are those of the headers, by name.
	attributes []envelope.Parameter
	scratch    []byte
}

// New returns an adapter with the default limits.
func New() *Adapter {
	return &Adapter{doc: document.Reader{Name: "cloudevents", Limits: document.Default}}
}

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	return r.Method == "POST" && strings.TrimSuffix(r.Path, "/") == Path
}

// Answer implements [protocol.Answerer]: 202 as the HTTP webhook profile has it
// for what was taken and not yet processed.
func (a *Adapter) Answer(*protocol.Request) protocol.Answer {
	return protocol.Answer{Status: 202, Frank: true}
}

const (
	structuredMedia = "application/cloudevents"
	batchedMedia    = "application/cloudevents-batch"
)

// Decode implements [protocol.Adapter]. The mode is chosen as section 3 of the
// HTTP protocol binding says.
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	if cap(a.event.attributes) > cap(a.scratch) {
		a.scratch = a.event.attributes // of an event that could not be finished
	}
	media, _, _ := strings.Cut(protocol.Single(r.Header("Content-Type")), ";")
	media = strings.TrimSpace(media)
	switch {
	case hasPrefixFold(media, structuredMedia):
		if format := media[strings.LastIndexByte(media, '+')+1:]; !strings.EqualFold(format, "json") {
			a.doc.Fail("", "contentType", "of the formats of CloudEvents only JSON is read: application/cloudevents+json or application/cloudevents-batch+json")
			break
		}
		for a.doc.Next() {
			dst = a.structured(dst)
		}
	default:
		return a.binary(dst, r, media)
	}
	return dst, a.doc.Err()
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// event is what has been read of a CloudEvent.
type event struct {
	id, source, dataschema, time string
	attributes                   []byte // an object, still open
	data, dataBase64             []byte // JSON; dataBase64 is a string
}

// finish turns what was read into an event.
func (a *Adapter) finish(dst []envelope.Event) []envelope.Event {
	e := &a.event
	schema, data := DataSchema, e.data
	if _, ok := protocol.ParseKey(e.dataschema); ok && e.data != nil {
		schema = e.dataschema
	} else {
		data = a.wrap()
	}
	dst = a.doc.Make(dst, schema, data)
	made := &dst[len(dst)-1]
	if !made.Has(envelope.EventID) && e.id != "" {
		made.Set(envelope.EventID, a.identify())
	}
	if t, ok := envelope.ParseRFC3339(e.time); ok {
		made.SetInt(envelope.TrueTstamp, t)
	}
	a.scratch = append(e.attributes, '}')
	attributes := envelope.ViewBytes(a.doc.Arena.Copy(a.scratch))
	n := len(a.entities)
	a.entities = append(a.entities, envelope.SelfDescribing{Schema: AttributesSchema, Data: attributes})
	made.Contexts = a.entities[n : n+1 : n+1]
	return dst
}

// wrap makes an object of data that has no schema of its own.
func (a *Adapter) wrap() []byte {
	name, value := `{"data":`, a.event.data
	if a.event.data == nil {
		name, value = `{"data_base64":`, a.event.dataBase64
	}
	if value == nil {
		return noData
	}
	b := append(a.doc.Arena.Bytes(len(name)+len(value)+1), name...)
	return a.doc.Arena.Keep(append(append(b, value...), '}'))
}

var noData = []byte("{}")

// identify returns the event id: the CloudEvent's if it is a UUID, else one made of source and id.
func (a *Adapter) identify() string {
	if envelope.IsUUID(a.event.id) {
		return a.event.id
	}
	return a.doc.NameID(a.event.source, a.event.id)
}
