// Package ga4 is the adapter for Google Analytics 4, as servers and browsers
// speak it:
//
//   - the Measurement Protocol, POST of {"client_id":…,"events":[…]} to /mp/collect
//     with measurement_id (or firebase_app_id) in the query string. At
//     /debug/mp/collect the answer lists what is wrong, and nothing is stored.
//   - gtag's own requests to /g/collect: an event is a query string, that of the
//     URL, or each line of the body, which the URL's parameters are common to.
//
// An event becomes iglu:com.google.analytics/ga4_event/jsonschema/1-0-0, its name
// and its parameters. What has a canonical column goes there and nowhere else:
// client_id is domain_userid, user_id user_id, page_location page_url, and so on;
// measurement_id, which is public, is the app_id, or names it by the setting apps.
// What all events of a request have in common is the entity
// iglu:com.google.analytics/ga4_client/jsonschema/1-0-0 of the Measurement
// Protocol; of gtag's events the parameters that have no other place are
// iglu:com.google.analytics/ga4_hit/jsonschema/1-0-0, as strings.
//
// An api_secret is neither checked nor stored.
package ga4

import (
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
)

// The schemas of events and entities.
const (
	EventSchema  = "iglu:com.google.analytics/ga4_event/jsonschema/1-0-0"
	ClientSchema = "iglu:com.google.analytics/ga4_client/jsonschema/1-0-0"
	HitSchema    = "iglu:com.google.analytics/ga4_hit/jsonschema/1-0-0"
)

const (
	measurement = "/mp/collect"
	debug       = "/debug/mp/collect"
	gtag        = "/g/collect"
)

// Adapter decodes requests of Google Analytics 4. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	entities []envelope.SelfDescribing
	client   []byte // what the Measurement Protocol says of the client, an object
	scratch  envelope.Event

	common, own, merged []envelope.Parameter // of gtag's URL, of a line, of both
	params, hit         []byte               // members of objects
	report              []byte
}

// New returns an adapter with the default limits.
func New() *Adapter {
	return &Adapter{doc: document.Reader{Name: "ga4", Limits: document.Default, Secrets: []string{"api_secret"}}}
}

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// NameApps implements [protocol.AppNamer].
func (a *Adapter) NameApps(apps []protocol.App) { a.doc.Apps = apps }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	switch strings.TrimSuffix(r.Path, "/") {
	case measurement, debug:
		return r.Method == "POST"
	case gtag:
		return r.Method == "POST" || r.Method == "GET"
	}
	return false
}

// Answer implements [protocol.Answerer]: 204 to whatever was sent.
func (a *Adapter) Answer(r *protocol.Request) protocol.Answer {
	if isDebug(r) {
		return protocol.Answer{ContentType: "application/json", Dry: true}
	}
	return protocol.Answer{Status: 204}
}

func isDebug(r *protocol.Request) bool { return strings.TrimSuffix(r.Path, "/") == debug }

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	if strings.TrimSuffix(r.Path, "/") == gtag {
		dst = a.hits(dst, r)
	} else {
		dst = a.measured(dst)
	}
	return dst, a.doc.Err()
}

// Report implements [protocol.Reporter]: what is wrong with the events of a
// request to /debug/mp/collect.
func (a *Adapter) Report(answer *protocol.Answer, r *protocol.Request, events []envelope.Event) {
	if !isDebug(r) {
		return
	}
	b := append(a.report[:0], `{"validationMessages":[`...)
	first := len(b)
	for i := range events {
		for _, v := range events[i].Violations {
			if len(b) > first {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"fieldPath":"events[`...), int64(i), 10)
			b = append(b, `]",`...)
			b = append(b, `"description":`...)
			b = envelope.AppendString(b, a.describe(&v))
			b = append(append(append(b, `,"validationCode":"`...), code(v.Keyword)...), `"}`...)
		}
	}
	a.report = append(b, `]}`...)
	answer.Body = a.report
}

// describe says where an event is wrong, and what was expected.
func (a *Adapter) describe(v *envelope.Violation) string {
	path := strings.TrimPrefix(v.Path, "/unstruct_event/data")
	b := append(a.doc.Arena.Bytes(len(path)+len(v.Message)+2), path...)
	if path != "" {
		b = append(b, ": "...)
	}
	return a.doc.Arena.KeepString(append(b, v.Message...))
}

// code is what Google calls a violation.
func code(keyword string) string {
	switch keyword {
	case "required":
		return "VALUE_REQUIRED"
	case "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems":
		return "VALUE_OUT_OF_BOUNDS"
	case "duplicateKey":
		return "NAME_DUPLICATED"
	case "additionalProperties":
		return "NAME_INVALID"
	}
	return "VALUE_INVALID"
}
