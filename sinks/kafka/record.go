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

// record spells an event. The error is the event's fault for good.
func (w *writer) record(e *sinks.Event, scratch []byte) (*kgo.Record, []byte, error) {
	if err := sinks.CheckLine(e.Envelope); err != nil {
		return nil, scratch, err
	}
	topic, scratch, err := w.router.topic(e, scratch)
	if err != nil {
		return nil, scratch, err
	}
	// A copy: the client may look at a record after its write was given up.
	value, err := w.format.Append(make([]byte, 0, len(e.Envelope)+len(e.Envelope)/8), *e)
	if err != nil {
		return nil, scratch, fmt.Errorf("spelling the event as %s: %w", w.name, err)
	}
	return &kgo.Record{Topic: topic, Key: w.keyOf(e), Value: value, Headers: w.headersOf(e)}, scratch, nil
}

func (w *writer) keyOf(e *sinks.Event) []byte {
	switch w.key {
	case "":
		return nil
	case "event_id":
		return []byte(e.ID)
	}
	switch v := gjson.Get(envelope.View(e.Envelope), w.key); {
	case !v.Exists() || v.Type == gjson.Null:
		return nil
	case v.Type == gjson.String:
		return []byte(v.Str)
	default:
		return []byte(v.Raw)
	}
}

func (w *writer) headersOf(e *sinks.Event) []kgo.RecordHeader {
	list := make([]kgo.RecordHeader, 0, len(w.headers))
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
			list = append(list, kgo.RecordHeader{Key: name, Value: []byte(value)})
		}
	}
	return list
}
