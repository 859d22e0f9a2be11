package rabbitmq

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"weir/sinks"
	"weir/sinks/template"
)

const (
	maxShort = 255 // bytes of a short string (AMQP 0-9-1 section 4.2.5.3), a routing key among them
	maxWord  = 60  // bytes that an event contributes for each placeholder
)

// parseKey bounds the template such that every key fits: what remains for text
// depends on the number of placeholders.
func parseKey(text string) (template.Template, error) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		return nil, errors.New("not text without control characters")
	}
	k, err := template.Parse(text)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, p := range k {
		if size += len(p.Text); p.Of != nil {
			size += maxWord
		}
	}
	if size > maxShort {
		return nil, fmt.Errorf("at most %d bytes, of which each placeholder takes %d", maxShort, maxWord)
	}
	return k, nil
}

func (s *Sink) routingKey(e *sinks.Event) string { return string(s.key.Append(nil, e, appendWord)) }

// appendWord makes text fit for one word of a routing key: empty is none, and
// dots, which divide words, the wildcards of bindings, and control characters
// become underscores.
func appendWord(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, "none"...)
	}
	clean := strings.Map(func(r rune) rune {
		if r == '.' || r == '*' || r == '#' || r == utf8.RuneError || unprintable(r) {
			return '_'
		}
		return r
	}, text)
	if len(clean) > maxWord {
		clean = clean[:maxWord]
		for !utf8.ValidString(clean) {
			clean = clean[:len(clean)-1]
		}
	}
	return append(dst, clean...)
}

func unprintable(r rune) bool { return unicode.IsControl(r) }
