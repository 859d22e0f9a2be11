package snowplow

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// Redirect is the path of links that lead through the collector. The parameter
// u of the query string says where to; the others are those of a GET.
const Redirect = "/r/tp2"

const (
	redirectTarget  = "u"
	redirectTracker = "r-tp2" // for v_tracker, as the official pipeline has it
	redirectSchema  = "iglu:com.snowplowanalytics.snowplow/uri_redirect/jsonschema/1-0-0"
)

func isRedirect(r *protocol.Request) bool { return strings.TrimSuffix(r.Path, "/") == Redirect }

// decodeRedirect reads the event of a redirect: the URL is the self-describing
// event if the query names no type of event, else the first entity.
func (a *Adapter) decodeRedirect(dst []envelope.Event, r *protocol.Request) []envelope.Event {
	dst, e := envelope.Next(dst)
	a.begin()
	target, named := a.last(redirectTarget)
	_, typed := a.lastOf(paramE)
	a.override(e, paramTv, redirectTracker)
	if _, ok := a.lastOf(paramP); !ok {
		a.put(paramP, "web")
	}
	first := len(a.entities)
	switch {
	case !named:
	case typed:
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: redirectSchema, Data: a.redirectData("", target, "")})
	default:
		a.override(e, paramE, "ue")
		a.override(e, paramUePx, "")
		event := a.redirectData(`{"schema":"`+unstructSchema+`","data":{"schema":"`+redirectSchema+`","data":`, target, `}}`)
		a.override(e, paramUePr, envelope.View(event))
	}
	a.finish(e, r)
	if named {
		e.Contexts = a.entities[first:len(a.entities):len(a.entities)]
	} else {
		e.Violate(envelope.Violation{Schema: redirectSchema, Path: "/unstruct_event", Keyword: "required", Message: "a redirect must have the parameter u"})
	}
	return dst
}

// redirectData returns {"uri":target} between two texts.
func (a *Adapter) redirectData(before, target, after string) []byte {
	const longest = len(`\u0000`) // of a byte
	b := append(a.arena.Bytes(len(before)+longest*len(target)+len(`{"uri":""}`)+len(after)), before...)
	b = append(envelope.AppendString(append(b, `{"uri":`...), target), '}')
	return a.arena.Keep(append(b, after...))
}

// last returns the value of a parameter of the query that the protocol does not know.
func (a *Adapter) last(name string) (value string, ok bool) {
	for i := range a.query {
		if a.query[i].id < 0 && a.query[i].name == name {
			value, ok = a.query[i].value, true
		}
	}
	return value, ok
}

// lastOf returns the value of a parameter of the query.
func (a *Adapter) lastOf(id int) (value string, ok bool) {
	for i := range a.query {
		if a.query[i].id == id {
			value, ok = a.query[i].value, true
		}
	}
	return value, ok
}

// override sets a parameter whatever the query says, or takes it out of the
// query if the value is empty. What the query said is kept among the rejected.
func (a *Adapter) override(e *envelope.Event, id int, value string) {
	kept := a.query[:0]
	for _, q := range a.query {
		if q.id == id {
			e.Reject(q.name, q.value)
			continue
		}
		kept = append(kept, q)
	}
	if a.query = kept; value != "" {
		a.put(id, value)
	}
}
