package collector

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
)

func (c *Collector) signals() privacy.Signals { return Signals(&c.request) }

// Signals reads what a request, apart from its events, says of its visitor's wishes.
func Signals(r *protocol.Request) (s privacy.Signals) {
	for i := range r.Headers {
		h := &r.Headers[i]
		switch {
		case strings.EqualFold(h.Name, "SP-Anonymous"): // its presence decides
			s |= privacy.SPAnonymous
		case strings.EqualFold(h.Name, "Sec-GPC") && isOne(h.Value):
			s |= privacy.GPC
		case strings.EqualFold(h.Name, "DNT") && isOne(h.Value):
			s |= privacy.DNT
		}
	}
	q := protocol.NewQuery(r.Query)
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		if name == "gcs" {
			s = s.Combine(consentState(value))
		} else if name == "gcd" {
			s = s.Combine(consentDefaults(value))
		}
	}
	return s
}

// isOne takes a header that was repeated for one that says yes if any does.
func isOne(value string) bool { return strings.IndexByte(value, '1') >= 0 }

// consentState reads gcs of Google's consent mode: G1, then one digit for the
// storage of advertising and one for that of analytics, 1 for granted, 0 for denied.
func consentState(gcs string) privacy.Signals {
	if len(gcs) != 4 || gcs[:2] != "G1" {
		return 0
	}
	switch gcs[3] {
	case '0':
		return privacy.ConsentDenied
	case '1':
		return privacy.ConsentGranted
	}
	return 0
}

// consentDefaults reads gcd of consent mode's version 2: letters for the storage
// of advertising, that of analytics, and two uses of data, each behind digits.
// They say by default and by choice of the visitor: l is neither.
func consentDefaults(gcd string) privacy.Signals {
	letters := 0
	for i := range len(gcd) {
		c := gcd[i]
		if c-'0' <= 9 {
			continue
		}
		if letters++; letters < 2 {
			continue
		}
		switch c {
		case 'n', 'r', 't', 'v':
			return privacy.ConsentGranted
		case 'm', 'p', 'q', 'u':
			return privacy.ConsentDenied
		}
		break
	}
	return 0
}

// heed takes out the events that nothing may be kept of, and settles the stance
// towards the others: the strictest that there is towards one of them, since
// they are all of one visitor. If none is left the visitor gets no cookie either.
func (c *Collector) heed(s privacy.Signals, l *envelope.Location) privacy.Stance {
	rules := &c.settings.Privacy
	strictest, by := privacy.Pass, ""
	if len(c.events) == 0 {
		strictest, by = rules.Decide(s, l, "")
	}
	kept := c.events[:0]
	for i := range c.events {
		stance, rule := rules.Decide(s.Combine(rules.Consent(&c.events[i])), l, c.events[i].Get(envelope.AppID))
		if stance == privacy.DropEvent {
			continue
		}
		if stance > strictest {
			strictest, by = stance, rule
		}
		c.move(len(kept), i)
		kept = c.events[:len(kept)+1]
	}
	c.filtered += len(c.events) - len(kept)
	c.events = kept
	if c.filtered > 0 && len(kept) == 0 {
		strictest = privacy.DropEvent
	}
	rules.Treat(strictest, by)
	return strictest
}
