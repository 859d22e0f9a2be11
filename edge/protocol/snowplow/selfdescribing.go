package snowplow

import (
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

const unstructSchema = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"

// wrapper is one of the two self-describing envelopes of the tracker protocol:
// around the one self-describing event, and around the entities.
type wrapper struct {
	schema string // named in violations
	prefix string // of the schema keys it may bear
	path   string // of its column
	must   string // how its schema key must look
}

var (
	unstructWrapper = wrapper{
		schema: unstructSchema,
		prefix: "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-",
		must:   "schema must be iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-*",
		path:   "/unstruct_event",
	}
	contextsWrapper = wrapper{
		schema: "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
		prefix: "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-",
		must:   "schema must be iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-*",
		path:   "/contexts",
	}
)

// setUnstruct reads the self-describing event. Where it breaks a rule the
// event fails and the parameter is kept among the rejected.
func (a *Adapter) setUnstruct(e *envelope.Event, id int, json []byte) {
	if !a.unwrap(e, &unstructWrapper, json) {
		e.Unstruct = envelope.SelfDescribing{}
		e.Reject(parameters[id].name, a.values[id])
	}
}

// setContexts reads the entities, all or none of them.
func (a *Adapter) setContexts(e *envelope.Event, id int, json []byte) {
	first := len(a.entities)
	if !a.unwrap(e, &contextsWrapper, json) {
		a.entities = a.entities[:first]
		e.Reject(parameters[id].name, a.values[id])
	}
	e.Contexts = a.entities[first:len(a.entities):len(a.entities)]
}

// unwrap reads a wrapper and what it holds in one pass. It reports whether all
// of it is as it must be.
func (a *Adapter) unwrap(e *envelope.Event, w *wrapper, json []byte) bool {
	s := &a.inner
	s.Reset(json, a.limits.Depth)
	good := true
	m := pair{arena: &a.arena}
	for m.open(s); m.next(s); {
		switch {
		case w == &contextsWrapper:
			good = a.readEntities(e) && good
		default:
			good = a.entity(e, w, -1, &e.Unstruct) && good
		}
	}
	switch {
	case s.Code() != scan.OK || !s.End():
		keyword, message := protocol.Syntax(s.Code())
		return a.violate(e, w, -1, keyword, message)
	case m.keyword != "":
		return a.violate(e, w, -1, m.keyword, m.message)
	case !a.criterion(m.schema, w.prefix):
		return a.violate(e, w, -1, "const", w.must)
	}
	return good
}

func (a *Adapter) readEntities(e *envelope.Event) bool {
	s := &a.inner
	if s.Kind() != scan.Array {
		s.Skip()
		return a.violate(e, &contextsWrapper, -1, "type", "must hold an array of entities")
	}
	good := true
	s.Array()
	i := 0
	for ; s.Item(); i++ {
		if i >= a.limits.Entities {
			s.Skip()
			continue
		}
		a.entities = append(a.entities, envelope.SelfDescribing{})
		good = a.entity(e, &contextsWrapper, i, &a.entities[len(a.entities)-1]) && good
	}
	if i > a.limits.Entities {
		b := strconv.AppendInt(append(a.arena.Bytes(64), "must hold no more than "...), int64(a.limits.Entities), 10)
		return a.violate(e, &contextsWrapper, -1, "maxItems", a.arena.KeepString(append(b, " entities"...)))
	}
	return good
}

// entity reads one {"schema","data"} within a wrapper: the index-th of the
// contexts, or the self-describing event for an index of -1.
func (a *Adapter) entity(e *envelope.Event, w *wrapper, index int, dst *envelope.SelfDescribing) bool {
	s := &a.inner
	m := pair{arena: &a.arena}
	for m.open(s); m.next(s); {
		dst.Data = s.Skip()
	}
	if m.keyword != "" {
		return a.violate(e, w, index, m.keyword, m.message)
	}
	dst.Schema = protocol.Text(&a.arena, m.schema)
	if _, ok := protocol.ParseKey(dst.Schema); !ok {
		return a.violate(e, w, index, "pattern", "schema must be iglu:vendor/name/format/MODEL-REVISION-ADDITION")
	}
	return true
}

// violate records a violation at the index-th entity, or at the wrapper itself
// for an index of -1. It returns false.
func (a *Adapter) violate(e *envelope.Event, w *wrapper, index int, keyword, message string) bool {
	if len(e.Violations) == envelope.MaxViolations {
		e.Violate(envelope.Violation{}) // is counted only
		return false
	}
	path := w.path
	if index >= 0 {
		b := append(append(a.arena.Bytes(len(path)+21), path...), '/')
		path = a.arena.KeepString(strconv.AppendInt(b, int64(index), 10))
	}
	e.Violate(envelope.Violation{Schema: w.schema, Path: path, Keyword: keyword, Message: message})
	return false
}

// pair walks an object that must have the members schema, a string, and data,
// in either order, and no others unless extras says so.
type pair struct {
	arena            *envelope.Arena // for names that are escaped
	extras           bool
	schema           scan.Text
	keyword, message string // of the first rule broken
	object           bool
	hasSchema        bool
	hasData          bool
}

// open enters the object. Another value is passed over and breaks the rule.
func (m *pair) open(s *scan.Scanner) {
	k := s.Kind()
	if k == scan.Object || k == scan.None {
		m.object = s.Object()
		return
	}
	s.Skip()
	m.fail("type", "must be an object with schema and data")
}

// next moves to the data, which comes next and must be read or skipped, and
// returns false at the end of the object.
func (m *pair) next(s *scan.Scanner) bool {
	var key scan.Text
	for m.object && s.Member(&key) {
		name := protocol.Text(m.arena, key)
		switch {
		case name == "data" && !m.hasData:
			m.hasData = true
			return true
		case name == "schema" && !m.hasSchema:
			m.hasSchema = true
			if s.Kind() == scan.String {
				s.String(&m.schema)
				continue
			}
			m.fail("type", "schema must be a string")
		case name == "data", name == "schema":
			m.fail("duplicateKey", "must have schema and data once each")
		case !m.extras:
			m.fail("additionalProperties", "must have no members besides schema and data")
		}
		s.Skip()
	}
	if m.object && !(m.hasSchema && m.hasData) {
		m.fail("required", "must have schema and data")
	}
	return false
}

func (m *pair) fail(keyword, message string) {
	if m.keyword == "" {
		m.keyword, m.message = keyword, message
	}
}

// criterion reports whether a schema key is the prefix and a number.
func (a *Adapter) criterion(key scan.Text, prefix string) bool {
	addition, ok := strings.CutPrefix(protocol.Text(&a.arena, key), prefix)
	if !ok {
		return false
	}
	_, ok = parseDigits(addition)
	return ok
}
