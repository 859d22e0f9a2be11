package mqtt

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"weir/sinks"
	"weir/sinks/template"
)

// maxLevel bounds what an event contributes to a topic, in bytes.
const maxLevel = 128

func parseTopic(text string) (template.Template, error) {
	switch {
	case text == "":
		return nil, errors.New("required, for example weir/{verdict}/{app_id}/{event_name}")
	case strings.ContainsAny(text, "+#"):
		return nil, errors.New("+ and # are for subscribers")
	case strings.HasPrefix(text, "$"):
		return nil, errors.New("topics that begin with $ belong to the broker")
	case !valid(text) || len(text) > 1024:
		return nil, errors.New("not text that MQTT can carry, of at most 1024 bytes")
	}
	return template.Parse(text)
}

// topicOf returns the topic of an event. What comes of the event never adds a level
// nor stands for several.
func (s *Sink) topicOf(e *sinks.Event) string {
	return string(s.topic.Append(nil, e, appendLevel))
}

// appendLevel makes text fit for one level of a topic: empty is none, and what
// means something to a broker or is refused by one becomes an underscore.
func appendLevel(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, "none"...)
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
	if len(dst) == 0 && clean[0] == '$' {
		clean = "_" + clean[1:]
	}
	return append(dst, clean...)
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
