// Package plausible is the adapter for Plausible's events API: POST of
// {"name":…,"url":…,"domain":…} to /api/event. Members may have the short names
// that scripts use (n, u, d, r, p, …), and whatever the content type the body is
// read as JSON: browsers send text/plain, which needs no preflight.
//
// An event named pageview is a page view: page_url, page_referrer and app_id,
// which the domain is, or names by the setting apps. What it has besides, such as
// props, is the entity iglu:io.plausible/pageview/jsonschema/1-0-0. Any other
// event is iglu:io.plausible/event/jsonschema/1-0-0, its name and props, revenue,
// interactive and so on by their long names. Where the name is a schema key
// ("iglu:…"), that is the event's schema and the props are its data; the rest is
// the entity iglu:io.plausible/event/jsonschema/1-0-0.
//
// Plausible knows no visitors, so neither is there an id here. A server that
// passes events on tells their sender's User-Agent; X-Forwarded-For is not
// believed, as anybody can send it.
package plausible

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// The schemas of events and entities.
const (
	EventSchema    = "iglu:io.plausible/event/jsonschema/1-0-0"
	PageviewSchema = "iglu:io.plausible/pageview/jsonschema/1-0-0"
)

const path = "/api/event"

// Adapter decodes Plausible's events. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	entities []envelope.SelfDescribing
	inner    scan.Scanner       // of props in a string
	values   [numMembers][]byte // of an event, JSON; nil for absent and null
	twice    bool               // a member occurs twice
	unread   string             // props that hold no object
	misread  bool               // there are such
	data     []byte             // members of an object
}

// New returns an adapter with the default limits.
func New() *Adapter {
	return &Adapter{doc: document.Reader{Name: "plausible", Limits: document.Default}}
}

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// NameApps implements [protocol.AppNamer].
func (a *Adapter) NameApps(apps []protocol.App) { a.doc.Apps = apps }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	return r.Method == "POST" && strings.TrimSuffix(r.Path, "/") == path
}

var ok = []byte("ok")

// Answer implements [protocol.Answerer]: 202 to whatever was sent.
func (a *Adapter) Answer(*protocol.Request) protocol.Answer {
	return protocol.Answer{Status: 202, ContentType: "text/plain", Body: ok}
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	for a.doc.Next() {
		dst = a.event(dst)
	}
	return dst, a.doc.Err()
}

// event reads the event that comes next.
func (a *Adapter) event(dst []envelope.Event) []envelope.Event {
	start := a.doc.Scanner
	whole := a.doc.Skip()
	if a.doc.Code() != scan.OK {
		return dst
	}
	if whole[0] != '{' {
		return a.doc.Reject(dst, whole, envelope.Violation{Keyword: "type", Message: "an event must be an object with name, url and domain"})
	}
	end := a.doc.Scanner
	a.doc.Scanner = start
	a.read()
	a.doc.Scanner = end

	schema := EventSchema
	called := a.doc.Text(a.values[name])
	entity := ""
	switch _, isKey := protocol.ParseKey(called); {
	case called == "pageview":
		schema, entity = PageviewSchema, PageviewSchema
		a.values[name] = nil
		dst = a.doc.Columns(dst, "page_view", whole)
	case isKey:
		entity = EventSchema
		data := a.values[props]
		if a.values[props] = nil; data == nil {
			data = nothing
		}
		dst = a.doc.Make(dst, called, data)
	default:
		dst = a.doc.Make(dst, EventSchema, whole)
	}
	e := &dst[len(dst)-1]
	a.columns(e, schema)
	a.rest()
	switch {
	case entity == "":
		e.Unstruct.Data = a.doc.Members(a.data)
	case len(a.data) > 0:
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: entity, Data: a.doc.Members(a.data)})
		e.Contexts = a.entities[len(a.entities)-1 : len(a.entities) : len(a.entities)]
	}
	if a.misread {
		e.Violate(envelope.Violation{Schema: schema, Keyword: "type", Message: "props must be an object, or a string that holds one"})
		e.Reject(members[props].long, a.unread)
	}
	if a.twice {
		e.Violate(envelope.Violation{Schema: schema, Keyword: "duplicateKey", Message: "an event must have each of its members once"})
	}
	return dst
}

var nothing = []byte("{}")

// columns fills the columns of an event, and takes what went there from its members.
func (a *Adapter) columns(e *envelope.Event, schema string) {
	if e.Get(envelope.Platform) == "srv" {
		e.Set(envelope.Platform, "web")
	}
	if site := a.values[domain]; site != nil && site[0] == '"' {
		a.doc.App(e, members[domain].long, a.doc.Text(site), true)
		a.values[domain] = nil
	}
	a.take(e, envelope.PageURL, url)
	a.take(e, envelope.PageReferrer, referrer)
	a.take(e, envelope.BrViewWidth, width)
	for _, f := range [...]envelope.Field{envelope.AppID, envelope.PageURL} {
		if !e.Has(f) {
			message := "an event must have domain"
			if f == envelope.PageURL {
				message = "an event must have url"
			}
			e.Violate(envelope.Violation{Schema: schema, Path: f.Path(), Keyword: "required", Message: message})
		}
	}
}

func (a *Adapter) take(e *envelope.Event, f envelope.Field, id member) {
	if value := a.values[id]; value != nil && a.doc.Set(e, f, members[id].long, value) {
		a.values[id] = nil
	}
}

// rest adds the members that went into no column to those that have no meaning here.
func (a *Adapter) rest() {
	for id, value := range a.values {
		if value != nil {
			a.data = document.AppendMember(a.data, members[id].long, envelope.View(value), true)
		}
	}
}
