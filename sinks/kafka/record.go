package kafka

import (
	"fmt"

	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/format"
)

// headers are what a record can carry beside its value, for consumers that
// route or drop records without decoding them.
var headers = []string{"event_id", "event_fingerprint", "schema", "app_id", "verdict", "content-type"}

// writer makes records of events. It keeps nothing of them.
type writer struct {
	router  *router
	format  format.Format
	name    string // the format's
	key     string // gjson path; empty: no key
	headers []string
}

// page is memory for the records of one write. It is never used again: the
// client may look at a record after its write was given up.
type page struct {
	bytes   []byte
	headers []kgo.RecordHeader
	name    []byte // scratch space for topics
}

// room makes sure that n more bytes fit.
func (p *page) room(n int) {
	if cap(p.bytes)-len(p.bytes) < n {
		p.bytes = make([]byte, 0, max(n, 256<<10))
	}
}

func (p *page) text(s string) []byte {
	p.room(len(s))
	n := len(p.bytes)
	p.bytes = append(p.bytes, s...)
	return p.bytes[n:len(p.bytes):len(p.bytes)]
}

// fill spells an event as a record. The error is the event's fault for good.
func (w *writer) fill(r *kgo.Record, e *sinks.Event, p *page) (err error) {
	if err := sinks.CheckLine(e.Envelope); err != nil {
		return err
	}
	if r.Topic, p.name, err = w.router.topic(e, p.name); err != nil {
		return err
	}
	p.room(len(e.Envelope) + len(e.Envelope)/8)
	n := len(p.bytes)
	if p.bytes, err = w.format.Append(p.bytes, *e); err != nil {
		return fmt.Errorf("spelling the event as %s: %w", w.name, err)
	}
	r.Value = p.bytes[n:len(p.bytes):len(p.bytes)]
	if key, ok := w.keyOf(e); ok {
		r.Key = p.text(key)
	}
	r.Headers = w.headersOf(e, p)
	return nil
}

// keyOf returns what is at the key's path, and whether anything is.
func (w *writer) keyOf(e *sinks.Event) (string, bool) {
	switch w.key {
	case "":
		return "", false
	case "event_id":
		return e.ID, true
	}
	switch v := gjson.Get(envelope.View(e.Envelope), w.key); {
	case !v.Exists() || v.Type == gjson.Null:
		return "", false
	case v.Type == gjson.String:
		return v.Str, true
	default:
		return v.Raw, true
	}
}

func (w *writer) headersOf(e *sinks.Event, p *page) []kgo.RecordHeader {
	n := len(p.headers)
	for _, name := range w.headers {
		var value string
		switch name {
		case "event_id":
			value = e.ID
		case "event_fingerprint":
			value = e.Fingerprint
		case "schema":
			value = e.Schema
		case "app_id":
			value = e.App
		case "verdict":
			value = e.Verdict
		case "content-type":
			value = w.format.ContentType()
		}
		if value != "" {
			p.headers = append(p.headers, kgo.RecordHeader{Key: name, Value: p.text(value)})
		}
	}
	return p.headers[n:len(p.headers):len(p.headers)]
}
