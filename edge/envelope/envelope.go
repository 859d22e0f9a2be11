// Package envelope is the contract between edge and host: the canonical event,
// the verdict on it, and the batch in which events travel.
//
// An envelope is one JSON object on one line. Its members are the canonical
// column names of the Snowplow event model in the order of [Field], typed,
// nulls left out:
//
//   - timestamps are RFC 3339 in UTC with milliseconds, "2026-11-20T23:03:24.123Z"
//   - integers and booleans are JSON integers and booleans
//   - decimals are JSON numbers holding the digits the tracker sent
//   - unstruct_event is {"schema":"iglu:…","data":…}
//   - contexts is an array of {"schema":"iglu:…","data":…}, in the order sent
//
// What weir itself has to say stands under the last member, "weir":
//
//	"weir": {
//	  "version":    1,                      // of this format
//	  "protocol":   "snowplow",             // the adapter's name
//	  "verdict":    "good",                 // good | failed | unresolved
//	  "batch":      "0193…",                // batch id, a UUIDv7
//	  "index":      0,                      // place in the batch
//	  "bundle":     "9f86d081884c7d65",     // hash of the schemas that judged it
//	  "violations": [{"schema","path","keyword","message"}…], // at most MaxViolations of them …
//	  "violations_more": 3,                  // … and how many more there were
//	  "receipts":   [{"rule","field","action"}…],
//	  "bot":        true,                    // two signs at least say that a machine sent it
//	  "signs":      {"user_agent":"crawler","score":2,"verified":true,"signature":true,"headers":true,"network":true},
//	  "edge":       {"country","region"…},  // as the privacy rules left it
//	  "rejected":   {"res":"abc"},          // parameters that could not become a column
//	  "payload":    "…",                    // the request body, when no event could be read from it
//	  "rejudged":   "2026-11-20T23:…Z"      // when the host judged a failed event again, and found it good
//	}
//
// A violation's path is a JSON pointer into the envelope
// ("/unstruct_event/data/price", "/contexts/1/data/id", "/page_url"). Two kinds
// point into the request body instead: those of a wire format's own schema, as
// of Snowplow's payload_data ("/data/0/foo"), and those of rules that no schema
// holds, whose schema is "" (keywords size_violation, contentEncoding, path, trap).
//
// event_id, collector_tstamp and weir are in every envelope.
//
// A batch is newline-delimited JSON (application/x-ndjson): a [Header] line
// followed by Header.Events envelope lines. Several batches may be
// concatenated in one body; each starts with its own header line.
package envelope

// Version is the version of the envelope and batch format.
const Version = 1

// Ack says when the tracker may be told that its events are safe.
type Ack uint8

const (
	// AckStored answers after the host has synced the batch to its journal.
	AckStored Ack = iota
	// AckDelivered answers after every required sink has confirmed.
	AckDelivered
	// AckQueued answers after the CDN's own queue has taken the batch.
	AckQueued
	// AckFast answers first and forwards afterwards: a crash loses the batch.
	AckFast
)

var ackNames = [...]string{"stored", "delivered", "queued", "fast"}

// String returns the name of the mode as configuration and batch headers spell it.
func (a Ack) String() string {
	if int(a) < len(ackNames) {
		return ackNames[a]
	}
	return "unknown"
}

// ParseAck returns the mode of that name.
func ParseAck(name string) (Ack, bool) {
	for a := range ackNames {
		if ackNames[a] == name {
			return Ack(a), true
		}
	}
	return 0, false
}

// Verdict is the judgement of an event.
type Verdict uint8

const (
	// Good events satisfy every schema they name.
	Good Verdict = iota
	// Failed events broke a rule; their violations say which.
	Failed
	// Unresolved events name a schema that the edge does not hold: the host judges them.
	Unresolved
)

var verdictNames = [...]string{"good", "failed", "unresolved"}

// String returns the name of the verdict as envelopes spell it.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "unknown"
}

// Location is where the CDN believes the client to be. Empty means unknown.
type Location struct {
	Country   string // ISO 3166-1 alpha-2
	Region    string // ISO 3166-2 subdivision code without the country
	City      string
	Continent string // two letters
	Timezone  string // IANA name
	Latitude  string // decimal degrees
	Longitude string
	ASN       string // decimal
	ASOrg     string
	Colo      string // the point of presence that took the request
}
