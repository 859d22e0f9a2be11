package collector

import (
	"strconv"
	"strings"

	"weir/edge/protocol"
)

// allowOrigin lets browsers read the answer, whatever its status: a tracker
// that cannot read it takes it for a network error and sends again. Trackers
// send credentials, with which browsers accept only an answer that names their origin.
func (c *Collector) allowOrigin() {
	origin, ok := firstOrigin(protocol.Single(c.request.Header("Origin")))
	if ok {
		c.response = append(c.response,
			protocol.Header{Name: "Access-Control-Allow-Origin", Value: origin},
			protocol.Header{Name: "Access-Control-Allow-Credentials", Value: "true"})
	} else {
		c.response = append(c.response, protocol.Header{Name: "Access-Control-Allow-Origin", Value: "*"})
	}
	c.response = append(c.response, protocol.Header{Name: "Vary", Value: "Origin"})
	if seconds := c.settings.HSTSMaxAge; seconds > 0 && c.request.Secure { // RFC 6797 section 7.2
		b := append(c.arena.Bytes(48), "max-age="...)
		b = append(strconv.AppendInt(b, int64(seconds), 10), "; includeSubDomains"...)
		c.response = append(c.response, protocol.Header{Name: "Strict-Transport-Security", Value: c.arena.KeepString(b)})
	}
	c.refusal = append(c.refusal, c.response...)
}

// preflight answers the OPTIONS of browsers (CORS) and of senders of webhooks,
// who ask whether they are welcome (HTTP 1.1 Web Hooks for Event Delivery,
// section 4): whoever may post events may send hooks, at any rate.
func (c *Collector) preflight() {
	if origin := protocol.Single(c.request.Header("WebHook-Request-Origin")); isDomain(origin) {
		c.response = append(c.response,
			protocol.Header{Name: "WebHook-Allowed-Origin", Value: origin},
			protocol.Header{Name: "WebHook-Allowed-Rate", Value: "*"})
	}
	c.response = append(c.response,
		protocol.Header{Name: "Access-Control-Allow-Headers", Value: "Authorization, Content-Type, Prefer, SP-Anonymous, X-Weir-Key"},
		protocol.Header{Name: "Access-Control-Max-Age", Value: c.number(c.settings.PreflightMaxAge)})
	c.respond(200, nil)
}

// answer composes what the adapter's clients expect once the batch is taken,
// and the refusal for when nobody takes it, if there is one to take.
func (c *Collector) answer(a *protocol.Answer, id identity, now int64) {
	if a.ContentType != "" {
		c.response = append(c.response, protocol.Header{Name: "Content-Type", Value: a.ContentType})
	}
	if a.CacheControl != "" {
		c.response = append(c.response, protocol.Header{Name: "Cache-Control", Value: a.CacheControl})
	}
	if a.Identify {
		c.setCookies(id, now)
	}
	if a.Redirect != "" {
		c.redirect(a.Redirect)
		return
	}
	status := a.Status
	if status == 0 {
		status = 200
	}
	c.respond(status, a.Body)
	if len(c.out.Batch) == 0 {
		return
	}
	c.refusal = append(c.refusal,
		protocol.Header{Name: "Content-Type", Value: "text/plain"},
		protocol.Header{Name: "Retry-After", Value: c.number(c.settings.RetryAfter)})
	body := bodyRefused
	if c.request.Method == "HEAD" {
		body = nil
	}
	c.out.Refusal = protocol.Response{Status: 503, Headers: c.refusal, Body: body}
}

func (c *Collector) number(n int) string {
	return c.arena.KeepString(strconv.AppendInt(c.arena.Bytes(20), int64(n), 10))
}

// firstOrigin returns the first origin of an Origin header, which may list
// several (RFC 6454 section 7), if it is scheme://host[:port] and nothing else.
func firstOrigin(header string) (string, bool) {
	origin, _, _ := strings.Cut(strings.TrimSpace(header), " ")
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok {
		return "", false
	}
	host, port := splitPort(rest)
	_, ok = parsePort(port)
	return origin, isScheme(scheme) && isASCIIHost(host) && (port == "" || ok)
}

func isScheme(s string) bool {
	for i := range len(s) {
		if !isSchemeByte(s[i], i) {
			return false
		}
	}
	return s != ""
}

// isSchemeByte reports whether b may stand at index i of a scheme: RFC 3986 section 3.1.
func isSchemeByte(b byte, i int) bool {
	return b|0x20-'a' < 26 || i > 0 && (b-'0' <= 9 || b == '+' || b == '-' || b == '.')
}

// splitPort splits host[:port]. The host of an IPv6 address keeps its brackets.
func splitPort(s string) (host, port string) {
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		return s[:i], s[i+1:]
	}
	return s, ""
}

func parsePort(s string) (uint16, bool) {
	n := 0
	for i := range len(s) {
		if s[i]-'0' > 9 || n > 6553 {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return uint16(n), s != "" && n <= 65535
}

// isHost reports whether s is made of what names and addresses of hosts are
// made of, foreign names in their own letters included.
func isHost(s string) bool {
	for i := range len(s) {
		switch b := s[i]; {
		case b|0x20-'a' < 26, b-'0' <= 9, b == '-', b == '.', b == '_', b >= 0x80:
		case (b == '[' || b == ']' || b == ':') && s[0] == '[':
		default:
			return false
		}
	}
	return s != ""
}

// isASCIIHost reports whether s is a host as HTTP headers spell it: foreign
// names are Punycode there (RFC 6454 section 6.2, RFC 6265 section 4.1.2.3).
func isASCIIHost(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return isHost(s)
}

func isDomain(s string) bool { return isASCIIHost(s) && s[0] != '.' && s[0] != '[' }
