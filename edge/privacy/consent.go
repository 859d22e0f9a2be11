package privacy

import (
	"strings"

	"weir/edge/envelope"
	"weir/schemas/scan"
)

// Combine returns what two sources say of one visitor. Where one says that
// consent was denied, the other's that it was granted counts for nothing.
func (s Signals) Combine(other Signals) Signals {
	if s |= other; s&ConsentDenied != 0 {
		s &^= ConsentGranted
	}
	return s
}

// Consent reads what the consent events and entities of Snowplow's trackers, as
// far as an event is one or bears some, say of its visitor: consent_granted,
// consent_withdrawn, consent_preferences and gdpr. They have not been judged:
// what is not as it should be says nothing.
func (r *Rules) Consent(e *envelope.Event) (s Signals) {
	s = r.consent.read(&e.Unstruct)
	for i := range e.Contexts {
		s = s.Combine(r.consent.read(&e.Contexts[i]))
	}
	return s
}

const snowplowVendor = "iglu:com.snowplowanalytics.snowplow/"

// consent reads one payload at a time. It is kept, as TinyGo would allocate it
// for every event.
type consent struct {
	s          scan.Scanner
	name, text scan.Text
	statistics bool // is among the scopes
	some       bool // of the scopes are granted, and no others
	signals    Signals
}

func (c *consent) read(p *envelope.SelfDescribing) Signals {
	name, ok := strings.CutPrefix(p.Schema, snowplowVendor)
	if !ok {
		return 0
	}
	name, _, _ = strings.Cut(name, "/")
	switch name {
	case "consent_granted":
		return ConsentGranted
	case "consent_withdrawn":
		return ConsentDenied
	case "consent_preferences", "gdpr":
	default:
		return 0
	}
	c.s.Reset(p.Data, scan.MaxDepth)
	c.signals, c.statistics, c.some = 0, false, false
	if c.s.Kind() != scan.Object {
		return 0
	}
	for c.s.Object(); c.s.Member(&c.name); {
		switch kind := c.s.Kind(); {
		case kind == scan.String && c.name.Is("eventType") && name == "consent_preferences":
			c.s.String(&c.text)
			c.preference()
		case kind == scan.String && c.name.Is("basisForProcessing"):
			c.s.String(&c.text)
			if !c.text.Is("consent") {
				c.signals |= OtherBasis
			}
		case kind == scan.Array && c.name.Is("consentScopes"):
			c.scopes()
		default:
			c.s.Skip()
		}
	}
	switch {
	case c.some && c.statistics:
		c.signals |= ConsentGranted
	case c.some:
		c.signals |= ConsentDenied
	}
	return c.signals
}

// preference reads what the visitor chose. That a choice is awaited, or taken
// from silence, is none.
func (c *consent) preference() {
	switch {
	case c.text.Is("allow_all"):
		c.signals |= ConsentGranted
	case c.text.Is("allow_selected"):
		c.some = true
	case c.text.Is("deny_all"), c.text.Is("withdrawn"), c.text.Is("expired"):
		c.signals |= ConsentDenied
	}
}

// scopes looks for what consent managers call the measuring of visits.
func (c *consent) scopes() {
	for c.s.Array(); c.s.Item(); {
		if c.s.Kind() != scan.String || !c.s.String(&c.text) {
			c.s.Skip()
			continue
		}
		if c.text.Is("analytics") || c.text.Is("statistics") || c.text.Is("performance") {
			c.statistics = true
		}
	}
}
