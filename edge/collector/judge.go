package collector

import (
	"strconv"
	"unicode/utf8"

	"weir/edge/envelope"
)

// judge validates the self-describing event and the entities of every event
// against their schemas, and then takes out of them what must not leave. An event whose schemas are not all at hand, and which
// broke no other rule, is unresolved.
func (c *Collector) judge() {
	for i := range c.events {
		e := &c.events[i]
		unknown := false
		violations := len(e.Violations)
		if e.Unstruct.Schema != "" {
			unknown = !c.validate(e, &e.Unstruct, "/unstruct_event/data", -1)
			c.redact(e, &e.Unstruct, "unstruct_event", !unknown)
		}
		for j := range e.Contexts {
			known := c.validate(e, &e.Contexts[j], "/contexts/", j)
			unknown = unknown || !known
			c.redact(e, &e.Contexts[j], "contexts", known)
		}
		c.settings.Privacy.HideNames(&c.arena, e, violations)
		c.blur(e)
		if unknown && e.Verdict == envelope.Good {
			e.Verdict = envelope.Unresolved
		}
	}
}

// validate reports whether there is a schema to validate with. path, completed
// by the index if there is one, is where the data stands in the envelope.
func (c *Collector) validate(e *envelope.Event, s *envelope.SelfDescribing, path string, index int) bool {
	if !c.lookup(s.Schema) {
		return false
	}
	if c.program.Run(&c.run, s.Data) {
		return true
	}
	for i := range c.run.Violations {
		if len(e.Violations) == envelope.MaxViolations {
			e.Violate(envelope.Violation{}) // is counted only
			continue
		}
		v := &c.run.Violations[i]
		b := append(c.scratch[:0], path...)
		if index >= 0 {
			b = append(strconv.AppendInt(b, int64(index), 10), "/data"...)
		}
		b = cutPath(v.AppendPath(b))
		n := len(b)
		c.scratch = v.AppendMessage(b)
		e.Violate(envelope.Violation{
			Schema:  s.Schema,
			Path:    c.arena.Copy(c.scratch[:n]),
			Keyword: v.Keyword(),
			Message: c.arena.Copy(c.scratch[n:]),
		})
	}
	e.MoreViolations += c.run.More
	return true
}

// cutPath bounds a path: the names in it are for the sender to choose.
func cutPath(path []byte) []byte {
	const longest = 256
	if len(path) > longest {
		n := longest
		for !utf8.RuneStart(path[n]) {
			n--
		}
		path = append(path[:n], "…"...)
	}
	return path
}
