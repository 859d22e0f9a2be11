// Package segment is the adapter for Segment's HTTP tracking API: POST of one
// message to /v1/track, /v1/page, /v1/screen, /v1/identify, /v1/group or
// /v1/alias, or of {"batch":[…]} to /v1/batch (/v1/import is the same). Browsers
// use the first letters: /v1/t … /v1/b. Whatever the content type, the body is
// read as JSON: browsers send text/plain, which needs no preflight.
//
// A message becomes the self-describing event iglu:com.segment/track/jsonschema/1-0-0
// (or page, …), its data the members that its type has: event and properties,
// traits, and so on. Where the event of a track is a schema key ("iglu:…"), that
// is the event's schema and the properties are its data.
//
// What has a canonical column goes there and nowhere else, so that a privacy
// rule for the column finds all there is of it: userId is user_id, anonymousId
// domain_userid, and of the context page, campaign, userAgent, ip, locale,
// timezone and screen; package all columns below. The rest of the context is the
// entity iglu:com.segment/context/jsonschema/1-0-0, that of the batch an entity
// of its own; what is left of the message is iglu:com.segment/message/jsonschema/1-0-0.
//
// A messageId that is a UUID is the event_id; of any other a UUID is made, so
// that a message that is sent twice has the same one. sentAt and timestamp are
// the sender's clock, of which the delay is taken off the collector's, as Segment
// does; without sentAt the timestamp counts as it is.
//
// A write key is the user name of Basic authorization, or the member writeKey.
// It names the app by the setting apps, and is not stored: a server's is a secret.
package segment

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// Prefix is what the paths of the API begin with.
const Prefix = "/v1/"

// Adapter decodes Segment's messages. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	message  message
	entities []envelope.SelfDescribing
	inner    scan.Scanner
	scratch  envelope.Event

	key    string // the write key of the request
	shared struct {
		sent    []byte // sentAt of the batch, JSON
		context []byte // of the batch, an object
		rest    []byte // of the context, what went into no column
	}
}

// New returns an adapter with the default limits.
func New() *Adapter {
	return &Adapter{doc: document.Reader{Name: "segment", Limits: document.Default, Secrets: []string{"writeKey"}}}
}

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// NameApps implements [protocol.AppNamer].
func (a *Adapter) NameApps(apps []protocol.App) { a.doc.Apps = apps }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	_, ok := resource(r.Path)
	return r.Method == "POST" && ok
}

// resource returns the type of the message that is posted to a path, nil for a batch.
func resource(path string) (*kind, bool) {
	name, ok := strings.CutPrefix(strings.TrimSuffix(path, "/"), Prefix)
	if name == "batch" || name == "b" || name == "import" {
		return nil, ok
	}
	for i := range kinds {
		if name == kinds[i].name || name == kinds[i].name[:1] {
			return &kinds[i], ok
		}
	}
	return nil, false
}

var success = []byte(`{"success":true}`)

// Answer implements [protocol.Answerer].
func (a *Adapter) Answer(*protocol.Request) protocol.Answer {
	return protocol.Answer{ContentType: "application/json", Body: success, Frank: true}
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	a.shared.sent, a.shared.context, a.shared.rest = nil, nil, nil
	a.key = protocol.BasicUser(&a.doc.Arena, protocol.Single(r.Header("Authorization")))
	kind, _ := resource(r.Path)
	if kind == nil {
		dst = a.batch(dst)
	} else {
		for a.doc.Next() {
			dst = a.event(dst, kind)
		}
	}
	return dst, a.doc.Err()
}

// batch reads {"batch":[…]} and what beside it is meant for all messages. Where
// the grammar is broken the messages before that place are read nevertheless.
func (a *Adapter) batch(dst []envelope.Event) []envelope.Event {
	s := a.doc.Scanner
	if s.Kind() != scan.Object {
		a.doc.Fail("", "type", "the body must be an object with the member batch")
		return dst
	}
	var messages, shared scan.Scanner
	found := false
	var key scan.Text
	for s.Object(); s.Member(&key); {
		kind, before := s.Kind(), s
		if key.Is("batch") && kind == scan.Array {
			messages, found = before, true
		}
		value := s.Skip()
		switch {
		case value == nil:
		case key.Is("context") && kind == scan.Object:
			a.shared.context, shared = value, before
		case key.Is("sentAt"):
			a.shared.sent = value
		case key.Is("writeKey") && kind == scan.String:
			a.key = a.doc.Text(value)
		}
	}
	complete := s.End()
	switch {
	case len(a.shared.context) > document.MaxShared:
		a.doc.Scanner = shared
		a.doc.Fail("", "maxLength", "the context of a batch must take no more than 32768 bytes")
		return dst
	case found:
		a.shareContext()
		for a.doc.Within(messages); a.doc.Next(); {
			dst = a.event(dst, nil)
		}
	case complete:
		a.doc.Fail("", "required", "the body must have the member batch, an array of messages")
	}
	if !complete && a.doc.Err() == nil {
		a.doc.Scanner = s
		a.doc.Next() // comes upon the fault
	}
	return dst
}
