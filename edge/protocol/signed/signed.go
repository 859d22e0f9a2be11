// Package signed checks the signatures of webhooks: that whoever posts knows
// the secret that the sender was given.
package signed

import (
	"errors"
	"strings"

	"weir/edge/envelope"
	"weir/edge/hmac"
	"weir/edge/protocol"
)

// Scheme is how a sender signs. All of them are HMAC-SHA-256.
type Scheme uint8

const (
	// Standard is that of Standard Webhooks 1.0: of id, timestamp and body, in base64.
	Standard Scheme = iota
	// Stripe signs timestamp and body; header Stripe-Signature, "t=…,v1=…" in hexadecimal.
	Stripe
	// GitHub signs the body; header X-Hub-Signature-256, "sha256=…" in hexadecimal.
	GitHub
	// Shopify signs the body; header X-Shopify-Hmac-Sha256 in base64.
	Shopify
	// Slack signs version, timestamp and body; header X-Slack-Signature, "v0=…" in hexadecimal.
	Slack
)

var schemes = [...]string{"standard", "stripe", "github", "shopify", "slack"}

// ParseScheme returns the scheme of that name.
func ParseScheme(name string) (Scheme, bool) {
	for i, n := range schemes {
		if n == name {
			return Scheme(i), true
		}
	}
	return 0, false
}

// Window is how far a timestamp may lie from now, in milliseconds, in schemes
// that have one: five minutes, as Standard Webhooks, Stripe and Slack advise.
const Window = 5 * 60 * 1000

// Verifier checks the requests of one sender. It is not safe for concurrent use.
type Verifier struct {
	Scheme Scheme
	keys   []hmac.Key // any of them verifies
	arena  envelope.Arena
}

// New returns a verifier with the secrets that may sign, as the sender shows
// them: whsec_ and base64 for Standard Webhooks, else the text itself.
func New(scheme Scheme, secrets ...string) (*Verifier, error) {
	v := &Verifier{Scheme: scheme}
	for _, secret := range secrets {
		key := []byte(secret)
		if scheme == Standard {
			var arena envelope.Arena
			text, ok := strings.CutPrefix(secret, "whsec_")
			if key = protocol.DecodeBase64(&arena, text); !ok || len(key) == 0 {
				return nil, errors.New(`must be "whsec_" and base64`)
			}
		}
		if len(key) < 16 {
			return nil, errors.New("must have at least 16 bytes")
		}
		v.keys = append(v.keys, hmac.New(key))
	}
	if len(v.keys) == 0 {
		return nil, errors.New("needs a secret")
	}
	return v, nil
}

// Verify reports whether the request is signed, and not too long ago.
func (v *Verifier) Verify(r *protocol.Request, nowMillis int64) bool {
	switch v.Scheme {
	case Standard:
		id, timestamp := r.Header("Webhook-Id"), r.Header("Webhook-Timestamp")
		return id != "" && recent(timestamp, nowMillis) && v.any(r.Header("Webhook-Signature"), " ", "v1,", base64, id, ".", timestamp, ".", r.Body)
	case Stripe:
		header := r.Header("Stripe-Signature")
		timestamp := element(header, "t=")
		return recent(timestamp, nowMillis) && v.any(header, ",", "v1=", hexadecimal, timestamp, ".", "", "", r.Body)
	case GitHub:
		return v.any(r.Header("X-Hub-Signature-256"), " ", "sha256=", hexadecimal, "", "", "", "", r.Body)
	case Shopify:
		return v.any(r.Header("X-Shopify-Hmac-Sha256"), " ", "", base64, "", "", "", "", r.Body)
	case Slack:
		timestamp := r.Header("X-Slack-Request-Timestamp")
		return recent(timestamp, nowMillis) && v.any(r.Header("X-Slack-Signature"), " ", "v0=", hexadecimal, "v0:", timestamp, ":", "", r.Body)
	}
	return false
}

// element returns the rest of the element of a list, set apart by commas, that
// begins with prefix.
func element(list, prefix string) string {
	for list != "" {
		var one string
		one, list, _ = strings.Cut(list, ",")
		if rest, ok := strings.CutPrefix(strings.TrimSpace(one), prefix); ok {
			return rest
		}
	}
	return ""
}

// recent reports whether seconds since the Unix epoch lie within the window.
func recent(seconds string, nowMillis int64) bool {
	if seconds == "" || len(seconds) > 12 {
		return false
	}
	n := int64(0)
	for i := range len(seconds) {
		c := seconds[i]
		if c-'0' > 9 {
			return false
		}
		n = n*10 + int64(c-'0')
	}
	distance := nowMillis - n*1000
	return -Window <= distance && distance <= Window
}

// encoding reads what a sender has written, nil if it is not written so.
type encoding func(arena *envelope.Arena, s string) []byte

// any reports whether one of the signatures in a list, which begin with prefix,
// is that of the parts and the body by one of the keys.
func (v *Verifier) any(list, separator, prefix string, decode encoding, a, b, c, d string, body []byte) bool {
	const most = 16 // signatures that are looked at
	for n := 0; list != "" && n < most; n++ {
		var one string
		one, list, _ = strings.Cut(list, separator)
		text, ok := strings.CutPrefix(strings.TrimSpace(one), prefix)
		if !ok {
			continue
		}
		v.arena.Reset()
		given := decode(&v.arena, text)
		for i := range v.keys {
			k := &v.keys[i]
			k.Reset()
			k.Write(envelope.ViewBytes(a))
			k.Write(envelope.ViewBytes(b))
			k.Write(envelope.ViewBytes(c))
			k.Write(envelope.ViewBytes(d))
			k.Write(body)
			sum := k.Sum()
			if hmac.Equal(sum[:], given) {
				return true
			}
		}
	}
	return false
}

func base64(arena *envelope.Arena, s string) []byte { return protocol.DecodeBase64(arena, s) }

func hexadecimal(arena *envelope.Arena, s string) []byte {
	if len(s)%2 != 0 {
		return nil
	}
	b := arena.Bytes(len(s) / 2)
	for i := 0; i < len(s); i += 2 {
		high, ok := digit(s[i])
		low, ok2 := digit(s[i+1])
		if !ok || !ok2 {
			return nil
		}
		b = append(b, high<<4|low)
	}
	return arena.Keep(b)
}

func digit(c byte) (byte, bool) {
	switch {
	case c-'0' <= 9:
		return c - '0', true
	case c|0x20-'a' <= 5:
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
