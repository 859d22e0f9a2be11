package sinktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/sinks"
)

// Stored is one event as a destination gives it back: members by canonical
// name, as encoding/json decodes them with UseNumber. A null member counts as
// one that is missing.
type Stored map[string]any

// Decode reads one event that a destination gave back as JSON.
func Decode(t testing.TB, object []byte) Stored {
	t.Helper()
	s, err := decode(object)
	if err != nil {
		t.Fatalf("reading back: %v: %.200s", err, object)
	}
	return s
}

func decode(object []byte) (Stored, error) {
	s := Stored{}
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if err := decoder.Decode(&s); err != nil {
		return nil, err
	}
	for name, v := range s {
		if v == nil {
			delete(s, name)
		}
	}
	return s, nil
}

func (s Stored) id() string { id, _ := s["event_id"].(string); return id }

// differs says in what a stored event is not the one that was written, or "".
func (s Stored) differs(e sinks.Event) string {
	want, err := decode(e.Envelope)
	if err != nil {
		return err.Error()
	}
	if want["event_fingerprint"] == nil && s["event_fingerprint"] == "" {
		want["event_fingerprint"] = "" // a sink may keep the key of events whole
	}
	for name, w := range want {
		if got := s[name]; !same(kindOf(name), got, w) {
			return fmt.Sprintf("%s is %.100q, written was %.100q", name, fmt.Sprint(got), fmt.Sprint(w))
		}
	}
	for name := range s {
		if _, ok := want[name]; !ok {
			return fmt.Sprintf("%s is %.100q, it was not written", name, fmt.Sprint(s[name]))
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
