package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/sinks"
	"weir/sinks/template"
)

// router finds the topic of an event. Whatever an event says, it is one of those
// that the configuration names.
type router struct {
	template template.Template
	listed   map[string]string // nil: the template is the topic
	fallback string            // may be empty
}

func newRouter(c *Config) (*router, error) {
	r := &router{fallback: c.Fallback}
	if c.Topic == "" {
		return nil, errors.New("topic: required, for example events")
	}
	var err error
	if r.template, err = template.Parse(c.Topic); err != nil {
		return nil, fmt.Errorf("topic: %w", err)
	}
	var errs []error
	if r.template.Fixed() {
		errs = append(errs, checkTopic("topic", c.Topic))
		if len(c.Topics) > 0 || c.Fallback != "" {
			errs = append(errs, errors.New("topics, fallback: are for a topic with placeholders, such as events.{app_id}"))
		}
		return r, errors.Join(errs...)
	}
	for _, p := range r.template {
		if strings.ContainsFunc(p.Text, func(c rune) bool { return !legal(c) }) {
			errs = append(errs, fmt.Errorf("topic: %q is not of letters, digits, dot, - and _", p.Text))
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
		return r.template[0].Text, buf, nil
	}
	buf = r.template.Append(buf[:0], e, appendLegal)
	if t, ok := r.listed[string(buf)]; ok {
		return t, buf, nil
	}
	if r.fallback != "" {
		return r.fallback, buf, nil
	}
	return "", buf, errUnlisted
}

// appendLegal appends text with _ for what a topic's name may not hold.
func appendLegal(dst []byte, text string) []byte {
	for _, c := range text {
		if !legal(c) {
			c = '_'
		}
		dst = append(dst, byte(c))
	}
	return dst
}

// all lists every topic that an event may get, sorted.
func (r *router) all() []string {
	if r.listed == nil {
		return []string{r.template[0].Text}
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
