package collector

import (
	"weir/edge/privacy"
	"weir/edge/protocol"
	"weir/edge/protocol/signed"
)

// Webhook says that what is posted to some paths is signed, and how: standard,
// stripe, github, shopify or slack. A request that is not, or with another
// secret, is refused with 401 and nothing of it is kept.
type Webhook struct {
	Path     string // as sent or as mapped, '*' standing for any run of characters
	Verifier *signed.Verifier
}

var (
	bodyUnsigned = []byte("the signature does not verify")
	bodyTooLarge = []byte("the body is too large for its signature to be checked")
)

// forged answers, and returns true, if the request should be signed and is not.
// The first webhook whose path fits decides.
func (c *Collector) forged(in *Input) bool {
	if len(c.settings.Webhooks) == 0 || c.request.Method != "POST" {
		return false
	}
	// Adapters undo escapes: a path that is spelled differently is the same one.
	sent := protocol.Unescape(&c.arena, in.Request.Path, false)
	mapped := protocol.Unescape(&c.arena, c.request.Path, false)
	for i := range c.settings.Webhooks {
		w := &c.settings.Webhooks[i]
		if !privacy.Matches(w.Path, sent) && !privacy.Matches(w.Path, mapped) {
			continue
		}
		status, body := 401, bodyUnsigned
		switch {
		case c.request.BodyTooLarge:
			status, body = 413, bodyTooLarge
		case w.Verifier.Verify(&c.request, in.NowMillis):
			return false
		}
		c.response = append(c.response, protocol.Header{Name: "Content-Type", Value: "text/plain"})
		c.respond(status, body)
		return true
	}
	return false
}
