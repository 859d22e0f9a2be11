package sinktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"weir/edge/envelope"
	"weir/sinks"
)

// Stored is one event as a destination gives it back.
type Stored struct {
	ID string
	// Object is the event as JSON, members by canonical name. A null member
	// counts as one that is missing.
	Object []byte
}

// decode reads an object and leaves out its nulls.
func decode(object []byte) (members, error) {
	m := members{}
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("decoding %.200q: %w", object, err)
	}
	for name, v := range m {
		if v == nil {
			delete(m, name)
		}
	}
	return m, nil
}

// differs says in what a stored event is not the one that was written, or "".
func (s Stored) differs(e sinks.Event) string {
	if bytes.Equal(s.Object, e.Envelope) {
		return ""
	}
	want, err := decode(e.Envelope)
	if err != nil {
		return err.Error()
	}
	got, err := decode(s.Object)
	if err != nil {
		return err.Error()
	}
	if want["event_fingerprint"] == nil && got["event_fingerprint"] == "" {
		want["event_fingerprint"] = "" // a sink may keep the key of events whole
	}
	for name, w := range want {
		if g := got[name]; !same(kindOf(name), g, w) {
			return fmt.Sprintf("%s is %.100q, written was %.100q", name, fmt.Sprint(g), fmt.Sprint(w))
		}
	}
	for name, g := range got {
		if _, ok := want[name]; !ok {
			return fmt.Sprintf("%s is %.100q, it was not written", name, fmt.Sprint(g))
		}
	}
	return ""
}

func kindOf(name string) envelope.Kind {
	if f, ok := envelope.FieldByName(name); ok {
		return f.Kind()
	}
	return envelope.Object // weir
}

// same compares by value: destinations spell times and numbers their own way.
func same(k envelope.Kind, got, want any) bool {
	switch k {
	case envelope.Timestamp:
		a, err1 := time.Parse(time.RFC3339Nano, fmt.Sprint(got))
		b, err2 := time.Parse(time.RFC3339Nano, fmt.Sprint(want))
		return err1 == nil && err2 == nil && a.Equal(b)
	default:
		return sameJSON(got, want)
	}
}

func sameJSON(got, want any) bool {
	switch want := want.(type) {
	case json.Number:
		got, ok := got.(json.Number)
		if !ok {
			return false
		}
		a, ok1 := new(big.Rat).SetString(got.String())
		b, ok2 := new(big.Rat).SetString(want.String())
		return ok1 && ok2 && a.Cmp(b) == 0
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			return false
		}
		for k, v := range want {
			g, ok := got[k]
			if !ok || !sameJSON(g, v) {
				return false
			}
		}
		return true
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return false
		}
		for i := range want {
			if !sameJSON(got[i], want[i]) {
				return false
			}
		}
		return true
	default:
		return got == want
	}
}
