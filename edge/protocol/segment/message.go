package segment

import (
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// member is a member of a message that has a meaning here.
type member uint8

const (
	typeName member = iota
	messageID
	userID
	anonymousID
	timestamp
	originalTimestamp
	sentAt
	writeKey
	context
	event
	name
	category
	properties
	traits
	groupID
	previousID
	numMembers
)

var members = [numMembers]string{
	"type", "messageId", "userId", "anonymousId", "timestamp", "originalTimestamp", "sentAt", "writeKey", "context",
	"event", "name", "category", "properties", "traits", "groupId", "previousId",
}

// kind is a type of message and the members that are its data.
type kind struct {
	name, schema string
	data         []member
}

// kinds are in the order of their first letters' use: /v1/s is a screen.
var kinds = [...]kind{
	{"track", "iglu:com.segment/track/jsonschema/1-0-0", []member{event, properties}},
	{"identify", "iglu:com.segment/identify/jsonschema/1-0-0", []member{traits}},
	{"page", "iglu:com.segment/page/jsonschema/1-0-0", []member{name, category, properties}},
	{"screen", "iglu:com.segment/screen/jsonschema/1-0-0", []member{name, category, properties}},
	{"group", "iglu:com.segment/group/jsonschema/1-0-0", []member{groupID, traits}},
	{"alias", "iglu:com.segment/alias/jsonschema/1-0-0", []member{previousID}},
}

// The schemas of entities.
const (
	contextSchema = "iglu:com.segment/context/jsonschema/1-0-0"
	messageSchema = "iglu:com.segment/message/jsonschema/1-0-0"
)

// message is what has been read of one.
type message struct {
	values [numMembers][]byte // JSON; nil for absent and null
	twice  bool               // a member occurs twice
	rest   []byte             // the members that have no meaning here, an object still open
}

// event reads the message that comes next. Its type is k, or what it says itself.
func (a *Adapter) event(dst []envelope.Event, k *kind) []envelope.Event {
	start := a.doc.Scanner
	if a.doc.Kind() != scan.Object {
		return a.reject(dst, start, "type", "a message must be an object")
	}
	a.read()
	if a.doc.Code() != scan.OK {
		return dst
	}
	if k == nil {
		said := a.doc.Text(a.message.values[typeName])
		for i := range kinds {
			if kinds[i].name == said {
				k = &kinds[i]
			}
		}
	}
	if k == nil {
		return a.reject(dst, start, "enum", "the type of a message must be track, identify, page, screen, group or alias")
	}
	return a.make(dst, k)
}

func (a *Adapter) reject(dst []envelope.Event, start scan.Scanner, keyword, text string) []envelope.Event {
	a.doc.Scanner = start
	whole := a.doc.Skip()
	if a.doc.Code() != scan.OK {
		return dst
	}
	return a.doc.Reject(dst, whole, envelope.Violation{Keyword: keyword, Message: text})
}

// read reads the members of the object that comes next.
func (a *Adapter) read() {
	m := &a.message
	m.values, m.twice, m.rest = [numMembers][]byte{}, false, append(m.rest[:0], '{')
	var key scan.Text
	for a.doc.Object(); a.doc.Member(&key); {
		null := a.doc.Kind() == scan.Null
		id := memberOf(key)
		value := a.doc.Skip()
		switch {
		case id == numMembers:
			m.leave(key.Raw, value)
		case null:
		case m.values[id] != nil:
			m.twice = true
		default:
			m.values[id] = value
		}
	}
}

func memberOf(key scan.Text) member {
	for i := range members {
		if key.Is(members[i]) {
			return member(i)
		}
	}
	return numMembers
}

// leave adds a member to what is left of the message.
func (m *message) leave(name, value []byte) {
	b := m.rest
	if len(b) > 1 {
		b = append(b, ',')
	}
	b = append(append(append(b, '"'), name...), '"', ':')
	m.rest = append(b, value...)
}

// make turns the message that was read into an event.
func (a *Adapter) make(dst []envelope.Event, k *kind) []envelope.Event {
	m := &a.message
	used := uint32(1<<typeName | 1<<writeKey)
	schema, data := a.schema(k)
	if schema == "" {
		schema, data = k.schema, a.data(k)
		for _, id := range k.data {
			used |= 1 << id
		}
	} else {
		used |= 1<<event | 1<<properties
	}
	dst = a.doc.Make(dst, schema, data)
	e := &dst[len(dst)-1]
	used |= a.columns(e, k)
	for id, value := range m.values {
		if used&(1<<id) == 0 && value != nil {
			m.leave(envelope.ViewBytes(members[id]), value)
		}
	}
	if len(m.rest) > 1 {
		m.rest = append(m.rest, '}')
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: messageSchema, Data: envelope.ViewBytes(a.doc.Arena.Copy(m.rest))})
		e.Contexts = a.entities[len(a.entities)-len(e.Contexts)-1 : len(a.entities) : len(a.entities)]
	}
	if m.twice {
		e.Violate(envelope.Violation{Schema: k.schema, Path: "/unstruct_event", Keyword: "duplicateKey", Message: "a message must have each of its members once"})
	}
	if !e.Has(envelope.UserID) && !e.Has(envelope.DomainUserID) {
		e.Violate(envelope.Violation{Schema: k.schema, Path: "/user_id", Keyword: "required", Message: "a message must have userId or anonymousId"})
	}
	return dst
}

// schema returns the key that the event of a track is, if it is one, and the properties.
func (a *Adapter) schema(k *kind) (schema string, data []byte) {
	if k != &kinds[0] {
		return "", nil
	}
	schema = a.doc.Text(a.message.values[event])
	if _, ok := protocol.ParseKey(schema); !ok {
		return "", nil
	}
	if data = a.message.values[properties]; data == nil {
		data = noProperties
	}
	return schema, data
}

var noProperties = []byte("{}")

// data makes an object of the members that messages of the type have.
func (a *Adapter) data(k *kind) []byte {
	size := len("{}")
	for _, id := range k.data {
		size += len(members[id]) + len(`"":,`) + len(a.message.values[id])
	}
	b := append(a.doc.Arena.Bytes(size), '{')
	for _, id := range k.data {
		value := a.message.values[id]
		if value == nil {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), members[id]...), '"', ':')
		b = append(b, value...)
	}
	return a.doc.Arena.Keep(append(b, '}'))
}
