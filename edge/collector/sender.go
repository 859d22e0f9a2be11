package collector

import (
	"weir/edge/envelope"
	"weir/edge/hmac"
	"weir/edge/protocol"
)

// sender is what a request says of who sent it.
type sender struct {
	hash   hmac.Hash
	keys   [3][hmac.Size]byte // hashes of the keys that it showed …
	shown  int                // … so many
	own    [hmac.Size]byte    // of the key that came with one event
	grants []grant            // of each access rule

	signs    envelope.Signs          // that it is a machine
	agent    envelope.SelfDescribing // the entity of one that signs its requests, if it does
	entities []envelope.SelfDescribing
}

// screen takes out the events that are not taken from their sender, and those
// of bots where it is asked to. If nothing is left the answer changes no cookie,
// and those who may be told are told.
func (c *Collector) screen(in *Input, answer *protocol.Answer) {
	c.refused, c.unwanted = 0, 0
	c.examine()
	c.observe(in)
	kept := 0
	for i := range c.events {
		e := &c.events[i]
		switch {
		case !c.admit(e):
			c.refused++
		case c.flag(e) == DropBots && e.Signs.Bot():
			c.unwanted++
		default:
			c.move(kept, i)
			kept++
		}
	}
	c.events = c.events[:kept]
	c.filtered = c.refused + c.unwanted
	if c.filtered == 0 || kept > 0 {
		return
	}
	answer.Identify = false
	if answer.Frank && c.refused > 0 {
		answer.Status, answer.ContentType, answer.Body = 403, "text/plain", bodyUnwelcome
	}
}

// move gives an event the place of one that is not kept. Events own memory
// that is used again: they change places.
func (c *Collector) move(to, from int) {
	if to != from {
		c.events[to], c.events[from] = c.events[from], c.events[to]
	}
}
