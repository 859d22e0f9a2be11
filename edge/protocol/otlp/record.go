package otlp

import (
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// record is what has been read of a log record.
type record struct {
	made, observed   []byte // nanoseconds, JSON; nil for absent
	name             []byte // eventName
	body, attributes []byte // JSON with plain values
	misread          string // attributes that are no list
	rest             []byte // the other members, without their braces
}

// origin is a resource or a scope, which records share.
type origin struct {
	data    []byte // an object, nil for none
	misread string // attributes that are no list
}

// columns are attributes that mean the same as a column (semantic conventions
// 1.37, and those of older SDKs).
var columns = []document.Column{
	{Name: "user.id", Field: envelope.UserID},
	{Name: "enduser.id", Field: envelope.UserID},
	{Name: "session.id", Field: envelope.DomainSessionID},
	{Name: "client.address", Field: envelope.UserIPAddress},
	{Name: "http.client_ip", Field: envelope.UserIPAddress},
	{Name: "user_agent.original", Field: envelope.UserAgent},
	{Name: "http.user_agent", Field: envelope.UserAgent},
	{Name: "url.full", Field: envelope.PageURL},
	{Name: "http.url", Field: envelope.PageURL},
	{Name: "browser.language", Field: envelope.BrLang},
}

// eventColumns are those of an event whose schema an attribute names.
var eventColumns = append([]document.Column{{Name: "event.schema", Out: true}, {Name: "event.name", Out: true}}, columns...)

// event makes an event of the record that comes next.
func (a *Adapter) event(dst []envelope.Event) []envelope.Event {
	start := a.doc.Scanner
	whole := a.doc.Skip()
	if whole[0] != '{' {
		return a.doc.Reject(dst, whole, envelope.Violation{Keyword: "type", Message: "a log record must be an object"})
	}
	a.inner = start
	a.read()
	m := &a.record
	named, schema := a.schema()
	table := columns
	if schema != "" {
		table = eventColumns
	}
	// What goes to columns is not in the data, nor in the fingerprint made of it:
	// an address, of which a part is kept, could be found by trying.
	attributes := m.attributes
	if m.hasAttributes() {
		a.scratch.Reset()
		m.attributes = a.doc.Lift(&a.scratch, attributes, table)
	}
	data := nothing
	switch {
	case schema == "":
	case len(m.body) > 0 && m.body[0] == '{':
		data, m.body = m.body, nil
	case m.hasAttributes():
		data, m.attributes = m.attributes, nil
	}
	m.leave("eventName", named)
	m.leave("body", m.body)
	m.leave("attributes", m.attributes)
	if schema == "" {
		dst = a.doc.Make(dst, LogSchema, a.doc.Members(m.rest))
	} else {
		dst = a.doc.Make(dst, schema, data)
	}
	e := &dst[len(dst)-1]
	a.doc.App(e, "service.name", a.shared.service, true)
	if m.attributes = attributes; m.hasAttributes() {
		a.doc.Take(e, attributes, table)
		a.identify(e)
	}
	a.times(e)
	misfit(e, LogSchema, "attributes", m.misread)
	misfit(e, ResourceSchema, "resource.attributes", a.shared.resource.misread)
	misfit(e, ScopeSchema, "scope.attributes", a.shared.scope.misread)
	a.entitle(e, schema != "")
	return dst
}

var nothing = []byte("{}")

func (m *record) hasAttributes() bool { return len(m.attributes) > 0 && m.attributes[0] == '{' }

// read reads the record that the inner scanner is at.
func (a *Adapter) read() {
	m := &a.record
	*m = record{rest: m.rest[:0]}
	var key scan.Text
	for a.inner.Object(); a.inner.Member(&key); {
		switch {
		case key.Is("body"):
			a.out, a.inner = appendValue(a.out[:0], a.inner)
			m.body = envelope.ViewBytes(a.doc.Arena.Copy(a.out))
			if m.body[0] == 'n' {
				m.body = nil
			}
		case key.Is("attributes"):
			a.out, a.inner = appendAttributes(a.out[:0], a.inner)
			m.attributes, m.misread = a.attributes()
		default:
			value := a.inner.Skip()
			switch {
			case isDefault(value):
			case key.Is("timeUnixNano"):
				m.made = value
			case key.Is("observedTimeUnixNano"):
				m.observed = value
			case key.Is("eventName"):
				m.name = value
			default:
				m.leave(envelope.View(key.Raw), value)
			}
		}
	}
}

// isDefault reports whether a value says what its absence says (Protobuf's JSON
// mapping): null, an empty string or zero.
func isDefault(value []byte) bool {
	switch value[0] {
	case 'n':
		return true
	case '"':
		return len(value) == len(`""`)
	}
	return len(value) == 1 && value[0] == '0'
}

// attributes returns the object that was made of a list, or what is no list:
// no privacy rule could tell what stands in that, so it is kept apart.
func (a *Adapter) attributes() (object []byte, misread string) {
	switch kept := a.doc.Arena.Copy(a.out); kept[0] {
	case '{':
		return envelope.ViewBytes(kept), ""
	case 'n':
		return nil, ""
	default:
		return nil, kept
	}
}

// misfit fails an event for attributes that are no list.
func misfit(e *envelope.Event, schema, name, misread string) {
	if misread != "" {
		e.Violate(envelope.Violation{Schema: schema, Keyword: "type", Message: "attributes must be a list of keys and values"})
		e.Reject(name, misread)
	}
}

// leave adds a member to what is left of the record, unless it has no value.
// The name is spelled as in JSON.
func (m *record) leave(name string, value []byte) {
	if value == nil {
		return
	}
	if len(m.rest) > 0 {
		m.rest = append(m.rest, ',')
	}
	m.rest = append(append(append(m.rest, '"'), name...), '"', ':')
	m.rest = append(m.rest, value...)
}

// schema returns the key that the record says it is, if it does, and its name
// where that is not the key.
func (a *Adapter) schema() (named []byte, schema string) {
	m := &a.record
	if isKey(a.doc.Text(m.name)) {
		return nil, a.doc.Text(m.name)
	}
	if !m.hasAttributes() {
		return m.name, ""
	}
	name := a.doc.Find(m.attributes, "event.name")
	if isKey(a.doc.Text(name)) {
		return m.name, a.doc.Text(name)
	}
	if key := a.doc.Text(a.doc.Find(m.attributes, "event.schema")); isKey(key) {
		if m.name != nil {
			name = m.name
		}
		return name, key
	}
	return m.name, ""
}

func isKey(s string) bool {
	_, ok := protocol.ParseKey(s)
	return ok
}

// identify gives an event the id of its record. Without one it has another id
// whenever it is sent: nothing could be made of its content that would not tell
// of what privacy rules take out of it.
func (a *Adapter) identify(e *envelope.Event) {
	switch id := a.doc.Text(a.doc.Find(a.record.attributes, "log.record.uid")); {
	case id == "":
	case envelope.IsUUID(id):
		e.Set(envelope.EventID, id)
	default:
		e.Set(envelope.EventID, a.doc.NameID(a.doc.Name, id))
	}
}

// times sets when the record was made and observed.
func (a *Adapter) times(e *envelope.Event) {
	made := a.time(e, envelope.TrueTstamp, "timeUnixNano", a.record.made)
	observed := a.time(e, envelope.DvceCreatedTstamp, "observedTimeUnixNano", a.record.observed)
	if !made && observed {
		ms, _ := e.GetInt(envelope.DvceCreatedTstamp)
		e.SetInt(envelope.TrueTstamp, ms)
	}
}

func (a *Adapter) time(e *envelope.Event, f envelope.Field, name string, value []byte) bool {
	text := a.doc.Text(value)
	ms, ok := millis(text)
	if ok {
		e.SetInt(f, ms)
	} else if text != "" && text != "0" {
		e.Misfit(f, "format", "must be nanoseconds since the Unix epoch", name, text)
	}
	return ok
}

// entitle gives an event its entities: one of the record, if the event is not that itself.
func (a *Adapter) entitle(e *envelope.Event, hasSchema bool) {
	first := len(a.entities)
	a.entity(ResourceSchema, a.shared.resource.data)
	a.entity(ScopeSchema, a.shared.scope.data)
	if hasSchema && len(a.record.rest) > 0 {
		a.entity(LogSchema, a.doc.Members(a.record.rest))
	}
	e.Contexts = a.entities[first:len(a.entities):len(a.entities)]
}

func (a *Adapter) entity(schema string, data []byte) {
	if data != nil {
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: schema, Data: data})
	}
}

// read reads a resource or a scope, with the URL of its conventions.
func (o *origin) read(a *Adapter, value, conventions []byte) {
	m := &a.record
	m.rest = m.rest[:0]
	*o = origin{}
	switch {
	case len(value) == 0 || value[0] == 'n':
	case value[0] != '{':
		o.misread = envelope.View(value)
	default:
		a.inner.Reset(value, a.doc.Limits.Depth)
		var key scan.Text
		for a.inner.Object(); a.inner.Member(&key); {
			if key.Is("attributes") {
				a.out, a.inner = appendAttributes(a.out[:0], a.inner)
				var object []byte
				object, o.misread = a.attributes()
				m.leave("attributes", object)
			} else if value := a.inner.Skip(); !isDefault(value) {
				m.leave(envelope.View(key.Raw), value)
			}
		}
	}
	if len(conventions) > len(`""`) && conventions[0] == '"' {
		m.leave("schemaUrl", conventions)
	}
	if len(m.rest) > 0 {
		o.data = a.doc.Members(m.rest)
	}
}
