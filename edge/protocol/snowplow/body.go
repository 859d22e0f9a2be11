package snowplow

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

const (
	payloadData       = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-"
	payloadDataLatest = payloadData + "4" // named by faults of a body that names no schema
)

// decodeBody reads {"schema":"iglu:…/payload_data/…","data":[{…}…]}.
func (a *Adapter) decodeBody(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	first := len(dst)
	dst, fault := a.decodePayload(dst, r)
	if a.limits.Strict {
		dst, fault = a.strict(dst, first, fault)
	}
	if fault != nil {
		return dst, fault
	}
	return dst, nil
}

func (a *Adapter) decodePayload(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, *protocol.Fault) {
	s := &a.body
	s.Reset(r.Body, a.limits.Depth)
	var fault *protocol.Fault
	var ahead scan.Scanner
	waiting := false
	m := pair{arena: &a.arena, extras: true}
	for m.open(s); m.next(s); {
		if !m.hasSchema {
			// The Go tracker sends data first: it is read once the schema is known.
			ahead, waiting = *s, true
			s.Skip()
			continue
		}
		if dst, fault = a.decodeData(dst, r, m.schema); fault != nil {
			return dst, fault
		}
	}
	switch {
	case s.Code() != scan.OK || !s.End():
		return dst, a.syntaxFault(0, payloadDataLatest)
	case m.keyword != "":
		return dst, a.faultAt(0, payloadDataLatest, "", m.keyword, m.message)
	case waiting:
		*s = ahead
		return a.decodeData(dst, r, m.schema)
	}
	return dst, nil
}

// decodeData reads the events, the value that comes next.
func (a *Adapter) decodeData(dst []envelope.Event, r *protocol.Request, key scan.Text) ([]envelope.Event, *protocol.Fault) {
	schema := protocol.Text(&a.arena, key)
	minor, ok := strings.CutPrefix(schema, payloadData)
	n, ok2 := parseDigits(minor)
	if !ok || !ok2 {
		return dst, a.faultAt(0, payloadDataLatest, "/schema", "const", "schema must be "+payloadData+"*")
	}
	since := uint8(min(n, lastMinor))
	s := &a.body
	if s.Kind() != scan.Array {
		return dst, a.faultAt(0, schema, "/data", "type", "must be an array of events")
	}
	s.Array()
	i, malformed := 0, 0
	for ; s.Item(); i++ {
		start := s.Offset()
		if i == a.limits.Events {
			b := strconv.AppendInt(append(a.arena.Bytes(64), "must hold no more than "...), int64(i), 10)
			return dst, a.faultAt(start, schema, "/data", "maxItems", a.arena.KeepString(append(b, " events"...)))
		}
		if malformed == maxMalformed && !a.limits.Strict {
			return dst, a.faultAt(start, schema, "/data", "items", tooManyMalformed)
		}
		dst = a.decodeEvent(dst, r, item{schema, since, i})
		dst[len(dst)-1].Offset = start
		if s.Code() != scan.OK {
			return dst[:len(dst)-1], a.syntaxFault(start, schema)
		}
		if malformed++; !a.malformed {
			malformed = 0
		}
	}
	switch {
	case s.Code() != scan.OK:
		return dst, a.syntaxFault(s.Offset(), schema)
	case i == 0:
		return dst, a.faultAt(0, schema, "/data", "minItems", "must hold at least one event")
	}
	return dst, nil
}

// maxParameters bounds the members of an event, and the pairs of a query
// string: trackers know some eighty, and a sender that means harm many.
const maxParameters = 256

// maxUnknown bounds those members of an event that are no parameters: nothing
// is looked up among more of them.
const maxUnknown = 32

// maxMalformed bounds the events in a row that break a rule of payload_data.
// What is wrong with that many is wrong with the rest, and an envelope for each
// would make much of a body of a few bytes.
const maxMalformed = 20

const (
	tooMany          = "must have no more than 256 parameters"
	tooManyMalformed = "must not hold 20 malformed events in a row: what follows them is kept unread"
	tooManyUnknown   = "must have no more than 32 parameters that this version of the tracker protocol does not know"
)

// item is the place of an event in a body.
type item struct {
	schema string // the payload_data version that the body names
	minor  uint8  // the N of its 1-0-N, at most lastMinor
	index  int
}

// decodeEvent reads one event, the value that comes next. Breaking a rule of
// payload_data fails the event and leaves its neighbours alone.
func (a *Adapter) decodeEvent(dst []envelope.Event, r *protocol.Request, at item) []envelope.Event {
	dst, e := envelope.Next(dst)
	a.begin()
	s := &a.body
	if k := s.Kind(); k != scan.Object && k != scan.None {
		e.Protocol = a.Name()
		e.Payload = envelope.View(s.Skip())
		a.violateItem(e, at, "", "type", "must be an object")
		return dst
	}
	start := *s
	count, unknown := 0, 0
	var key, value scan.Text
	for s.Object(); s.Member(&key); {
		if count++; count > maxParameters {
			*s = start
			a.keepWhole(e, at, tooMany)
			return dst
		}
		name := protocol.Text(&a.arena, key)
		id := lookup(name)
		known := id >= 0 && parameters[id].since <= at.minor
		if !known {
			if unknown++; unknown > maxUnknown {
				*s = start
				a.keepWhole(e, at, tooManyUnknown)
				return dst
			}
			a.violateItem(e, at, name, "additionalProperties", "is not a parameter of this version of the tracker protocol")
		}
		if s.Kind() != scan.String {
			raw := envelope.View(s.Skip())
			if known {
				a.violateItem(e, at, name, "type", "must be a string")
			}
			e.Reject(name, raw)
			continue
		}
		if !s.String(&value) {
			break
		}
		switch value := protocol.Text(&a.arena, value); {
		case !known:
			e.Reject(name, value)
			a.keepExtra(name, value)
		default:
			if a.has(id) {
				a.violateItem(e, at, name, "duplicateKey", "must not occur twice")
			}
			a.put(id, value)
		}
	}
	for _, id := range [...]int{paramTv, paramP, paramE} {
		if !a.has(id) {
			a.violateItem(e, at, "", "required", "must have the parameters tv, p and e")
			break
		}
	}
	a.finish(e, r)
	return dst
}

// keepWhole makes e a failed event that keeps the value that comes next, for it has too many members.
func (a *Adapter) keepWhole(e *envelope.Event, at item, message string) {
	e.Reset()
	e.Protocol = a.Name()
	e.Payload = envelope.View(a.body.Skip())
	a.violateItem(e, at, "", "maxProperties", message)
}

// violateItem records a violation of payload_data at a parameter of the event, or at the event itself.
func (a *Adapter) violateItem(e *envelope.Event, at item, name, keyword, message string) {
	a.malformed = true
	if len(e.Violations) == envelope.MaxViolations {
		e.Violate(envelope.Violation{}) // is counted only
		return
	}
	name = cutName(name)
	b := append(a.arena.Bytes(2*len(name)+32), "/data/"...)
	b = strconv.AppendInt(b, int64(at.index), 10)
	if name != "" {
		b = append(b, '/')
	}
	for i := range len(name) { // RFC 6901 section 3
		switch name[i] {
		case '~':
			b = append(b, '~', '0')
		case '/':
			b = append(b, '~', '1')
		default:
			b = append(b, name[i])
		}
	}
	e.Violate(envelope.Violation{Schema: at.schema, Path: a.arena.KeepString(b), Keyword: keyword, Message: message})
}

// cutName bounds a member name for a path: what names are sent is for the sender to choose.
func cutName(name string) string {
	const longest = 64
	if len(name) <= longest {
		return name
	}
	n := longest
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// strict fails the whole body as Enrich does: if any event broke a rule of
// payload_data, none is kept and the body becomes one failed event.
func (a *Adapter) strict(dst []envelope.Event, first int, fault *protocol.Fault) ([]envelope.Event, *protocol.Fault) {
	for i := first; i < len(dst) && fault == nil; i++ {
		for _, v := range dst[i].Violations {
			if strings.HasPrefix(v.Schema, payloadData) {
				fault = a.faultAt(0, v.Schema, v.Path, v.Keyword, v.Message)
				break
			}
		}
	}
	if fault != nil {
		fault.From = 0
		dst = dst[:first]
	}
	return dst, fault
}

// faultAt returns a fault that keeps the body from a byte on. It is valid until the next request.
func (a *Adapter) faultAt(from int, schema, path, keyword, message string) *protocol.Fault {
	a.fault = protocol.Fault{
		Violation: envelope.Violation{Schema: schema, Path: path, Keyword: keyword, Message: message},
		From:      from,
	}
	return &a.fault
}

// syntaxFault tells of the fault that stopped the scanner.
func (a *Adapter) syntaxFault(from int, schema string) *protocol.Fault {
	keyword, message := protocol.Syntax(a.body.Code())
	return a.faultAt(from, schema, "", keyword, message)
}
