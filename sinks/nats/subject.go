package nats

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"weir/sinks"
	"weir/sinks/template"
)

var validLiteral = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

// maxToken bounds in bytes what of an event gets into a subject.
const maxToken = 64

// parseSubject reads a template. Its first token has to begin with a letter or
// digit, or a placeholder, so that it can get into none of the server's own
// subjects.
func parseSubject(text string) (template.Template, error) {
	t, err := template.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	for _, p := range t {
		if !validLiteral.MatchString(p.Text) {
			return nil, fmt.Errorf("subject: %q may hold letters, digits, -, _ and dots beside placeholders", p.Text)
		}
	}
	switch {
	case len(text) > 200 || text == "":
		return nil, errors.New("subject: must be 1 to 200 characters")
	case slices.Contains(strings.Split(text, "."), ""):
		return nil, errors.New("subject: a token between two dots is empty")
	case text[0] == '_' || text[0] == '-':
		return nil, errors.New("subject: must begin with a letter, a digit or a placeholder")
	}
	return t, nil
}

// appendSubject appends an event's subject. However the event looks, it has as
// many tokens as the template, none of them empty or a wildcard.
func (s *Sink) appendSubject(dst []byte, e *sinks.Event) []byte {
	return s.subject.Append(dst, e, appendToken)
}

// appendToken appends text with _ for all but letters and digits of ASCII, - and
// _, and _ alone where there is no text.
func appendToken(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, '_')
	}
	for i, c := range text {
		if i >= maxToken {
			break
		}
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
			dst = append(dst, byte(c))
		default:
			dst = append(dst, '_')
		}
	}
	return dst
}

// pattern is the subject that stands for all that a template can give.
func pattern(t template.Template) string {
	var text strings.Builder
	for _, p := range t {
		if p.Of != nil {
			text.WriteByte('*')
		} else {
			text.WriteString(p.Text)
		}
	}
	tokens := strings.Split(text.String(), ".")
	for i, t := range tokens {
		if strings.Contains(t, "*") {
			tokens[i] = "*" // a wildcard stands for a whole token
		}
	}
	return strings.Join(tokens, ".")
}

// covers reports whether a stream that listens to filter gets everything that
// matches pattern.
func covers(filter, pattern string) bool {
	f, p := strings.Split(filter, "."), strings.Split(pattern, ".")
	for i, token := range f {
		switch {
		case token == ">":
			return len(p) > i
		case i >= len(p):
			return false
		case token != "*" && token != p[i]:
			return false
		}
	}
	return len(f) == len(p)
}
