package collector

import (
	"weir/edge/envelope"
	"weir/edge/privacy"
)

// readAnnotations turns the annotations of the bundle into actions, once. One
// that cannot be read is a drop: its value must not pass.
func (c *Collector) readAnnotations() {
	c.annotations = append(c.annotations[:0], privacy.Action{})
	for id := uint16(1); ; id++ {
		json := c.schemas.Annotation(id)
		if json == nil {
			return
		}
		action, _ := privacy.ParseAction(json)
		c.annotations = append(c.annotations, action)
	}
}

// redact does to data what its schema's annotations and the policy say. judged
// says that the last run was over this data.
func (c *Collector) redact(e *envelope.Event, s *envelope.SelfDescribing, field string, judged bool) {
	c.spans = c.spans[:0]
	doubt := false
	if judged {
		for _, capture := range c.run.Captures {
			if a := &c.annotations[capture.ID]; !a.Keeps() {
				c.spans = append(c.spans, privacy.Span{Start: capture.Start, End: capture.End, Action: a})
			}
		}
		doubt = c.uncaptured() && c.program.Annotated(&c.run)
	}
	c.settings.Privacy.Redact(&c.arena, e, s, field, c.spans, doubt)
}

// blur makes the fingerprint of an event that was changed useless for finding
// out what had stood there: the rest of what it was made of is known, and few
// values would have to be tried.
func (c *Collector) blur(e *envelope.Event) {
	if !e.Redacted || !e.Has(envelope.EventFingerprint) {
		return
	}
	keyed, ok := c.settings.Privacy.Key.Fingerprint(&c.arena, e.Get(envelope.EventFingerprint))
	if ok {
		e.Set(envelope.EventFingerprint, keyed)
	} else {
		e.Drop(envelope.EventFingerprint)
	}
}

// uncaptured reports whether the last run may have left out captures: of
// branches none of which holds, or beyond the place where it gave up.
func (c *Collector) uncaptured() bool {
	if c.run.More > 0 {
		return true // one of those that were only counted may be such a violation
	}
	for i := range c.run.Violations {
		switch c.run.Violations[i].Keyword() {
		case "anyOf", "oneOf", "not", "if", "depth", "fuel", "syntax":
			return true
		}
	}
	return false
}
