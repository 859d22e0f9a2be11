// Package selfdescribing is the adapter for plain self-describing JSON, at the
// path of Snowplow's Iglu webhook, /com.snowplowanalytics.iglu/v1:
//
//   - POST of {"schema":"iglu:…","data":…}, or an array of these. A member
//     contexts, an array of entities of the same form, is taken along.
//   - POST with the parameter schema in the query string: the body is the data,
//     or an array of such, as JSON or as a form.
//   - GET with the parameter schema: the other parameters are the data, as strings.
//
// At the paths of the setting documents (see [protocol.Document]) it is POST of
// documents whose schema and data stand where the setting says.
//
// The parameters aid, p, eid, tv and nuid of the query string mean what they
// mean to the Snowplow tracker protocol.
package selfdescribing

import (
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// Path is where self-describing JSON is taken.
const Path = "/com.snowplowanalytics.iglu/v1"

// Adapter decodes self-describing JSON. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	entities []envelope.SelfDescribing
	layouts  []layout
	inner    scan.Scanner // of a document of a layout
}

// New returns an adapter with the default limits.
func New() *Adapter {
	return &Adapter{doc: document.Reader{Name: "selfdescribing", Limits: document.Default}}
}

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	if r.Method == "POST" && a.layoutOf(r) != nil {
		return true
	}
	return (r.Method == "POST" || r.Method == "GET") && strings.TrimSuffix(r.Path, "/") == Path
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	schema, named := a.doc.Parameter("schema")
	l := a.layoutOf(r)
	switch {
	case l != nil:
		for a.doc.Next() {
			dst = a.laidOut(dst, l)
		}
	case r.Method == "GET" && !named:
		a.doc.Fail("", "required", "the query string must have the parameter schema")
	case r.Method == "GET":
		if data, ok := a.doc.Fields(r.Query, notData); ok {
			return a.doc.Make(dst, schema, data), nil
		}
	case named && document.IsForm(r):
		if data, ok := a.doc.Fields(envelope.View(r.Body), document.IsParameter); ok {
			return a.doc.Make(dst, schema, data), nil
		}
	case named:
		for a.doc.Next() {
			dst = a.doc.Append(dst, schema, a.doc.Skip())
		}
	default:
		for a.doc.Next() {
			dst = a.event(dst)
		}
	}
	return dst, a.doc.Err()
}

func notData(name string) bool { return name == "schema" || document.IsParameter(name) }

// event reads one {"schema","data","contexts"}.
func (a *Adapter) event(dst []envelope.Event) []envelope.Event {
	start := a.doc.Scanner
	if a.doc.Kind() != scan.Object {
		return a.malformed(dst, a.doc.Skip(), "type", "must be an object with schema and data")
	}
	first := len(a.entities)
	schema, data, fault := a.pair(&a.doc.Scanner, true)
	whole := start.Skip()
	switch {
	case a.doc.Code() != scan.OK:
		return dst
	case fault != "":
		a.entities = a.entities[:first]
		return a.malformed(dst, whole, "required", fault)
	}
	dst = a.doc.Append(dst, schema, data)
	dst[len(dst)-1].Contexts = a.entities[first:len(a.entities):len(a.entities)]
	return dst
}

// pair reads an object that must have schema and data. What is wrong with it is the fault.
func (a *Adapter) pair(s *scan.Scanner, contexts bool) (schema string, data []byte, fault string) {
	var key, text scan.Text
	for s.Object(); s.Member(&key); {
		switch {
		case key.Is("schema") && schema == "" && s.Kind() == scan.String:
			s.String(&text)
			schema = protocol.Text(&a.doc.Arena, text)
		case key.Is("data") && data == nil:
			data = s.Skip()
		case key.Is("contexts") && contexts:
			contexts = false
			if f := a.readEntities(s); f != "" {
				fault = f
			}
		default:
			s.Skip()
			fault = "must have schema, a string, and data once each, contexts at most, and nothing else"
		}
	}
	if fault == "" && (schema == "" || data == nil) {
		fault = "must have schema and data"
	}
	return schema, data, fault
}

func (a *Adapter) readEntities(s *scan.Scanner) (fault string) {
	if s.Kind() != scan.Array {
		s.Skip()
		return "contexts must be an array of entities"
	}
	n := 0
	for s.Array(); s.Item(); n++ {
		if n >= a.doc.Limits.Entities || s.Kind() != scan.Object {
			s.Skip()
			fault = "contexts must hold objects with schema and data, no more than "
			b := append(a.doc.Arena.Bytes(len(fault)+20), fault...)
			fault = a.doc.Arena.KeepString(strconv.AppendInt(b, int64(a.doc.Limits.Entities), 10))
			continue
		}
		schema, data, f := a.pair(s, false)
		if _, ok := protocol.ParseKey(schema); f == "" && !ok {
			f = "the schema of an entity must be iglu:vendor/name/format/MODEL-REVISION-ADDITION"
		}
		if f != "" {
			fault = f
			continue
		}
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: schema, Data: data})
	}
	return fault
}

// malformed appends a failed event that keeps the document it could not be read from.
func (a *Adapter) malformed(dst []envelope.Event, whole []byte, keyword, message string) []envelope.Event {
	if a.doc.Code() != scan.OK {
		return dst
	}
	return a.doc.Reject(dst, whole, envelope.Violation{Keyword: keyword, Message: message})
}
