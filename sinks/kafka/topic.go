package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/sinks"
)

// router finds the topic of an event. Whatever an event says, it is one of those
// that the configuration names.
type router struct {
	parts    []part
	listed   map[string]string // nil: the template is the topic
	fallback string            // may be empty
}

// part of a template: text as it stands, or what an event has in its place.
type part struct {
	text string
	of   func(*sinks.Event) string
}

// placeholders are what a template may name.
var placeholders = map[string]func(*sinks.Event) string{
	"app_id":       func(e *sinks.Event) string { return e.App },
	"event_name":   func(e *sinks.Event) string { return e.Name },
	"event_vendor": vendor,
	"verdict":      func(e *sinks.Event) string { return e.Verdict },
}

func vendor(e *sinks.Event) string {
	v, _, _ := strings.Cut(strings.TrimPrefix(e.Schema, "iglu:"), "/")
	return v
}

func newRouter(c *Config) (*router, error) {
	r := &router{fallback: c.Fallback}
	if c.Topic == "" {
		return nil, errors.New("topic: required, for example events")
	}
	for rest := c.Topic; rest != ""; {
		text, after, found := strings.Cut(rest, "{")
		if text != "" {
			r.parts = append(r.parts, part{text: text})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		of, known := placeholders[name]
		if !closed || !known {
			return nil, fmt.Errorf("topic: %q holds something else in braces than one of %s", c.Topic, strings.Join(slices.Sorted(maps.Keys(placeholders)), ", "))
		}
		r.parts = append(r.parts, part{of: of})
		rest = after
	}
	var errs []error
	if len(r.parts) == 1 && r.parts[0].of == nil {
		errs = append(errs, checkTopic("topic", c.Topic))
		if len(c.Topics) > 0 || c.Fallback != "" {
			errs = append(errs, errors.New("topics, fallback: are for a topic with placeholders, such as events.{app_id}"))
		}
		return r, errors.Join(errs...)
	}
	for _, p := range r.parts {
		if p.of == nil && strings.ContainsFunc(p.text, func(c rune) bool { return !legal(c) }) {
			errs = append(errs, fmt.Errorf("topic: %q is not of letters, digits, dot, - and _", p.text))
		}
	}
	if len(c.Topics) == 0 {
		errs = append(errs, errors.New("topics: required with placeholders in topic: list the topics that it may give"))
	}
	r.listed = make(map[string]string, len(c.Topics))
	for _, t := range c.Topics {
		r.listed[t] = t
		errs = append(errs, checkTopic("topics", t))
	}
	if c.Fallback != "" {
		errs = append(errs, checkTopic("fallback", c.Fallback))
	}
	return r, errors.Join(errs...)
}

// errUnlisted quotes nothing of the event.
var errUnlisted = errors.New("the template gives a topic that is not listed: add it to topics, or set fallback")

// topic returns the topic of an event. buf is scratch space.
func (r *router) topic(e *sinks.Event, buf []byte) (string, []byte, error) {
	if r.listed == nil {
		return r.parts[0].text, buf, nil
	}
	buf = buf[:0]
	for _, p := range r.parts {
		if p.of == nil {
			buf = append(buf, p.text...)
			continue
		}
		for _, c := range p.of(e) {
			if !legal(c) {
				c = '_'
			}
			buf = append(buf, byte(c))
		}
	}
	if t, ok := r.listed[string(buf)]; ok {
		return t, buf, nil
	}
	if r.fallback != "" {
		return r.fallback, buf, nil
	}
	return "", buf, errUnlisted
}

// all lists every topic that an event may get, sorted.
func (r *router) all() []string {
	if r.listed == nil {
		return []string{r.parts[0].text}
	}
	list := slices.Collect(maps.Keys(r.listed))
	if r.fallback != "" {
		list = append(list, r.fallback)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// legal reports whether a topic's name may hold a character.
func legal(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}

// checkTopic holds a name to Kafka's rules.
func checkTopic(key, name string) error {
	if name == "" || len(name) > 249 || name == "." || name == ".." || strings.ContainsFunc(name, func(c rune) bool { return !legal(c) }) {
		return fmt.Errorf("%s: %q is not the name of a topic: use up to 249 letters, digits, dots, - and _", key, name)
	}
	return nil
}
