// Package template names destinations after events: a topic, a subject or a
// routing key is text with placeholders, which are the same in every sink.
//
//	t, err := template.Parse("events.{verdict}.{app_id}")
//	name = t.Append(name[:0], &event, appendWord)
//
// What senders wrote is not to be trusted with the shape of a name: a sink fits
// it in, see [Template.Append].
package template

import (
	"errors"
	"fmt"
	"strings"

	"weir/sinks"
)

// Template is text and placeholders by turns.
type Template []Part

// Part is text as it stands, or what an event has in its place.
type Part struct {
	Text string
	Of   func(*sinks.Event) string // nil for text
}

// placeholders bear the names of the columns that hold the same.
var placeholders = map[string]func(*sinks.Event) string{
	"app_id":       func(e *sinks.Event) string { return e.App },
	"event_name":   func(e *sinks.Event) string { return e.Name },
	"event_vendor": vendor,
	"verdict":      func(e *sinks.Event) string { return e.Verdict },
}

// vendor is the first part of a schema key, iglu:vendor/name/format/version.
func vendor(e *sinks.Event) string {
	v, _, _ := strings.Cut(strings.TrimPrefix(e.Schema, "iglu:"), "/")
	return v
}

// Parse reads a template. Text is taken as it is; what may stand in it is for
// the sink to say.
func Parse(text string) (Template, error) {
	var t Template
	for text != "" {
		literal, rest, found := strings.Cut(text, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("a } without its {")
		}
		if literal != "" {
			t = append(t, Part{Text: literal})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		of := placeholders[name]
		if !closed || of == nil {
			return nil, fmt.Errorf("{%s is none of {app_id} {event_name} {event_vendor} {verdict}", strings.TrimSuffix(rest, after))
		}
		t, text = append(t, Part{Of: of}), after
	}
	return t, nil
}

// Fixed reports whether the template is the same for every event.
func (t Template) Fixed() bool {
	for _, p := range t {
		if p.Of != nil {
			return false
		}
	}
	return true
}

// Append appends the name for an event. What comes of the event goes through fit,
// which appends it such that it stays where the placeholder is.
func (t Template) Append(dst []byte, e *sinks.Event, fit func(dst []byte, value string) []byte) []byte {
	for _, p := range t {
		if p.Of == nil {
			dst = append(dst, p.Text...)
		} else {
			dst = fit(dst, p.Of(e))
		}
	}
	return dst
}
