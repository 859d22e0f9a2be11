package collector

import (
	"slices"
	"strings"

	"weir/edge/envelope"
	"weir/edge/hmac"
	"weir/edge/privacy"
	"weir/edge/protocol"
)

// AccessRule says who may send the events of some apps: pages of its origins,
// and whoever shows one of its keys. Events of other senders are not kept, but
// counted. The first rule for an app decides; whom no rule is for, everybody may
// send as.
//
// An origin keeps other sites from sending by mistake, and visitors' browsers
// from being made to. It is no proof: what is no browser says what it likes.
type AccessRule struct {
	Apps    []string // "apps", '*' standing for any run of characters; none: every app, and what names none
	Origins []string // "origins", each scheme://host[:port] as browsers spell it, compared as a whole
	Keys    []Key    // "keys"
}

var bodyUnwelcome = []byte("events of this app are not taken from this sender")

// grant is what an access rule says of a request.
type grant uint8

const (
	granted grant = 1 << iota
	asServer
)

// examine finds what each access rule says of the request.
func (c *Collector) examine() {
	s := &c.sender
	s.grants = s.grants[:0]
	if len(c.settings.Access) == 0 {
		return
	}
	origin := c.origin()
	for i := range c.settings.Access {
		r := &c.settings.Access[i]
		var g grant
		if origin != "" && slices.Contains(r.Origins, origin) {
			g = granted
		}
		for j := range s.shown {
			g |= r.unlock(&s.keys[j])
		}
		s.grants = append(s.grants, g)
	}
}

// origin is that of the page that sent the request: its Origin, or that of the
// Referer where browsers send no Origin, as with images.
func (c *Collector) origin() string {
	for i := range c.request.Headers {
		if h := &c.request.Headers[i]; strings.EqualFold(h.Name, "Origin") {
			return protocol.Single(h.Value)
		}
	}
	referer := protocol.Single(c.request.Header("Referer"))
	from := strings.Index(referer, "://") + len("://")
	if end := envelope.IndexAny(referer[min(from, len(referer)):], "/?#"); end >= 0 {
		return referer[:from+end]
	}
	return referer
}

// unlock compares with every key, in the same time whichever it is.
func (r *AccessRule) unlock(sum *[hmac.Size]byte) (g grant) {
	for i := range r.Keys {
		k := &r.Keys[i]
		if hmac.Equal(k.SHA256[:], sum[:]) {
			if g |= granted; k.Server {
				g |= asServer
			}
		}
	}
	return g
}

// admit reports whether an event may be taken from its sender, and notes
// whether a server's key is the reason.
func (c *Collector) admit(e *envelope.Event) bool {
	for i := range c.settings.Access {
		r := &c.settings.Access[i]
		if !privacy.Listed(r.Apps, e.Get(envelope.AppID)) {
			continue
		}
		g := c.sender.grants[i]
		if e.Key != "" && len(e.Key) <= longestKey && len(r.Keys) > 0 {
			s := &c.sender
			s.own = s.hash.Sum(envelope.ViewBytes(e.Key))
			g |= r.unlock(&s.own)
		}
		e.Server = g&asServer != 0
		return g&granted != 0
	}
	return true
}
