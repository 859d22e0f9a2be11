package collector

import (
	"strconv"
	"strings"

	"weir/edge/hmac"
	"weir/edge/protocol"
)

// wantsVerdict reports whether the request asks for what became of its events,
// and shows a key that it may. Who may not gets the ordinary answer: an error
// would be one to a tracker, too.
func (c *Collector) wantsVerdict() bool {
	if len(c.settings.DebugKeys) == 0 || !prefersRepresentation(c.request.Header("Prefer")) {
		return false
	}
	s, known := &c.sender, false
	for i := range c.settings.DebugKeys {
		for j := range s.shown {
			if hmac.Equal(c.settings.DebugKeys[i].SHA256[:], s.keys[j][:]) {
				known = true
			}
		}
	}
	return known
}

// prefersRepresentation reads a Prefer header (RFC 7240 section 2). Of a
// preference that is stated twice the first holds.
func prefersRepresentation(header string) bool {
	for rest := header; rest != ""; {
		var preference string
		preference, rest, _ = strings.Cut(rest, ",")
		preference, _, _ = strings.Cut(preference, ";")
		name, value, _ := strings.Cut(preference, "=")
		if strings.EqualFold(strings.TrimSpace(name), "return") {
			return strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "representation")
		}
	}
	return false
}

// tell makes an answer of the verdicts: what would stand in the batch but for
// the events themselves.
func (c *Collector) tell(a *protocol.Answer, batch string) {
	b := append(append(append(c.verdicts[:0], `{"batch":"`...), batch...), '"')
	b = appendCount(b, `,"filtered":`, c.filtered)
	b = appendCount(b, `,"refused":`, c.refused)
	b = appendCount(b, `,"bots":`, c.unwanted)
	b = append(b, `,"events":[`...)
	for i := range c.events {
		if i > 0 {
			b = append(b, ',')
		}
		b = c.events[i].AppendVerdict(b)
	}
	c.verdicts = append(b, "]}"...)
	*a = protocol.Answer{ContentType: "application/json", CacheControl: "no-store", Body: c.verdicts, Identify: a.Identify}
	c.response = append(c.response,
		protocol.Header{Name: "Preference-Applied", Value: "return=representation"},
		protocol.Header{Name: "Access-Control-Expose-Headers", Value: "Preference-Applied"})
}

func appendCount(dst []byte, name string, n int) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendInt(append(dst, name...), int64(n), 10)
}
