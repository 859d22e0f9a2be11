// Package match decides which events somebody wants: a route, a replay.
package match

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
	"weir/sinks"
)

// Rule says which events are wanted. The zero rule wants all of them.
type Rule struct {
	Events  string // by verdict: good, failed, or all, which is also what empty means
	Apps    []string
	Schemas []string
	Where   []Condition // all of them hold
	// Sample is the part that is wanted, above 0 to 1; 0 is all of it. By is a
	// gjson path: events that have the same value there are wanted all or not
	// at all. Empty is event_id.
	Sample float64
	By     string
}

// Matcher decides for a [Rule]. It is safe for concurrent use.
type Matcher struct {
	good, failed  bool
	apps, schemas []pattern
	where         []Condition
	bound         uint64 // digests up to it are sampled
	by            string
}

// pattern is a name, or the beginning of one.
type pattern struct {
	text   string
	prefix bool
}

// New checks a rule. The error names the part of it that is wrong.
func New(r Rule) (*Matcher, error) {
	m := &Matcher{apps: patterns(r.Apps), schemas: patterns(r.Schemas), where: r.Where, bound: math.MaxUint64, by: r.By}
	switch r.Events {
	case "good":
		m.good = true
	case "failed":
		m.failed = true
	case "all", "":
		m.good, m.failed = true, true
	default:
		return nil, fmt.Errorf("events must be good, failed or all, not %q", r.Events)
	}
	if !(r.Sample >= 0 && r.Sample <= 1) {
		return nil, fmt.Errorf("sample must lie above 0 and be at most 1, not %v", r.Sample)
	}
	if r.Sample > 0 && r.Sample < 1 {
		m.bound = uint64(r.Sample * (1 << 63) * 2)
	}
	if r.By != "" {
		if err := CheckPath(r.By); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func patterns(list []string) []pattern {
	var p []pattern
	for _, s := range list {
		text, prefix := strings.CutSuffix(s, "*")
		p = append(p, pattern{text, prefix})
	}
	return p
}

// Match reports whether the event is wanted. One that was left unresolved is
// not good.
func (m *Matcher) Match(e sinks.Event) bool {
	if good := e.Verdict == "good"; good && !m.good || !good && !m.failed {
		return false
	}
	if !anyMatch(m.apps, e.App) || !anyMatch(m.schemas, e.Schema) {
		return false
	}
	for _, c := range m.where {
		if !c.Match(e.Envelope) {
			return false
		}
	}
	return m.bound == math.MaxUint64 || m.digest(e) <= m.bound
}

// digest is the same for the same value everywhere and always, so that a
// sample is the same after a restart, on each host and on each route.
func (m *Matcher) digest(e sinks.Event) uint64 {
	sum := sha256.Sum256([]byte(Key(e, m.by)))
	return binary.BigEndian.Uint64(sum[:])
}

// Key returns the value at a gjson path in the event's envelope, or the event
// id when there is none.
func Key(e sinks.Event, path string) string {
	if path == "" || path == envelope.EventID.Name() {
		return e.ID
	}
	switch v := gjson.Get(envelope.View(e.Envelope), path); {
	case !v.Exists() || v.Type == gjson.Null:
		return e.ID
	case v.Type == gjson.String:
		return v.Str
	default:
		return v.Raw
	}
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
