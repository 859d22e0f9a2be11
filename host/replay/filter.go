package replay

import (
	"slices"
	"strings"

	"weir/host/match"
	"weir/sinks"
)

type condition = match.Condition

// Filter says which events a replay is about. The zero Filter wants all.
type Filter struct {
	Verdict string      `json:"verdict,omitempty"` // good, failed or all, which is also what empty means
	Apps    []string    `json:"apps,omitempty"`    // a trailing * matches any rest, here and below
	Schemas []string    `json:"schemas,omitempty"`
	Names   []string    `json:"names,omitempty"` // event_name
	Where   []condition `json:"where,omitempty"` // all of them hold
}

type matcher struct {
	rule  *match.Matcher
	names []string
}

func (f *Filter) matcher() (*matcher, error) {
	rule, err := match.New(match.Rule{Events: f.Verdict, Apps: f.Apps, Schemas: f.Schemas, Where: f.Where})
	if err != nil {
		return nil, &RequestError{err.Error()}
	}
	return &matcher{rule, f.Names}, nil
}

func (m *matcher) match(e sinks.Event) bool {
	named := len(m.names) == 0 || slices.ContainsFunc(m.names, func(name string) bool {
		begin, prefix := strings.CutSuffix(name, "*")
		return name == e.Name || prefix && strings.HasPrefix(e.Name, begin)
	})
	return named && m.rule.Match(e)
}
