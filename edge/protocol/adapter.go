package protocol

import "weir/edge/envelope"

// Answer is what the clients of a wire format expect once their events were taken.
type Answer struct {
	Status       int    // 0 means 200
	ContentType  string // "" for none
	CacheControl string // "" for none
	Body         []byte
	// Identify says that clients of the format are told apart by the network
	// user id: the request's cookie is read and the answer sets it.
	Identify bool
	// Redirect, unless empty, is the parameter of the query string that holds the
	// URL to which the client is to be sent on; none of the above but Identify matters then.
	Redirect string
	// Relayed says that the sender is not whom the events are about: the address,
	// the agent and the place of the request are none of theirs.
	Relayed bool
	// Filtered is how many of the events a policy let nothing be kept of, for [Reporter].
	Filtered int
	// Dry says that the request asks for a verdict alone: nothing is stored.
	Dry bool
	// Frank says that clients of the format may be told that their events are
	// not welcome. Trackers may not: what they are refused they send again for ever.
	Frank bool
}

// Pixel is the answer to an image that a page or a mail asks for: transparent,
// the 43 bytes that the Snowplow collector sends.
var Pixel = Answer{
	ContentType: "image/gif", CacheControl: "no-cache, no-store, must-revalidate",
	Body:     []byte("GIF89a\x01\x00\x01\x00\xf0\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x05\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"),
	Identify: true,
}

// Answerer is an [Adapter] whose clients expect something else than a plain "ok".
type Answerer interface {
	Answer(r *Request) Answer
}

// Reporter is an [Adapter] whose clients are told what became of their events.
// It is asked once they are judged, and completes the answer to the request that
// was decoded last. Events that a policy let nothing be kept of are not among them.
type Reporter interface {
	Report(a *Answer, r *Request, events []envelope.Event)
}

// Limits bound what an adapter reads from one request.
type Limits struct {
	Events   int // events; a request with more of them is a fault after the last that fits
	Entities int // of an event; more of them are a violation
	Depth    int // nesting of JSON
	// Strict asks for the format's official treatment of a request in which one
	// event is malformed, where weir would fail that event alone.
	Strict bool
}

// Limiter is an [Adapter] that can be told its limits, once, before any request.
type Limiter interface {
	Limit(Limits)
}

// App is an entry of the setting apps: the key by which senders of some wire
// format say whose events theirs are (a write key of Segment's, a measurement id
// of Google's, a site of Matomo's), and the app_id that stands for it.
type App struct{ Key, ID string }

// AppNamer is an [Adapter] whose senders have such keys. It is told the apps
// once, before any request.
type AppNamer interface {
	NameApps([]App)
}

// Fault is the error of a request, or of the rest of one, in which no event
// can be read. It becomes a failed event with the violation and the request's
// body from byte From on.
type Fault struct {
	envelope.Violation
	From int
	// Confidential says that a secret of the sender's stands in the request:
	// nothing of it is kept.
	Confidential bool
}

func (f *Fault) Error() string { return f.Message }

// Document is an entry of the setting documents: where self-describing JSON of
// others is posted, and where in it stands what makes an event. The members are
// named from the outside in; what stands beside them is not kept.
type Document struct {
	Path     string   // of the request, as sent
	Schema   []string // to the key of the schema
	Data     []string // to the data; none means the whole document
	Contexts []string // to an array of {"schema","data"}; none means that there are no entities
}

// DocumentReader is an [Adapter] that reads such documents. It is told of them
// once, before any request.
type DocumentReader interface {
	ReadDocuments([]Document)
}
