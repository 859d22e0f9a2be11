package nats

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"weir/sinks"
)

// subject is the template of an event's subject, cut into literal text and
// placeholders.
type subject []part

type part struct {
	text        string
	placeholder bool
}

var placeholders = []string{"app", "schema_vendor", "schema_name", "verdict"}

var (
	inBraces     = regexp.MustCompile(`\{([^{}]*)\}`)
	validLiteral = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)
)

// maxToken bounds in bytes what of an event gets into a subject.
const maxToken = 64

// parseSubject reads a template. Its first token has to begin with a letter or
// digit, or a placeholder, so that it can get into none of the server's own
// subjects.
func parseSubject(template string) (s subject, err error) {
	literal := func(text string) {
		if text == "" {
			return
		}
		if !validLiteral.MatchString(text) {
			err = fmt.Errorf("subject: %q may hold letters, digits, -, _, dots and {%s}", text, strings.Join(placeholders, "} {"))
		}
		s = append(s, part{text: text})
	}
	at := 0
	for _, m := range inBraces.FindAllStringSubmatchIndex(template, -1) {
		literal(template[at:m[0]])
		name := template[m[2]:m[3]]
		if !slices.Contains(placeholders, name) {
			return nil, fmt.Errorf("subject: {%s} is none of {%s}", name, strings.Join(placeholders, "} {"))
		}
		s = append(s, part{name, true})
		at = m[1]
	}
	literal(template[at:])
	switch {
	case err != nil:
		return nil, err
	case len(template) > 200 || template == "":
		return nil, fmt.Errorf("subject: must be 1 to 200 characters")
	case slices.Contains(strings.Split(template, "."), ""):
		return nil, fmt.Errorf("subject: a token between two dots is empty")
	case template[0] == '_' || template[0] == '-':
		return nil, fmt.Errorf("subject: must begin with a letter, a digit or a placeholder")
	}
	return s, nil
}

// append appends an event's subject. However the event looks, it has as many
// tokens as the template, none of them empty or a wildcard.
func (s subject) append(dst []byte, e *sinks.Event) []byte {
	for _, p := range s {
		if !p.placeholder {
			dst = append(dst, p.text...)
			continue
		}
		switch p.text {
		case "app":
			dst = appendToken(dst, e.App)
		case "verdict":
			dst = appendToken(dst, e.Verdict)
		case "schema_vendor":
			vendor, _ := vendorAndName(e.Schema)
			dst = appendToken(dst, vendor)
		case "schema_name":
			_, name := vendorAndName(e.Schema)
			dst = appendToken(dst, name)
		}
	}
	return dst
}

// vendorAndName reads a schema key, iglu:vendor/name/format/version.
func vendorAndName(schema string) (vendor, name string) {
	vendor, rest, _ := strings.Cut(strings.TrimPrefix(schema, "iglu:"), "/")
	name, _, _ = strings.Cut(rest, "/")
	return vendor, name
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

// pattern is the subject that stands for all that the template can give.
func (s subject) pattern() string {
	var text strings.Builder
	for _, p := range s {
		if p.placeholder {
			text.WriteByte('*')
		} else {
			text.WriteString(p.text)
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
