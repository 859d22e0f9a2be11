package matomo

import (
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// HitSchema is that of the entity of parameters that have no other place.
const HitSchema = "iglu:org.matomo/hit/jsonschema/1-0-0"

// kind is an event that a request can stand for: one with data if it has a
// schema, else one that is all columns.
type kind struct {
	name, schema string
	data         []parameter
}

// parameter is one that is data of an event.
type parameter struct {
	name string
	form form
}

type form uint8

const (
	text   form = iota
	number      // a string if it is none, for the schema to judge
	array       // JSON; what is none is kept apart: no privacy rule could tell what stands in it
)

var (
	pageView   = kind{name: "page_view"}
	pagePing   = kind{name: "page_ping"}
	structured = kind{name: "struct"}
	ecommerce  = kind{schema: "iglu:org.matomo/ecommerce/jsonschema/1-0-0", data: []parameter{
		{"ec_id", text}, {"ec_items", array}, {"revenue", number}, {"ec_st", number}, {"ec_tx", number}, {"ec_sh", number}, {"ec_dt", number},
	}}
	goal    = kind{schema: "iglu:org.matomo/goal/jsonschema/1-0-0", data: []parameter{{"idgoal", number}, {"revenue", number}}}
	content = kind{schema: "iglu:org.matomo/content/jsonschema/1-0-0", data: []parameter{{"c_n", text}, {"c_p", text}, {"c_t", text}, {"c_i", text}}}
	search  = kind{schema: "iglu:org.matomo/search/jsonschema/1-0-0", data: []parameter{{"search", text}, {"search_cat", text}, {"search_count", number}}}
	link    = kind{schema: "iglu:org.matomo/link/jsonschema/1-0-0", data: []parameter{{"link", text}, {"download", text}}}
)

// kind tells what the request stands for.
func (a *Adapter) kind() *kind {
	switch {
	case a.get("ping") == "1":
		return &pagePing
	case a.get("idgoal") == "0":
		return &ecommerce
	case a.get("idgoal") != "":
		return &goal
	case a.get("e_c") != "":
		return &structured
	case a.get("c_n") != "":
		return &content
	case a.get("search") != "":
		return &search
	case a.get("link") != "" || a.get("download") != "":
		return &link
	}
	return &pageView
}

// event makes an event of the parameters that were read.
func (a *Adapter) event(dst []envelope.Event) []envelope.Event {
	k := a.kind()
	a.data, a.hit, a.sent = a.data[:0], a.hit[:0], a.sent[:0]
	for i := range a.pairs {
		a.place(k, &a.pairs[i])
	}
	if k.schema == "" {
		dst = a.doc.Columns(dst, k.name, a.sent)
	} else {
		dst = a.doc.Make(dst, k.schema, a.doc.Members(a.data))
	}
	e := &dst[len(dst)-1]
	if e.Get(envelope.Platform) == "srv" {
		e.Set(envelope.Platform, "web")
	}
	for i := range a.pairs {
		if c := columnOf(a.pairs[i].Name); c != nil && a.pairs[i].Value != "" {
			c.set(a, e, &a.pairs[i])
		}
	}
	if len(a.hit) > 0 {
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: HitSchema, Data: a.doc.Members(a.hit)})
		e.Contexts = a.entities[len(a.entities)-1 : len(a.entities) : len(a.entities)]
	}
	if items := a.get("ec_items"); k == &ecommerce && items != "" && !array.isBare(a, items) {
		e.Violate(envelope.Violation{Schema: k.schema, Path: "/unstruct_event/data/ec_items", Keyword: "type", Message: "must be an array, in JSON"})
		e.Reject("ec_items", items)
	}
	if !e.Has(envelope.AppID) {
		e.Violate(envelope.Violation{Schema: HitSchema, Path: envelope.AppID.Path(), Keyword: "required", Message: "a request must have idsite"})
	}
	if k == &structured && !e.Has(envelope.SeAction) {
		e.Violate(envelope.Violation{Schema: HitSchema, Path: envelope.SeAction.Path(), Keyword: "required", Message: "an event must have e_a besides e_c"})
	}
	return dst
}

// place adds a parameter to the data or the hit, if it is no column, and to
// what a fingerprint is made of.
func (a *Adapter) place(k *kind, p *envelope.Parameter) {
	if p.Value == "" {
		return
	}
	switch p.Name {
	case tokenAuth, "rand", "r", "send_image":
		return
	case "cip": // it could be found by trying
	default:
		a.sent = append(append(append(append(a.sent, p.Name...), protocol.Unit), p.Value...), protocol.Unit)
	}
	for i := range k.data {
		if d := &k.data[i]; d.name == p.Name {
			if bare := d.form.isBare(a, p.Value); bare || d.form != array {
				a.data = document.AppendMember(a.data, p.Name, p.Value, bare)
			}
			return
		}
	}
	if columnOf(p.Name) == nil && !isProtocol(k, p) {
		a.hit = document.AppendMember(a.hit, p.Name, p.Value, false)
	}
}

// isProtocol reports whether a parameter says nothing that the event does not say itself.
func isProtocol(k *kind, p *envelope.Parameter) bool {
	switch p.Name {
	case "rec", "apiv":
		return true
	case "ping":
		return k == &pagePing
	case "idgoal":
		return k == &ecommerce
	case "ca":
		return k != &pageView // it says just that
	}
	return false
}

// isBare reports whether a value can stand in JSON as it is.
func (f form) isBare(a *Adapter, value string) bool {
	switch f {
	case number:
		return document.IsNumber(value)
	case array:
		a.inner.Reset(envelope.ViewBytes(value), a.doc.Limits.Depth)
		return a.inner.Kind() == scan.Array && a.inner.Skip() != nil && a.inner.End()
	}
	return false
}
