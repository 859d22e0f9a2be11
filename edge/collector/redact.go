package collector

import "weir/edge/envelope"

// redact does to data what its schema's annotations and the policy say. judged
// says that the last run was over this data.
func (c *Collector) redact(e *envelope.Event, s *envelope.SelfDescribing, field string, judged bool) {
	doubt := false
	c.spans = c.spans[:0]
	if judged {
		c.spans, doubt = c.by.annotations.Spans(c.spans, c.program, &c.run)
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
