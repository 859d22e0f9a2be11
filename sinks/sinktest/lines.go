package sinktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/tidwall/gjson"

	"weir/sinks"
)

// Objects reads back what a sink wrote as a sequence of JSON objects.
func Objects(t testing.TB, text []byte) (list []Stored) {
	t.Helper()
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("reading back: %v after %d objects", err, len(list))
		}
		list = append(list, Stored{ID: gjson.GetBytes(raw, "event_id").Str, Object: raw})
	}
}

// BrokenLines is the poison of sinks that write lines: envelopes that would
// take their neighbours along.
func BrokenLines(_ testing.TB, e sinks.Event) []sinks.Event {
	list := []sinks.Event{e, e, e}
	list[0].Envelope = bytes.Replace(e.Envelope, []byte(","), []byte(",\n"), 1)
	list[1].Envelope = e.Envelope[:len(e.Envelope)/2]
	list[2].Envelope = nil
	return list
}
