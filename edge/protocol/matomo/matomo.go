// Package matomo is the adapter for Matomo's tracking API: GET and POST of
// parameters to /matomo.php or /piwik.php, in the query string, a form, or both,
// and POST of {"requests":["?idsite=1&…",…]}. To serve another path, such as
// /matomo/matomo.php, map it by the setting paths.
//
// A request is a page view unless it says otherwise: e_c and e_a make it a
// structured event, ping a page ping, and these a self-describing one, its data
// the parameters that it has:
//
//	idgoal=0         iglu:org.matomo/ecommerce/jsonschema/1-0-0, an order or a cart
//	idgoal           iglu:org.matomo/goal/jsonschema/1-0-0
//	c_n              iglu:org.matomo/content/jsonschema/1-0-0
//	search           iglu:org.matomo/search/jsonschema/1-0-0
//	link, download   iglu:org.matomo/link/jsonschema/1-0-0
//
// What has a canonical column goes there and nowhere else: idsite is app_id, or
// names it by the setting apps, _id and cid, which goes before it, are
// domain_userid, uid is user_id, url page_url, cdt true_tstamp, and so on.
// Parameters that have no other place, such as custom dimensions, are the entity
// iglu:org.matomo/hit/jsonschema/1-0-0, as strings.
//
// A token_auth is neither checked nor stored, and so everybody may say cip and
// cdt, as with any other tracker.
package matomo

import (
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// Adapter decodes requests of Matomo's trackers. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	entities []envelope.SelfDescribing
	inner    scan.Scanner

	pairs []envelope.Parameter // of a request
	data  []byte               // members of an object
	hit   []byte
	sent  []byte // what a fingerprint is made of

	bulk, silent     bool // how the request is to be answered
	tracked, invalid int  // requests of a bulk
	report           []byte
}

// New returns an adapter with the default limits.
func New() *Adapter {
	return &Adapter{doc: document.Reader{Name: "matomo", Limits: document.Default, Secrets: []string{tokenAuth}}}
}

const tokenAuth = "token_auth"

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// NameApps implements [protocol.AppNamer].
func (a *Adapter) NameApps(apps []protocol.App) { a.doc.Apps = apps }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	return (r.Path == "/matomo.php" || r.Path == "/piwik.php") && (r.Method == "GET" || r.Method == "POST" || r.Method == "HEAD")
}

// Answer implements [protocol.Answerer]: an image, until it is known that
// something else was asked for. No visitor is told apart by the answer's cookie:
// Matomo's trackers have an id of their own.
func (a *Adapter) Answer(*protocol.Request) protocol.Answer {
	a.bulk, a.silent = false, false
	answer := protocol.Pixel
	answer.Identify = false
	return answer
}

// Report implements [protocol.Reporter]: a bulk is told how many of its requests
// were read, and send_image=0 asks for no image.
func (a *Adapter) Report(answer *protocol.Answer, _ *protocol.Request, _ []envelope.Event) {
	switch {
	case a.bulk:
		b := strconv.AppendInt(append(a.report[:0], `{"status":"success","tracked":`...), int64(a.tracked), 10)
		b = strconv.AppendInt(append(b, `,"invalid":`...), int64(a.invalid), 10)
		a.report = append(b, '}')
		answer.ContentType, answer.Body = "application/json", a.report
	case a.silent:
		*answer = protocol.Answer{Status: 204}
	}
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	body := strings.TrimSpace(envelope.View(r.Body))
	if a.bulk = strings.HasPrefix(body, "{"); a.bulk {
		dst = a.requests(dst)
		return dst, a.doc.Err()
	}
	// A parameter of the query string goes before one of the form, as in Matomo.
	var keyword, message string
	if a.pairs, keyword, message = a.doc.Pairs(a.pairs[:0], body, document.IsParameter); message == "" {
		a.pairs, keyword, message = a.doc.Pairs(a.pairs, r.Query, document.IsParameter)
	}
	if message != "" {
		a.doc.Fail("", keyword, message)
		return dst, a.doc.Err()
	}
	a.silent = a.get("send_image") == "0"
	return a.event(dst), nil
}

// requests reads a bulk. Where its grammar is broken the requests before that
// place are read nevertheless.
func (a *Adapter) requests(dst []envelope.Event) []envelope.Event {
	a.tracked, a.invalid = 0, 0
	s := a.doc.Scanner
	var list scan.Scanner
	found := false
	var key scan.Text
	for s.Object(); s.Member(&key); {
		if key.Is("requests") && s.Kind() == scan.Array {
			list, found = s, true
		}
		s.Skip()
	}
	complete := s.End()
	switch {
	case found:
		for a.doc.Within(list); a.doc.Next(); {
			dst = a.request(dst)
		}
	case complete:
		a.doc.Fail("", "required", "the body must have the member requests, an array of query strings")
	}
	if !complete && a.doc.Err() == nil {
		a.doc.Scanner = s
		a.doc.Next() // comes upon the fault
	}
	if a.doc.Err() != nil {
		a.invalid++
	}
	return dst
}

// request reads the request of a bulk that comes next: a query string, an URL
// that has one, or an object of its parameters.
func (a *Adapter) request(dst []envelope.Event) []envelope.Event {
	whole := a.doc.Skip()
	if a.doc.Code() != scan.OK {
		return dst
	}
	keyword, message := "type", "a request must be a query string"
	switch whole[0] {
	case '"':
		text := a.doc.Text(whole)
		if i := strings.IndexByte(text, '?'); i >= 0 {
			text = text[i+1:]
		}
		a.pairs, keyword, message = a.doc.Pairs(a.pairs[:0], text, document.IsParameter)
	case '{':
		a.members(whole)
		keyword, message = "", ""
	}
	if message != "" {
		a.invalid++
		return a.doc.Reject(dst, whole, envelope.Violation{Keyword: keyword, Message: message})
	}
	a.tracked++
	return a.event(dst)
}

// members reads the parameters of a request that is an object.
func (a *Adapter) members(whole []byte) {
	a.pairs = a.pairs[:0]
	a.inner.Reset(whole, a.doc.Limits.Depth)
	var key scan.Text
	for a.inner.Object(); a.inner.Member(&key); {
		name := protocol.Text(&a.doc.Arena, key)
		if value := a.inner.Skip(); value[0] != 'n' && !document.IsParameter(name) {
			a.set(name, a.doc.Text(value))
		}
	}
}

// set sets a parameter, of which the last value counts.
func (a *Adapter) set(name, value string) {
	for i := range a.pairs {
		if a.pairs[i].Name == name {
			a.pairs[i].Value = value
			return
		}
	}
	a.pairs = append(a.pairs, envelope.Parameter{Name: name, Value: value})
}

// get returns a parameter of the request, "" if it has none.
func (a *Adapter) get(name string) string {
	for i := range a.pairs {
		if a.pairs[i].Name == name {
			return a.pairs[i].Value
		}
	}
	return ""
}
