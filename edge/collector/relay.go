package collector

import (
	"strings"

	"weir/edge/envelope"
)

// relay returns the input of a request whose sender is not whom its events are
// about, without what it says of its sender.
func (c *Collector) relay(in *Input) *Input {
	c.relayed = *in
	c.relayed.Request.ClientIP = ""
	c.relayed.Location = envelope.Location{}
	c.relayed.Bot = BotScore{}
	c.headers = c.headers[:0]
	for _, h := range c.request.Headers {
		if !strings.EqualFold(h.Name, "User-Agent") && !strings.HasPrefix(h.Name, "Signature") {
			c.headers = append(c.headers, h)
		}
	}
	c.request.Headers = c.headers
	return &c.relayed
}
