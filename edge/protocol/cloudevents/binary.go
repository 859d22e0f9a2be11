package cloudevents

import (
	"slices"
	"strings"
	"unicode/utf8"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// maxAttributes bounds the attributes of a CloudEvent in headers.
const maxAttributes = 64

// binary reads a CloudEvent whose attributes are headers that begin with ce-,
// and whose data is the body.
func (a *Adapter) binary(dst []envelope.Event, r *protocol.Request, media string) ([]envelope.Event, error) {
	a.attributes = a.attributes[:0]
	for i := range r.Headers {
		name, value := r.Headers[i].Name, r.Headers[i].Value
		if !hasPrefixFold(name, "ce-") {
			continue
		}
		if len(a.attributes) == maxAttributes {
			a.doc.Fail("", "maxProperties", "a CloudEvent must have no more than 64 attributes")
			return dst, a.doc.Err()
		}
		value = protocol.Unescape(&a.doc.Arena, strings.Trim(value, `"`), false)
		if !utf8.ValidString(value) {
			a.doc.Fail("", "syntax", "the attributes of a CloudEvent must be UTF-8, percent-encoded")
			return dst, a.doc.Err()
		}
		a.attributes = append(a.attributes, envelope.Parameter{Name: a.lower(name[len("ce-"):]), Value: value})
	}
	if len(a.attributes) == 0 {
		a.doc.Fail("", "contentType", "a CloudEvent must have headers ce-id, ce-source, ce-specversion and ce-type, or be application/cloudevents+json")
		return dst, a.doc.Err()
	}
	if media != "" {
		a.attributes = append(a.attributes, envelope.Parameter{Name: "datacontenttype", Value: protocol.Single(r.Header("Content-Type"))})
	}
	// Platforms hand headers over in orders of their own.
	slices.SortFunc(a.attributes, func(p, q envelope.Parameter) int { return strings.Compare(p.Name, q.Name) })
	a.event = event{attributes: append(a.scratch[:0], '{')}
	for _, p := range a.attributes {
		a.header(p.Name, p.Value)
	}
	switch {
	case len(r.Body) == 0:
	case isJSON(media):
		if !a.doc.Next() {
			return dst, a.doc.Err()
		}
		a.inner.Reset(r.Body, a.doc.Limits.Depth)
		a.event.data = a.inner.Skip()
		if !a.inner.End() {
			keyword, message := protocol.Syntax(a.inner.Code())
			a.doc.Fail("", keyword, message)
			return dst, a.doc.Err()
		}
	case utf8.Valid(r.Body):
		b := a.doc.Arena.Bytes(6*len(r.Body) + 2)
		a.event.data = a.doc.Arena.Keep(envelope.AppendString(b, envelope.View(r.Body)))
	default:
		a.event.dataBase64 = protocol.EncodeBase64(&a.doc.Arena, r.Body)
	}
	return a.finish(dst), nil
}

// header adds an attribute that a header told.
func (a *Adapter) header(name, value string) {
	b := a.event.attributes
	if len(b) > 1 {
		b = append(b, ',')
	}
	b = append(envelope.AppendString(b, name), ':')
	a.event.attributes = envelope.AppendString(b, value)
	switch name {
	case "id":
		a.event.id = value
	case "source":
		a.event.source = value
	case "dataschema":
		a.event.dataschema = value
	case "time":
		a.event.time = value
	}
}

// lower returns the name of a header in the one case that attributes have.
func (a *Adapter) lower(name string) string {
	b := a.doc.Arena.Bytes(len(name))
	for i := range len(name) {
		c := name[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		b = append(b, c)
	}
	return a.doc.Arena.KeepString(b)
}

// isJSON reports whether a media type is JSON: RFC 8259, or of its family by RFC 6839.
func isJSON(media string) bool {
	i := len(media) - len("json")
	return i > 0 && strings.EqualFold(media[i:], "json") && (media[i-1] == '/' || media[i-1] == '+')
}
