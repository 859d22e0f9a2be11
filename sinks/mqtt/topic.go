package mqtt

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"weir/sinks"
)

// maxLevel bounds what an event contributes to a topic, in bytes.
const maxLevel = 128

// topic is a template: literal text and placeholders by turns.
type topic []part

// part is text, or the placeholder that value fills.
type part struct {
	text  string
	value func(*sinks.Event) string
}

var placeholders = map[string]func(*sinks.Event) string{
	"verdict": func(e *sinks.Event) string { return e.Verdict },
	"app":     func(e *sinks.Event) string { return e.App },
	"vendor":  vendor,
	"name":    func(e *sinks.Event) string { return e.Name },
}

// vendor is the first part of the schema key.
func vendor(e *sinks.Event) string {
	key, ok := strings.CutPrefix(e.Schema, "iglu:")
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(key, "/")
	return v
}

func parseTopic(text string) (topic, error) {
	switch {
	case text == "":
		return nil, errors.New("required, for example weir/{verdict}/{app}/{name}")
	case strings.ContainsAny(text, "+#"):
		return nil, errors.New("+ and # are for subscribers")
	case strings.HasPrefix(text, "$"):
		return nil, errors.New("topics that begin with $ belong to the broker")
	case !valid(text) || len(text) > 1024:
		return nil, errors.New("not text that MQTT can carry, of at most 1024 bytes")
	}
	var t topic
	for text != "" {
		literal, rest, found := strings.Cut(text, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("a } without its {")
		}
		if literal != "" {
			t = append(t, part{text: literal})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		value := placeholders[name]
		if !closed || value == nil {
			return nil, fmt.Errorf("{%s is none of {verdict} {app} {vendor} {name}", strings.TrimSuffix(rest, after))
		}
		t, text = append(t, part{value: value}), after
	}
	return t, nil
}

// of returns the topic of an event. What comes of the event never adds a level
// nor stands for several.
func (t topic) of(e *sinks.Event) string {
	var b strings.Builder
	for _, p := range t {
		if p.value == nil {
			b.WriteString(p.text)
		} else {
			b.WriteString(level(p.value(e), b.Len() == 0))
		}
	}
	return b.String()
}

// level makes text fit for one level of a topic: empty is none, and what means
// something to a broker or is refused by one becomes an underscore.
func level(text string, first bool) string {
	if text == "" {
		return "none"
	}
	clean := strings.Map(func(r rune) rune {
		if r == '/' || r == '+' || r == '#' || r == utf8.RuneError || !carried(r) {
			return '_'
		}
		return r
	}, text)
	if len(clean) > maxLevel {
		clean = clean[:maxLevel]
		for !utf8.ValidString(clean) {
			clean = clean[:len(clean)-1]
		}
	}
	if first && clean[0] == '$' {
		clean = "_" + clean[1:]
	}
	return clean
}

// valid reports whether a broker takes text as a UTF-8 string (MQTT 5 section 1.5.4).
func valid(text string) bool {
	if len(text) > 65535 || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !carried(r) {
			return false
		}
	}
	return true
}

// carried tells apart the characters that a broker may take for malformed:
// controls and non-characters.
func carried(r rune) bool {
	return !unicode.IsControl(r) && r&0xFFFE != 0xFFFE && (r < 0xFDD0 || r > 0xFDEF)
}
