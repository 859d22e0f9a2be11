package collector

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/hmac"
	"weir/edge/protocol"
)

// Key is a key that a sender shows, known by its hash: settings that are read
// by somebody let nobody send.
type Key struct {
	Name   string          // "name", for those who read the settings
	SHA256 [hmac.Size]byte // "sha256", of the key, in hexadecimal
	// Server ("server") says that a server has it, not a page or an app that
	// everybody can read: its events are not looked at for what marks machines.
	Server bool
}

// keyParameter is the parameter of the query string in which a key may stand.
const keyParameter = "weir_key"

// longestKey bounds what is hashed for a request, in bytes.
const longestKey = 256

// takeKeys hashes the keys of the request: a Bearer token or the user name of
// Basic authorization, X-Weir-Key, and the parameter of the query string, which
// it takes out, as what stands there may be kept with an event.
func (c *Collector) takeKeys() {
	c.sender.shown = 0
	authorization := protocol.Single(c.request.Header("Authorization"))
	token := protocol.Bearer(authorization)
	if token == "" {
		token = protocol.BasicUser(&c.arena, authorization)
	}
	c.show(token)
	c.show(protocol.Single(c.request.Header("X-Weir-Key")))
	c.show(c.cutKey())
}

func (c *Collector) show(key string) {
	if len(c.settings.Access)+len(c.settings.DebugKeys) == 0 || key == "" || len(key) > longestKey {
		return
	}
	s := &c.sender
	s.keys[s.shown] = s.hash.Sum(envelope.ViewBytes(key))
	s.shown++
}

// cutKey takes the parameter out of the query string, however often it occurs
// and however it is escaped, and returns the last value.
func (c *Collector) cutKey() (key string) {
	found := false
	q := protocol.NewQuery(c.request.Query)
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		if protocol.EqualUnescaped(name, keyParameter) {
			key, found = value, true
		}
	}
	if !found {
		return ""
	}
	key = protocol.Unescape(&c.arena, key, true)
	b := c.arena.Bytes(len(c.request.Query))
	for rest := c.request.Query; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		if name, _, _ := strings.Cut(pair, "="); protocol.EqualUnescaped(name, keyParameter) {
			continue
		}
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(b, pair...)
	}
	c.request.Query = c.arena.KeepString(b)
	return key
}
