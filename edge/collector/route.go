package collector

import (
	"errors"
	"slices"
	"strings"

	"weir/edge/protocol"
)

var (
	bodyOK       = []byte("ok")
	bodyNotFound = []byte("Not found")
	bodyRefused  = []byte("Service Unavailable")
	bodyRobots   = []byte("User-agent: *\nDisallow: /\n\nUser-agent: Googlebot\nDisallow: /\n\nUser-agent: AdsBot-Google\nDisallow: /\n")
)

// route finds who decodes the request and how its sender expects to be
// answered. It answers by itself, and returns false, where there is no event to be had.
func (c *Collector) route() (protocol.Adapter, protocol.Answer, bool) {
	r := &c.request
	if r.Method == "OPTIONS" {
		c.preflight()
		return nil, protocol.Answer{}, false
	}
	sent := r.Path
	for i := range c.settings.Paths {
		if c.settings.Paths[i].From == r.Path {
			r.Path = c.settings.Paths[i].To
			break
		}
	}
	if c.settings.Redirects.off(sent, r.Path) {
		c.text(404, bodyNoRedirects)
		return nil, protocol.Answer{}, false
	}
	for _, a := range c.adapters {
		if a.Match(r) {
			if answerer, ok := a.(protocol.Answerer); ok {
				return a, answerer.Answer(r), true
			}
			return a, protocol.Answer{ContentType: "text/plain", Body: bodyOK, Frank: true}, true
		}
	}
	if isTwoSegments(r.Path) && !strings.HasPrefix(r.Path, redirectPrefix) && c.mayBeTracker() {
		return nil, protocol.Answer{ContentType: "text/plain", Body: bodyOK}, true
	}
	c.page(r.Method == "GET" || r.Method == "HEAD")
	return nil, protocol.Answer{}, false
}

// checkPaths returns an error for a mapped path to which every event would get a
// 404, and for a path of the cookie extension service that is a protocol's.
func (c *Collector) checkPaths() error {
	if path := c.settings.Cookie.Extension.Path; path != "" && slices.ContainsFunc(c.adapters, func(a protocol.Adapter) bool { return reads(a, path) }) {
		return errors.New("settings: cookie.extension.path: events are sent to " + path + "; it must be a path of its own, such as /cookie-extension")
	}
	for _, m := range c.settings.Paths {
		if c.settings.Redirects.off(m.From, m.To) {
			return errors.New("settings: paths." + m.From + ": " + m.To + " leads nowhere: redirects.hosts lists no host")
		}
		if !slices.ContainsFunc(c.adapters, func(a protocol.Adapter) bool { return reads(a, m.To) }) {
			return errors.New("settings: paths." + m.From + ": no protocol reads " + m.To +
				"; map to the path of an adapter, such as /com.snowplowanalytics.snowplow/tp2")
		}
	}
	return nil
}

func reads(a protocol.Adapter, path string) bool {
	return a.Match(&protocol.Request{Method: "POST", Path: path}) || a.Match(&protocol.Request{Method: "GET", Path: path})
}

// mayBeTracker reports whether a request to a path that nothing is mapped to
// looks like a tracker's, whose path somebody forgot to map. Its events are
// kept as failed ones; a 404 would block the tracker's queue. Scanners, which
// ask for two-segment paths as well, get their 404.
func (c *Collector) mayBeTracker() bool {
	r := &c.request
	switch r.Method {
	case "POST":
		media, _, _ := strings.Cut(protocol.Single(r.Header("Content-Type")), ";")
		return len(r.Body) > 0 && strings.EqualFold(strings.TrimSpace(media), "application/json")
	case "GET", "HEAD":
		q := protocol.NewQuery(r.Query)
		for name, _, ok := q.Next(); ok; name, _, ok = q.Next() {
			if name == "e" {
				return true
			}
		}
	}
	return false
}

// page answers what is not an event.
func (c *Collector) page(get bool) {
	path, root := c.request.Path, &c.settings.Root
	switch {
	case get && path == "/health":
		c.text(200, bodyOK)
	case get && path == "/robots.txt":
		c.text(200, bodyRobots)
	case get && path == "/" && root.Status != 0:
		c.response = append(c.response, root.Headers...)
		c.respond(root.Status, root.Body)
	case get && path == "/crossdomain.xml" && c.settings.Crossdomain.page != nil:
		c.response = append(c.response, protocol.Header{Name: "Content-Type", Value: "text/xml"})
		c.respond(200, c.settings.Crossdomain.page)
	default:
		c.text(404, bodyNotFound)
	}
}

func (c *Collector) text(status int, body []byte) {
	c.response = append(c.response, protocol.Header{Name: "Content-Type", Value: "text/plain"})
	c.respond(status, body)
}

func (c *Collector) respond(status int, body []byte) {
	if c.request.Method == "HEAD" {
		body = nil
	}
	c.out.Response = protocol.Response{Status: status, Headers: c.response, Body: body}
}

// isTwoSegments reports whether path is /vendor/version, neither of them empty.
func isTwoSegments(path string) bool {
	if len(path) < 4 || path[0] != '/' {
		return false
	}
	vendor, version, ok := strings.Cut(path[1:], "/")
	return ok && vendor != "" && version != "" && strings.IndexByte(version, '/') < 0
}
