package selfdescribing

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// layout is a [protocol.Document] and what is said of documents that are none.
type layout struct {
	protocol.Document
	noSchema, noData, noContexts string
}

// ReadDocuments implements [protocol.DocumentReader].
func (a *Adapter) ReadDocuments(documents []protocol.Document) {
	for _, d := range documents {
		a.layouts = append(a.layouts, layout{
			Document:   d,
			noSchema:   "must have the key of its schema, a string, once at " + strings.Join(d.Schema, "."),
			noData:     "must have data, once at " + strings.Join(d.Data, "."),
			noContexts: "must have contexts no more than once at " + strings.Join(d.Contexts, "."),
		})
	}
}

// layoutOf returns the layout of the documents that are sent to a path, or nil.
func (a *Adapter) layoutOf(r *protocol.Request) *layout {
	for i := range a.layouts {
		if l := &a.layouts[i]; l.Path == r.Path {
			return l
		}
	}
	return nil
}

// laidOut reads one document of a layout.
func (a *Adapter) laidOut(dst []envelope.Event, l *layout) []envelope.Event {
	whole := a.doc.Skip()
	if a.doc.Code() != scan.OK {
		return dst
	}
	key, ok := a.find(whole, l.Schema)
	if !ok || key == nil || key[0] != '"' {
		return a.malformed(dst, whole, "required", l.noSchema)
	}
	data, ok := a.find(whole, l.Data)
	if !ok || data == nil {
		return a.malformed(dst, whole, "required", l.noData)
	}
	first := len(a.entities)
	if len(l.Contexts) > 0 {
		contexts, ok := a.find(whole, l.Contexts)
		if !ok {
			return a.malformed(dst, whole, "duplicateKey", l.noContexts)
		}
		if contexts != nil {
			a.inner.Reset(contexts, a.doc.Limits.Depth)
			if fault := a.readEntities(&a.inner); fault != "" {
				a.entities = a.entities[:first]
				return a.malformed(dst, whole, "required", fault)
			}
		}
	}
	dst = a.doc.Append(dst, a.doc.Text(key), data)
	dst[len(dst)-1].Contexts = a.entities[first:len(a.entities):len(a.entities)]
	return dst
}

// find returns the value at a path of member names, doc itself for none, and nil
// if there is no such value. It returns false if a name on the way occurs twice.
func (a *Adapter) find(doc []byte, path []string) (value []byte, ok bool) {
	s := &a.inner
	for _, name := range path {
		if doc[0] != '{' {
			return nil, true
		}
		var key scan.Text
		var found []byte
		s.Reset(doc, a.doc.Limits.Depth)
		for s.Object(); s.Member(&key); {
			v := s.Skip()
			if !key.Is(name) {
				continue
			}
			if found != nil {
				return nil, false
			}
			found = v
		}
		if doc = found; doc == nil {
			return nil, true
		}
	}
	return doc, true
}
