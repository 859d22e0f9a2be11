// Package protocoltest holds what must be true of every adapter, whatever it is sent.
package protocoltest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// Check decodes a request twice and fails the test if the adapter breaks a rule:
// what it calls JSON must be JSON, a fault must keep bytes that the body has,
// columns are UTF-8 to a reader, and what an adapter saw before changes nothing.
func Check(t *testing.T, a protocol.Adapter, r *protocol.Request) []envelope.Event {
	t.Helper()
	events, err := decode(t, a, r)
	first := render(events)
	again, _ := decode(t, a, r)
	if second := render(again); first != second {
		t.Fatalf("the second time\n%s\nthe first\n%s", second, first)
	}
	var fault *protocol.Fault
	if err != nil && (!errors.As(err, &fault) || fault.From < 0 || fault.From > len(r.Body) || fault.Message == "") {
		t.Fatalf("the error %#v is no fault within %d bytes", err, len(r.Body))
	}
	return again
}

func decode(t *testing.T, a protocol.Adapter, r *protocol.Request) ([]envelope.Event, error) {
	t.Helper()
	events, err := a.Decode(nil, r)
	for i := range events {
		e := &events[i]
		if e.Protocol != a.Name() {
			t.Fatalf("event %d is of protocol %q", i, e.Protocol)
		}
		if e.Offset < 0 || e.Offset > len(r.Body) {
			t.Fatalf("event %d begins at %d of %d bytes", i, e.Offset, len(r.Body))
		}
		if e.Unstruct.Schema != "" {
			checkData(t, e.Unstruct)
		}
		for _, c := range e.Contexts {
			checkData(t, c)
		}
		if e.Verdict == envelope.Good && e.Unstruct.Schema == "" && e.Get(envelope.EventType) == "unstruct" {
			t.Fatalf("event %d is good without a schema", i)
		}
	}
	return events, err
}

func checkData(t *testing.T, s envelope.SelfDescribing) {
	t.Helper()
	if !json.Valid(s.Data) {
		t.Fatalf("data of %s is not JSON: %q", s.Schema, s.Data)
	}
	if _, ok := protocol.ParseKey(s.Schema); !ok {
		t.Fatalf("%q is no schema key", s.Schema)
	}
}

func render(events []envelope.Event) string {
	var b strings.Builder
	header, loc := envelope.Header{ID: "batch"}, envelope.Location{}
	for i := range events {
		b.Write(events[i].AppendJSON(nil, &header, &loc, i))
		b.WriteByte('\n')
	}
	return b.String()
}
