package cloudevents

import (
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// structured reads a CloudEvent in the JSON event format. A member that is null
// is absent (JSON event format, section 2.2).
func (a *Adapter) structured(dst []envelope.Event) []envelope.Event {
	s := &a.doc.Scanner
	if s.Kind() != scan.Object {
		whole := s.Skip()
		if s.Code() != scan.OK {
			return dst
		}
		return a.doc.Reject(dst, whole, envelope.Violation{Keyword: "type", Message: "a CloudEvent must be a JSON object"})
	}
	a.event = event{attributes: append(a.scratch[:0], '{')}
	var key scan.Text
	for s.Object(); s.Member(&key); {
		kind := s.Kind()
		switch {
		case kind == scan.Null:
			s.Skip()
		case key.Is("data"):
			a.event.data = s.Skip()
		case key.Is("data_base64") && kind == scan.String:
			a.event.dataBase64 = s.Skip()
		default:
			a.attribute(key, kind)
		}
	}
	if s.Code() != scan.OK {
		return dst
	}
	a.unpack()
	return a.finish(dst)
}

// attribute reads the attribute that comes next. All of them are kept as they
// were sent; the schema of the entity says what they must be.
func (a *Adapter) attribute(key scan.Text, kind scan.Kind) {
	s := &a.doc.Scanner
	at := *s
	raw := s.Skip()
	b := a.event.attributes
	if len(b) > 1 {
		b = append(b, ',')
	}
	b = append(append(append(b, '"'), key.Raw...), '"', ':')
	a.event.attributes = append(b, raw...)
	var dst *string
	switch {
	case kind != scan.String:
		return
	case key.Is("id"):
		dst = &a.event.id
	case key.Is("source"):
		dst = &a.event.source
	case key.Is("dataschema"):
		dst = &a.event.dataschema
	case key.Is("time"):
		dst = &a.event.time
	default:
		return
	}
	var text scan.Text
	if at.String(&text) {
		*dst = protocol.Text(&a.doc.Arena, text)
	}
}

// unpack takes data that is JSON out of its base64.
func (a *Adapter) unpack() {
	e := &a.event
	if e.dataBase64 == nil || e.data != nil {
		return
	}
	data := protocol.DecodeBase64(&a.doc.Arena, envelope.View(e.dataBase64[1:len(e.dataBase64)-1]))
	a.inner.Reset(data, a.doc.Limits.Depth)
	if whole := a.inner.Skip(); whole != nil && a.inner.End() {
		e.data = whole
	}
}
