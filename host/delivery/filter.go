package delivery

import (
	"fmt"
	"strings"

	"weir/host/config"
	"weir/sinks"
)

// filter says which events a route wants.
type filter struct {
	good, failed  bool
	apps, schemas []pattern
}

// pattern is a name, or the beginning of one.
type pattern struct {
	text   string
	prefix bool
}

func newFilter(r config.Route) (filter, error) {
	f := filter{apps: patterns(r.Apps), schemas: patterns(r.Schemas)}
	switch r.Events {
	case "good":
		f.good = true
	case "failed":
		f.failed = true
	case "all":
		f.good, f.failed = true, true
	default:
		return f, fmt.Errorf("events must be good, failed or all, not %q", r.Events)
	}
	return f, nil
}

func patterns(list []string) []pattern {
	var p []pattern
	for _, s := range list {
		text, prefix := strings.CutSuffix(s, "*")
		p = append(p, pattern{text, prefix})
	}
	return p
}

// match reports whether the route wants the event. One that was left
// unresolved is not good.
func (f filter) match(e sinks.Event) bool {
	if good := e.Verdict == "good"; good && !f.good || !good && !f.failed {
		return false
	}
	return anyMatch(f.apps, e.App) && anyMatch(f.schemas, e.Schema)
}

// anyMatch reports whether one of the patterns matches; no pattern matches everything.
func anyMatch(list []pattern, name string) bool {
	for _, p := range list {
		if p.text == name || p.prefix && strings.HasPrefix(name, p.text) {
			return true
		}
	}
	return len(list) == 0
}
