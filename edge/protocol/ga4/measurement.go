package ga4

import (
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

var clientColumns = []document.Column{
	{Name: "events", Out: true},
	{Name: "timestamp_micros", Out: true},
	{Name: "client_id", Field: envelope.DomainUserID},
	{Name: "app_instance_id", Field: envelope.DomainUserID},
	{Name: "user_id", Field: envelope.UserID},
	{Name: "user_agent", Field: envelope.UserAgent},
	{Name: "ip_override", Field: envelope.UserIPAddress},
	{Name: "device", Within: []document.Column{{Name: "language", Field: envelope.BrLang}}},
}

var eventColumns = []document.Column{
	{Name: "timestamp_micros", Out: true},
	{Name: "params", Within: []document.Column{
		{Name: "page_location", Field: envelope.PageURL},
		{Name: "page_referrer", Field: envelope.PageReferrer},
		{Name: "page_title", Field: envelope.PageTitle},
		{Name: "language", Field: envelope.BrLang},
	}},
}

// measured reads a body of the Measurement Protocol. One whose grammar is broken
// says too little of whom its events are about: it fails as a whole.
func (a *Adapter) measured(dst []envelope.Event) []envelope.Event {
	s := a.doc.Scanner
	a.client = s.Skip()
	if !s.End() {
		keyword, message := protocol.Syntax(s.Code())
		a.doc.Fail("", keyword, message)
		return dst
	}
	if a.client[0] != '{' {
		a.doc.Fail("", "type", "the body must be an object with client_id and events")
		return dst
	}
	var events scan.Scanner
	var key scan.Text
	found := false
	var micros []byte
	s = a.doc.Scanner
	for s.Object(); s.Member(&key); {
		if key.Is("events") && s.Kind() == scan.Array {
			events, found = s, true
		}
		if value := s.Skip(); key.Is("timestamp_micros") {
			micros = value
		}
	}
	a.scratch.Reset()
	rest := a.doc.Lift(&a.scratch, a.client, clientColumns)
	switch {
	case !found:
		a.doc.Fail("", "required", "the body must have the member events, an array")
		return dst
	case len(rest) > document.MaxShared:
		a.doc.Fail("", "maxLength", "the body must take no more than 32768 bytes besides its events")
		return dst
	}
	for a.doc.Within(events); a.doc.Next(); {
		dst = a.event(dst, rest, micros)
	}
	return dst
}

// event reads one event of the Measurement Protocol.
func (a *Adapter) event(dst []envelope.Event, client, micros []byte) []envelope.Event {
	whole := a.doc.Skip()
	if whole[0] != '{' {
		return a.doc.Reject(dst, whole, envelope.Violation{Keyword: "type", Message: "an event must be an object with name and params"})
	}
	dst = a.doc.Make(dst, EventSchema, whole)
	e := &dst[len(dst)-1]
	a.app(e)
	a.doc.Take(e, a.client, clientColumns)
	if e.Unstruct.Data = a.doc.Lift(e, whole, eventColumns); e.Unstruct.Data == nil {
		e.Unstruct.Data = nothing
	}
	if own := a.doc.Find(whole, "timestamp_micros"); own != nil {
		micros = own
	}
	if ms, ok := millis(a.doc.Text(micros)); ok {
		e.SetInt(envelope.TrueTstamp, ms)
	} else if len(micros) > 0 && micros[0] != 'n' {
		e.Misfit(envelope.TrueTstamp, "format", "must be microseconds since the Unix epoch", "timestamp_micros", a.doc.Text(micros))
	}
	if client != nil {
		a.entities = append(a.entities, envelope.SelfDescribing{Schema: ClientSchema, Data: client})
		e.Contexts = a.entities[len(a.entities)-1 : len(a.entities) : len(a.entities)]
	}
	if !e.Has(envelope.DomainUserID) {
		e.Violate(envelope.Violation{Schema: EventSchema, Path: "/domain_userid", Keyword: "required", Message: "the request must have client_id or app_instance_id"})
	}
	return dst
}

var nothing = []byte("{}")

// app names the app after what the query string says.
func (a *Adapter) app(e *envelope.Event) {
	for _, name := range [...]string{"measurement_id", "firebase_app_id"} {
		if id, ok := a.doc.Parameter(name); ok {
			a.doc.App(e, name, id, true)
			return
		}
	}
}

// millis reads microseconds since the Unix epoch and returns milliseconds.
func millis(s string) (int64, bool) {
	if len(s) < 4 || len(s) > 17 {
		return 0, false
	}
	n := int64(0)
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n / 1000, n/1000 <= envelope.MaxTime
}
