package collector

import (
	"strings"

	"weir/edge/envelope"
)

// urlColumns names the columns that a URL is split into.
type urlColumns struct {
	url, scheme, host, port, path, query, fragment envelope.Field
	required                                       bool // to be a URL
}

var (
	pageURL = urlColumns{
		envelope.PageURL, envelope.PageURLScheme, envelope.PageURLHost, envelope.PageURLPort,
		envelope.PageURLPath, envelope.PageURLQuery, envelope.PageURLFragment, true,
	}
	referrer = urlColumns{
		envelope.PageReferrer, envelope.RefrURLScheme, envelope.RefrURLHost, envelope.RefrURLPort,
		envelope.RefrURLPath, envelope.RefrURLQuery, envelope.RefrURLFragment, false,
	}
)

// splitURL fills the columns that hold the parts of a URL. A page URL that is
// none fails the event; a referrer that is none, which the page has no say in, is merely not split.
func (c *Collector) splitURL(e *envelope.Event, to *urlColumns) {
	text := e.Get(to.url)
	if text == "" {
		return
	}
	u, ok := parseURL(c.encodeSpaces(text))
	if !ok {
		if to.required {
			e.Violate(envelope.Violation{Schema: envelope.AtomicSchema, Path: to.url.Path(), Keyword: "format", Message: "must be a URL"})
		}
		return
	}
	e.Fill(&c.arena, to.scheme, to.scheme.Name(), u.scheme)
	e.Fill(&c.arena, to.host, to.host.Name(), u.host)
	if u.host != "" {
		e.SetInt(to.port, int64(u.port))
	}
	e.Fill(&c.arena, to.path, to.path.Name(), u.path)
	e.Fill(&c.arena, to.query, to.query.Name(), u.query)
	e.Fill(&c.arena, to.fragment, to.fragment.Name(), u.fragment)
}

// encodeSpaces replaces spaces, which many trackers leave in, by %20.
func (c *Collector) encodeSpaces(s string) string {
	if strings.IndexByte(s, ' ') < 0 {
		return s
	}
	n := strings.Count(s, " ")
	b := c.arena.Bytes(len(s) + 2*n)
	for i := range len(s) {
		if s[i] == ' ' {
			b = append(b, "%20"...)
		} else {
			b = append(b, s[i])
		}
	}
	return c.arena.KeepString(b)
}

type urlParts struct {
	scheme, host, path, query, fragment string
	port                                uint16
}

// parseURL splits a URL as RFC 3986 appendix B does, forgiving about the
// characters in path, query and fragment: browsers report what users see. User
// information is passed over. Without a port it is that of the scheme: 443 for
// https, else 80. A scheme is required.
func parseURL(s string) (u urlParts, ok bool) {
	i := 0
	for i < len(s) && isSchemeByte(s[i], i) {
		i++
	}
	if i == 0 || i == len(s) || s[i] != ':' {
		return u, false
	}
	u.scheme, s, ok = s[:i], s[i+1:], true
	authority := ""
	hasAuthority := strings.HasPrefix(s, "//")
	if hasAuthority {
		for i = 2; i < len(s) && s[i] != '/' && s[i] != '?' && s[i] != '#'; i++ {
		}
		authority, s = s[2:i], s[i:]
	}
	for i = 0; i < len(s) && s[i] != '?' && s[i] != '#'; i++ {
	}
	u.path, s = s[:i], s[i:]
	if s != "" && s[0] == '?' {
		u.query, u.fragment, _ = strings.Cut(s[1:], "#")
	} else if s != "" {
		u.fragment = s[1:]
	}
	if !hasAuthority {
		return u, true
	}
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	if authority == "" {
		return u, true // file:///home
	}
	host, port := splitPort(authority)
	u.host, u.port = host, 80
	if strings.EqualFold(u.scheme, "https") {
		u.port = 443
	}
	if port != "" {
		u.port, ok = parsePort(port)
	}
	return u, ok && isHost(host)
}
