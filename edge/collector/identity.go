package collector

import (
	"encoding/binary"
	"strings"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
)

// identity is how a visitor is told apart from others.
type identity struct {
	id        string // the network user id
	anonymous bool
	daily     bool // the id is made of each event, see identifyDaily
	fresh     bool // the id is a random one, as nothing told who the visitor is
	// The request bore the cookie, or the one for scripts.
	cookie, clientCookie bool
}

// anonymise forgets who the visitor is.
func (id *identity) anonymise() {
	id.anonymous = true
	if id.id != "" {
		id.id = privacy.AnonymousID
	}
}

// cookieless reports whether the visitor gets no cookie.
func (id *identity) cookieless() bool { return id.anonymous || id.daily }

// identify finds the network user id: all zeros for an anonymous request, else
// the query parameter nuid, else the cookie, else a random one. What is not a
// UUID is passed over. Where ids last a day there is none yet.
func (c *Collector) identify(anonymous bool) identity {
	id := identity{anonymous: anonymous, daily: c.settings.Visitor.Daily}
	settings := &c.settings.Cookie
	cookie := ""
	if settings.Enabled {
		var value string
		value, id.cookie = c.cookie(settings.Name)
		if envelope.IsUUID(value) {
			cookie = value
		}
		if settings.ClientName != "" {
			_, id.clientCookie = c.cookie(settings.ClientName)
		}
	}
	if anonymous {
		id.id = privacy.AnonymousID
		return id
	}
	if id.daily {
		return id
	}
	q := protocol.NewQuery(c.request.Query)
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		if protocol.Unescape(&c.arena, name, true) != "nuid" {
			continue
		}
		if value = protocol.Unescape(&c.arena, value, true); envelope.IsUUID(value) {
			id.id = value // of several the last, as with any parameter
		}
	}
	if id.id == "" {
		id.id = cookie
	}
	if id.id == "" && c.returned {
		id.id = c.settings.Cookie.Bounce.FallbackID
	}
	if id.id == "" {
		id.id, id.fresh = c.newID(), true
	}
	return id
}

// cookie returns the value of the request's cookie of that name.
func (c *Collector) cookie(name string) (value string, ok bool) {
	for i := range c.request.Headers {
		h := &c.request.Headers[i]
		if !strings.EqualFold(h.Name, "Cookie") {
			continue
		}
		for rest := h.Value; rest != ""; {
			// A comma stands between two headers that were joined to one.
			part := rest
			if i := envelope.IndexAny(rest, ";,"); i >= 0 {
				part, rest = rest[:i], rest[i+1:]
			} else {
				rest = ""
			}
			n, v, found := strings.Cut(part, "=")
			if found && strings.TrimSpace(n) == name {
				return strings.Trim(strings.TrimSpace(v), `"`), true
			}
		}
	}
	return "", false
}

// newID returns a random UUID.
func (c *Collector) newID() string {
	return c.arena.KeepString(envelope.AppendUUIDv4(c.arena.Bytes(36), c.random16()))
}

// newID7 returns a UUID that begins with the time.
func (c *Collector) newID7(now int64) string {
	return c.arena.KeepString(envelope.AppendUUIDv7(c.arena.Bytes(36), now, c.random16()))
}

// random16 draws from a generator that the request's entropy seeded, so that a
// request with any number of events can have ids for all of them.
func (c *Collector) random16() (b [16]byte) {
	binary.LittleEndian.PutUint64(b[:8], c.random.Uint64())
	binary.LittleEndian.PutUint64(b[8:], c.random.Uint64())
	return b
}
