package rabbitmq

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"weir/sinks"
)

const (
	maxShort = 255 // bytes of a short string (AMQP 0-9-1 section 4.2.5.3), a routing key among them
	maxWord  = 60  // bytes that an event contributes for each placeholder
)

// key is the template of routing keys: literal text and placeholders by turns.
type key []part

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
	schema, ok := strings.CutPrefix(e.Schema, "iglu:")
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(schema, "/")
	return v
}

// parseKey bounds the template such that every key fits: what remains for text
// depends on the number of placeholders.
func parseKey(text string) (key, error) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		return nil, errors.New("not text without control characters")
	}
	var k key
	size := 0
	for text != "" {
		literal, rest, found := strings.Cut(text, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("a } without its {")
		}
		if literal != "" {
			k, size = append(k, part{text: literal}), size+len(literal)
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		value := placeholders[name]
		if !closed || value == nil {
			return nil, fmt.Errorf("{%s is none of {verdict} {app} {vendor} {name}", strings.TrimSuffix(rest, after))
		}
		k, size, text = append(k, part{value: value}), size+maxWord, after
	}
	if size > maxShort {
		return nil, fmt.Errorf("at most %d bytes, of which each placeholder takes %d", maxShort, maxWord)
	}
	return k, nil
}

// of returns the routing key of an event.
func (k key) of(e *sinks.Event) string {
	var b strings.Builder
	for _, p := range k {
		if p.value == nil {
			b.WriteString(p.text)
		} else {
			b.WriteString(word(p.value(e)))
		}
	}
	return b.String()
}

// word makes text fit for one word of a routing key: empty is none, and dots,
// which divide words, the wildcards of bindings, and control characters become
// underscores.
func word(text string) string {
	if text == "" {
		return "none"
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
	return clean
}

func unprintable(r rune) bool { return unicode.IsControl(r) }
