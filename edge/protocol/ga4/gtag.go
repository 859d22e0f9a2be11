package ga4

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
)

// hits reads the events of a request of gtag's: one of the URL, or one for each
// line of the body.
func (a *Adapter) hits(dst []envelope.Event, r *protocol.Request) []envelope.Event {
	if len(r.Query) > document.MaxShared {
		a.doc.Fail("", "maxLength", "the query string must take no more than 32768 bytes")
		return dst
	}
	var keyword, message string
	if a.common, keyword, message = a.doc.Pairs(a.common[:0], r.Query, document.IsParameter); message != "" {
		a.doc.Fail("", keyword, message)
		return dst
	}
	body := envelope.View(r.Body)
	if strings.TrimSpace(body) == "" {
		a.own = a.own[:0]
		return a.makeHit(dst)
	}
	lines := 0
	for at := 0; at < len(body); {
		line, _, _ := strings.Cut(body[at:], "\n")
		start := at
		at += len(line) + 1
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			continue
		}
		a.doc.At(start)
		if lines++; lines > a.doc.Limits.Events {
			a.doc.FailEvents()
			return dst
		}
		if a.own, keyword, message = a.doc.Pairs(a.own[:0], line, document.IsParameter); message != "" {
			dst = a.doc.Reject(dst, envelope.ViewBytes(line), envelope.Violation{Keyword: keyword, Message: message})
			continue
		}
		dst = a.makeHit(dst)
	}
	return dst
}

// makeHit makes an event of the parameters of the URL and those of its line, which go before them.
func (a *Adapter) makeHit(dst []envelope.Event) []envelope.Event {
	a.merge()
	a.params, a.hit = a.params[:0], a.hit[:0]
	name := ""
	for _, p := range a.merged {
		switch {
		case p.Name == "en":
			name = p.Value
		case strings.HasPrefix(p.Name, "ep."):
			a.params = document.AppendMember(a.params, p.Name[len("ep."):], p.Value, false)
		case strings.HasPrefix(p.Name, "epn."):
			a.params = document.AppendMember(a.params, p.Name[len("epn."):], p.Value, document.IsNumber(p.Value))
		case columnOf(p.Name) == nil:
			a.hit = document.AppendMember(a.hit, p.Name, p.Value, false)
		}
	}
	data := append(a.doc.Arena.Bytes(6*len(name)+len(a.params)+len(`{"name":"","params":{}}`)), `{"name":`...)
	data = append(envelope.AppendString(data, name), `,"params":{`...)
	data = a.doc.Arena.Keep(append(append(data, a.params...), `}}`...))
	dst = a.doc.Make(dst, EventSchema, data)
	e := &dst[len(dst)-1]
	if e.Get(envelope.Platform) == "srv" {
		e.Set(envelope.Platform, "web")
	}
	for i := range a.merged {
		if c := columnOf(a.merged[i].Name); c != nil {
			c.set(a, e, &a.merged[i])
		}
	}
	if len(a.hit) > 0 {
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: HitSchema, Data: a.doc.Members(a.hit)})
		e.Contexts = a.entities[len(a.entities)-1 : len(a.entities) : len(a.entities)]
	}
	return dst
}

// merge puts together the parameters of the line, and those of the URL that the line has not.
func (a *Adapter) merge() {
	a.merged = a.merged[:0]
	for _, p := range a.common {
		if !has(a.own, p.Name) {
			a.merged = append(a.merged, p)
		}
	}
	a.merged = append(a.merged, a.own...)
}

func has(list []envelope.Parameter, name string) bool {
	for i := range list {
		if list[i].Name == name {
			return true
		}
	}
	return false
}

// hitColumn is a parameter of gtag's that means the same as a column.
type hitColumn struct {
	name  string
	field envelope.Field
}

var hitColumns = [...]hitColumn{
	{"tid", envelope.AppID},
	{"cid", envelope.DomainUserID},
	{"uid", envelope.UserID},
	{"dl", envelope.PageURL},
	{"dr", envelope.PageReferrer},
	{"dt", envelope.PageTitle},
	{"ul", envelope.BrLang},
	{"sr", envelope.DvceScreenWidth}, // and the height
	{"sct", envelope.DomainSessionIdx},
	{"_uip", envelope.UserIPAddress},
}

func columnOf(name string) *hitColumn {
	for i := range hitColumns {
		if hitColumns[i].name == name {
			return &hitColumns[i]
		}
	}
	return nil
}

func (c *hitColumn) set(a *Adapter, e *envelope.Event, p *envelope.Parameter) {
	switch c.field {
	case envelope.AppID:
		a.doc.App(e, p.Name, p.Value, true)
	case envelope.DvceScreenWidth:
		a.doc.SetSize(e, c.field, p.Name, p.Value)
	case envelope.DomainSessionIdx:
		if n, ok := document.ParseInt32(p.Value); ok {
			e.SetInt(c.field, n)
		} else if p.Value != "" {
			e.Misfit(c.field, "type", "must be a decimal integer of 32 bits", p.Name, p.Value)
		}
	default:
		e.Fill(&a.doc.Arena, c.field, p.Name, p.Value)
	}
}
