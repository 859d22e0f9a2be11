package collector

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// Bounce tells a visitor who is new from one whose browser keeps no cookies: who
// asks for a pixel without the cookie is given it and sent to the same URL
// again, and nothing is stored yet. Who comes back without it gets FallbackID,
// as all of them do. Redirects do not bounce.
type Bounce struct {
	Enabled   bool   // "enabled", default false
	Parameter string // "parameter" that says that a visitor came back, default n3pc
	// FallbackID ("fallback_id", a UUID) is the network user id of those without
	// cookies, by default 00000000-0000-4000-A000-000000000000.
	FallbackID string
}

// returning reports whether a visitor has bounced, and takes what says so from
// the query: it is none of the event's.
func (c *Collector) returning() bool {
	b := &c.settings.Cookie.Bounce
	if !b.Enabled || !c.mayBounce() {
		return false
	}
	query, ok := strings.CutSuffix(c.request.Query, "=true")
	query, named := strings.CutSuffix(query, b.Parameter)
	if !ok || !named || query != "" && query[len(query)-1] != '&' {
		return false
	}
	c.request.Query = strings.TrimSuffix(query, "&")
	return true
}

func (c *Collector) mayBounce() bool {
	return c.request.Method == "GET" || c.request.Method == "HEAD"
}

// bounce sends a visitor to the same URL again, and returns true, where it must
// be found out whether the browser keeps cookies. The Location has no host: that
// which the request names is for its sender to choose.
func (c *Collector) bounce(in *Input, a *protocol.Answer, id identity) bool {
	b := &c.settings.Cookie.Bounce
	if c.returned && id.id == b.FallbackID {
		a.Identify = false // an id that many have must not stay with one of them
	}
	path := in.Request.Path
	if !b.Enabled || !a.Identify || a.Redirect != "" || !id.fresh || id.anonymous || !c.mayBounce() ||
		!strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return false
	}
	location := append(c.arena.Bytes(len(path)+len(c.request.Query)+len(b.Parameter)+len("?&=true")), path...)
	location = append(location, '?')
	if c.request.Query != "" {
		location = append(append(location, c.request.Query...), '&')
	}
	location = append(append(location, b.Parameter...), "=true"...)
	to := c.arena.KeepString(location)
	if !isFieldValue(to) {
		return false
	}
	c.response = append(c.response,
		protocol.Header{Name: "Location", Value: to},
		protocol.Header{Name: "Cache-Control", Value: protocol.Pixel.CacheControl})
	c.setCookies(id, in.NowMillis)
	c.respond(302, nil)
	return true
}

func (p *parser) bounce(b *Bounce) {
	p.object("cookie.bounce.", func(name string) bool {
		switch name {
		case "enabled":
			b.Enabled = p.boolean()
		case "parameter":
			b.Parameter = p.text()
			p.must(isParameter(b.Parameter), "must be made of letters, digits, '-', '.' and '_'")
		case "fallback_id":
			b.FallbackID = p.text()
			p.must(envelope.IsUUID(b.FallbackID), "must be a UUID of 36 characters")
		default:
			return false
		}
		return true
	})
}

// isParameter reports whether s may stand in a query as it is: RFC 3986 section 2.3.
func isParameter(s string) bool {
	for i := range len(s) {
		if b := s[i]; b|0x20-'a' >= 26 && b-'0' > 9 && strings.IndexByte("-._", b) < 0 {
			return false
		}
	}
	return s != ""
}
