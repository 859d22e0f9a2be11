package privacy

import (
	"strings"

	"weir/edge/envelope"
)

// applyPolicy applies the policy to the columns of an event, and reports
// whether any rule is, or could be, for events like it.
func (r *Rules) applyPolicy(arena *envelope.Arena, e *envelope.Event) (concerned bool) {
	for i := range r.Policy {
		p := &r.Policy[i]
		if !p.concerns(e) {
			continue
		}
		concerned = true
		for _, f := range p.columns {
			r.scratch = p.applyColumn(arena, e, f, &r.Key, r.scratch)
		}
	}
	// Of what was not read nobody knows which app it is of.
	return concerned || e.Payload != "" && len(r.Policy) > 0
}

// HideNames takes the names of members that no schema knows out of the paths of
// the violations from the first on, where a policy is for the event: they are for
// its sender to choose, and no rule can name them.
func (r *Rules) HideNames(arena *envelope.Arena, e *envelope.Event, first int) {
	for i := range r.Policy {
		if r.Policy[i].concerns(e) {
			hideNames(arena, e.Violations[min(first, len(e.Violations)):])
			return
		}
	}
}

func hideNames(arena *envelope.Arena, violations []envelope.Violation) {
	for i := range violations {
		v := &violations[i]
		if v.Keyword != "additionalProperties" && v.Keyword != "duplicateKey" && v.Keyword != "unevaluatedProperties" {
			continue
		}
		parent := v.Path[:strings.LastIndexByte(v.Path, '/')+1]
		b := append(append(arena.Bytes(len(parent)+1), parent...), '*')
		v.Path = arena.KeepString(b)
	}
}

// ruleUnread is the rule by which a policy takes what could not be read.
const ruleUnread = "policy-unread"

// dropUnread drops what an event keeps of its request because it could not be read.
func dropUnread(arena *envelope.Arena, e *envelope.Event) {
	hideNames(arena, e.Violations)
	if len(e.Rejected) > 0 {
		e.Rejected = e.Rejected[:0]
		e.Receive(envelope.Receipt{Rule: ruleUnread, Field: "weir.rejected", Action: "drop"})
	}
	if e.Payload != "" {
		e.Payload = ""
		e.Receive(envelope.Receipt{Rule: ruleUnread, Field: "weir.payload", Action: "drop"})
	}
}

// Redact does to the data of a self-describing payload of e what the spans, by
// its schema's annotations, and the policy say, and leaves the receipts. field
// is where the payload stands in the envelope, such as "contexts.0". Of data
// whose spans are not all known nothing is kept if doubt is set.
func (r *Rules) Redact(arena *envelope.Arena, e *envelope.Event, s *envelope.SelfDescribing, field string, spans []Span, doubt bool) {
	r.matching = r.matching[:0]
	for i := range r.Policy {
		p := &r.Policy[i]
		if len(p.Schemas) > 0 && Listed(p.Schemas, s.Schema) && p.concerns(e) {
			r.matching = append(r.matching, p)
		}
	}
	if r.stance >= DropIdentifiers && Listed(identifyingRule.Schemas, s.Schema) {
		if r.identifying.Fields == nil {
			r.identifying = identifyingRule
		}
		r.identifying.Name = r.rule
		r.matching = append(r.matching, &r.identifying)
	}
	if doubt {
		s.Data, e.Redacted = null, true
		e.Receive(envelope.Receipt{Rule: s.Schema, Field: field, Action: "drop"})
		return
	}
	if len(spans) == 0 && len(r.matching) == 0 {
		return
	}
	d := &r.redactor
	d.arena, d.event, d.key, d.rules, d.spans, d.doc, d.rule = arena, e, &r.Key, r.matching, spans, s.Data, s.Schema
	d.path = append(d.path[:0], field...)
	d.prefix = len(d.path)
	s.Data = d.run()
}

var null = []byte("null")
