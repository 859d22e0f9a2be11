package collector

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/privacy"
)

// BotScore is what a CDN knows of whether a request is a person's.
type BotScore struct {
	Score    uint8 // 1 (surely a machine) to 99 (surely a person), 0 for unknown
	Verified bool  // the machine is one that the CDN knows, such as a search engine's
}

// BotRule says what becomes of the events of machines. Its apps are patterns in
// which '*' stands for any run of characters; without any, every event is meant.
type BotRule struct {
	Apps []string // "apps"
	Do   BotPolicy
}

// BotPolicy is what becomes of the events of machines.
type BotPolicy uint8

const (
	// FlagBots ("flag") notes the signs, and that two of them agree: the default.
	FlagBots BotPolicy = iota
	// DropBots ("drop") keeps nothing of an event of which two signs say that it
	// is a machine's, but counts it.
	DropBots
	// IgnoreBots ("ignore") looks for no signs.
	IgnoreBots
)

// likelyBot is the score from which on Cloudflare's documentation calls a
// request likely a person's.
const likelyBot = 30

// observe finds the signs that a request bears.
func (c *Collector) observe(in *Input) {
	s := &c.sender
	s.signs, s.agent = envelope.Signs{}, envelope.SelfDescribing{}
	s.entities = s.entities[:0]
	if in.Bot.Score < likelyBot {
		s.signs.Score = in.Bot.Score
	}
	s.signs.Verified = in.Bot.Verified
	s.signs.UserAgent = classify(c.request.Header("User-Agent"))
	s.signs.Network = isHosting(in.Location.ASN)
	s.signs.Headers = c.isUnlikeBrowser()
	if c.signsItself() {
		s.signs.Signature = true
		s.agent = c.signingAgent()
	}
}

// isUnlikeBrowser reports whether a request says that it is Chrome's and bears
// none of what every Chrome sends over TLS: a language, or the Fetch Metadata
// that no script can set (W3C Fetch Metadata Request Headers).
func (c *Collector) isUnlikeBrowser() bool {
	r := &c.request
	if !r.Secure || r.Header("Accept-Language") != "" || r.Header("Sec-Fetch-Mode") != "" {
		return false
	}
	return strings.Contains(r.Header("User-Agent"), " Chrome/")
}

// flag notes the signs of an event, unless a server's key vouches for it, and
// returns what the policy of its app says of machines.
func (c *Collector) flag(e *envelope.Event) BotPolicy {
	policy := FlagBots
	for i := range c.settings.Bots {
		if r := &c.settings.Bots[i]; privacy.Listed(r.Apps, e.Get(envelope.AppID)) {
			policy = r.Do
			break
		}
	}
	if c.sender.agent.Schema != "" {
		c.attach(e)
	}
	if policy == IgnoreBots || e.Server {
		return policy
	}
	e.Signs = c.sender.signs
	if own := e.Get(envelope.UserAgent); own != "" { // of whom a server sends it for
		e.Signs.UserAgent = classify(own)
	}
	return policy
}
