// Package snowplow is the adapter for the Snowplow tracker protocol, as
// trackers speak it over HTTP: POST of payload_data to
// /com.snowplowanalytics.snowplow/tp2, and GET of one event in the query string
// there, at /com.snowplowanalytics.snowplow/tp1, /i or /ice.png. Links through the
// collector lead to /r/tp2: a GET or a POST of which the query string alone counts.
//
// Where the official pipeline leaves a choice or fails a whole request, the
// rules are these:
//
//   - Each event of a POST is judged for itself against the payload_data version
//     that the body names: an unknown name or a value that is not a string fails
//     that event alone. [protocol.Limits.Strict] fails the whole body, as Enrich does.
//   - A payload_data 1-0-N beyond 1-0-4 is read as 1-0-4.
//   - The query string of a POST is merged into every event and wins. Names the
//     protocol does not know are ignored there, as in a GET.
//   - A name that occurs twice in a query string counts with its last value. In a
//     JSON object it is a violation, since readers disagree on which one counts.
//   - Plain JSON (ue_pr, co) beats base64 (ue_px, cx) where both are sent; the
//     other is kept among the rejected parameters.
//   - In ue_px and cx '+' means itself even in a query string, where senders
//     often forget to encode it.
//   - A query parameter nuid that is not a UUID is set aside: the cookie counts.
//
// Columns that follow from others (URL parts, derived_tstamp) are the
// collector's business, as they must follow the privacy rules too.
package snowplow

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// Paths of the protocol.
const (
	TP2 = "/com.snowplowanalytics.snowplow/tp2"
	TP1 = "/com.snowplowanalytics.snowplow/tp1"
)

// Adapter decodes the Snowplow tracker protocol. Make one with [New]; it is not
// safe for concurrent use.
type Adapter struct {
	limits protocol.Limits
	arena  envelope.Arena
	body   scan.Scanner
	inner  scan.Scanner // of ue_pr and co

	// The parameters of the event being read.
	values [len(parameters)]string
	seen   [(len(parameters) + 63) / 64]uint64
	extra  []envelope.Parameter // unknown names, sorted
	// The event broke a rule of payload_data.
	malformed bool

	// The entities of all events of the request: were each event to keep memory
	// for as many as it ever had, that would never end.
	entities []envelope.SelfDescribing

	query []queryParameter
	fault protocol.Fault
	sum   []byte // what the fingerprint is taken of
}

type queryParameter struct {
	id          int // in parameters, -1 for an unknown name
	name, value string
}

// New returns an adapter with the default limits: 1000 events, 500 entities of each, 50 levels of JSON.
func New() *Adapter {
	return &Adapter{limits: protocol.Limits{Events: 1000, Entities: 500, Depth: 50}}
}

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return "snowplow" }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.limits = l }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	path := strings.TrimSuffix(r.Path, "/")
	switch r.Method {
	case "POST":
		return path == TP2 || path == Redirect
	case "GET", "HEAD":
		return path == TP2 || path == TP1 || path == "/i" || path == "/ice.png" || path == Redirect
	}
	return false
}

// The answer of the official collector to a POST: Firefox logs an error for an empty body.
var ok = []byte("ok")

// Answer implements [protocol.Answerer].
func (a *Adapter) Answer(r *protocol.Request) protocol.Answer {
	switch {
	case isRedirect(r):
		return protocol.Answer{Identify: true, Redirect: redirectTarget}
	case r.Method == "POST":
		return protocol.Answer{ContentType: "text/plain", Body: ok, Identify: true}
	}
	return protocol.Pixel
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.arena.Reset()
	a.entities = a.entities[:0]
	query := a.readQuery(r.Query)
	contentType := protocol.Single(r.Header("Content-Type"))
	switch {
	case !query:
		return dst, a.faultAt(0, payloadDataLatest, "", "maxProperties", tooMany)
	case isRedirect(r):
		return a.decodeRedirect(dst, r), nil
	case r.Method != "POST":
		return a.decodeQuery(dst, r), nil
	case len(r.Body) == 0 && contentType == "" && len(a.query) > 0:
		return a.decodeQuery(dst, r), nil
	case len(r.Body) == 0:
		return dst, a.faultAt(0, payloadDataLatest, "", "required", "the request must have a body")
	case !isJSON(contentType):
		return dst, a.faultAt(0, payloadDataLatest, "", "contentType", "Content-Type must be application/json; charset=utf-8")
	}
	return a.decodeBody(dst, r)
}

// isJSON reports whether a content type is application/json in UTF-8.
func isJSON(contentType string) bool {
	media, rest, _ := strings.Cut(contentType, ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return false
	}
	rest = strings.TrimSpace(rest)
	name, charset, _ := strings.Cut(rest, "=")
	return rest == "" || strings.EqualFold(name, "charset") && strings.EqualFold(strings.Trim(charset, `"`), "utf-8")
}
