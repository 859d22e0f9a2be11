package collector

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
)

// Extension is the cookie extension service that Snowplow's browser tracker asks
// once before it sends events (its option cookieExtensionService, idService in
// older ones): GET of Path sets the cookie anew, and another one of the same
// value beside it. Where Safari keeps the collector's cookie for seven days,
// because it is on other addresses than the site, it keeps these for as long as
// they say if Path is served by the site's own: route it to the edge there.
type Extension struct {
	Path string // "path" on the site; without one there is no such service
	// Name ("name", default sp_extension) is of the cookie beside. What it holds
	// goes before the cookie: it outlives one that was cut short.
	Name string
}

// extend answers the service, and returns true, if that is asked for.
func (c *Collector) extend(in *Input) bool {
	e := &c.settings.Cookie.Extension
	if e.Path == "" || c.request.Path != e.Path || c.request.Method != "GET" {
		return false
	}
	c.random.Seed(in.Entropy)
	c.events = c.events[:0]
	signals := c.signals()
	id := c.identify(c.heed(signals, &in.Location) >= privacy.Anonymise)
	value, extended := c.cookie(e.Name)
	if !id.anonymous && envelope.IsUUID(value) {
		id.id = value
	}
	c.response = append(c.response,
		protocol.Header{Name: "Content-Type", Value: "text/plain"},
		protocol.Header{Name: "Cache-Control", Value: protocol.Pixel.CacheControl})
	if !c.optedOut() {
		domain := c.ownDomain()
		c.setCookiesAt(domain, id, in.NowMillis)
		if !id.anonymous || extended {
			c.setCookie(e.Name, domain, id, c.settings.Cookie.HTTPOnly, in.NowMillis)
		}
	}
	c.respond(200, bodyOK)
	return true
}

// ownDomain is the domain of the cookies of the service, which a page asks on
// its own host and without an Origin header: then the host stands for it.
func (c *Collector) ownDomain() string {
	if c.request.Header("Origin") != "" {
		return c.cookieDomain()
	}
	host, _ := splitPort(c.request.Host)
	for _, domain := range c.settings.Cookie.Domains {
		if belongs(host, domain) {
			return domain
		}
	}
	return c.settings.Cookie.FallbackDomain
}

func (p *parser) extension(e *Extension) {
	p.object("cookie.extension.", func(name string) bool {
		switch name {
		case "path":
			e.Path = p.text()
			p.must(strings.HasPrefix(e.Path, "/") && isFieldValue(e.Path) && !strings.ContainsAny(e.Path, "?# "), "must be a path, such as /cookie-extension")
		case "name":
			e.Name = p.cookieName()
		default:
			return false
		}
		return true
	})
	p.must(e.Path != "", "needs a path, such as /cookie-extension")
}
