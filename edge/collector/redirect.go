package collector

import (
	"slices"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// Redirects let links lead through the collector: a request for /r/tp2?u=URL
// becomes an event, and is sent on to the URL. There are none by default: anybody
// can make such a link, which bears the collector's name and leads wherever it says.
type Redirects struct {
	// Hosts ("hosts") are those that may be led to, as they stand in a URL:
	// www.shop.example, or with a port, shop.example:8443. Parents and children
	// of a host are other hosts. An empty list allows none.
	Hosts []string
	// DefaultPath ("default_path", default true) says whether /r/tp2 is answered
	// by that name. Without it only those of [Settings.Paths] are that are mapped to it.
	DefaultPath bool
}

// redirectPrefix is what the paths of redirects begin with.
const redirectPrefix = "/r/"

var (
	bodyNoRedirects = []byte("redirects disabled")
	bodyNotAllowed  = []byte("the parameter u must be an http or https URL, of a host that the collector's setting redirects.hosts lists")
)

// off reports whether a request for a redirect is to get a 404.
func (r *Redirects) off(sent, mapped string) bool {
	return strings.HasPrefix(mapped, redirectPrefix) &&
		(len(r.Hosts) == 0 || !r.DefaultPath && strings.HasPrefix(sent, redirectPrefix))
}

// redirect sends a visitor on to the URL in a parameter of the query string.
// Nobody follows a link twice for the collector's sake: the visitor is sent on
// even where no host takes the event.
func (c *Collector) redirect(parameter string) {
	target := ""
	q := protocol.NewQuery(c.request.Query)
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		if protocol.Unescape(&c.arena, name, true) == parameter {
			target = protocol.Unescape(&c.arena, value, true)
		}
	}
	if c.settings.Redirects.allow(target) {
		c.response = append(c.response, protocol.Header{Name: "Location", Value: target})
		c.respond(302, nil)
	} else {
		c.text(400, bodyNotAllowed)
	}
	if len(c.out.Batch) > 0 {
		c.out.Refusal = c.out.Response
	}
}

// allow reports whether a URL leads to one of the hosts, to a browser's mind as
// well: one takes a backslash for a slash, passes over tabs and line ends, and
// goes to what stands behind an @. None of these may stand where a host is told.
func (r *Redirects) allow(url string) bool {
	for i := range len(url) {
		if url[i] <= ' ' || url[i] >= 0x7f || url[i] == '\\' {
			return false
		}
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return false
	}
	if end := envelope.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	for _, host := range r.Hosts {
		if strings.EqualFold(rest, host) {
			return true
		}
	}
	return false
}

func (p *parser) redirects(r *Redirects) {
	p.object("redirects.", func(name string) bool {
		switch name {
		case "hosts":
			r.Hosts = p.texts()
			p.must(!slices.ContainsFunc(r.Hosts, func(s string) bool { return !isAuthority(s) }),
				"must be hosts as they stand in a URL, such as www.shop.example or shop.example:8443")
		case "default_path":
			r.DefaultPath = p.boolean()
		default:
			return false
		}
		return true
	})
}

// isAuthority reports whether s is a domain name, with a port or without.
func isAuthority(s string) bool {
	host, port := splitPort(s)
	_, ok := parsePort(port)
	return isDomain(host) && (len(host) == len(s) || ok)
}
