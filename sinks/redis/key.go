package redis

import (
	"crypto/sha256"
	"encoding/base64"

	"weir/sinks"
)

// seenKey is the key that remembers an event: the stream's hash tag in braces,
// so that both lie in one slot of a cluster, a colon, and base64url of the
// first 16 bytes of SHA-256 over event_id, a zero byte and event_fingerprint.
// Hashed it is short, and nobody can craft an event that hides another's.
func seenKey(prefix string, e *sinks.Event) string {
	var room [128]byte
	text := append(append(append(room[:0], e.ID...), 0), e.Fingerprint...)
	sum := sha256.Sum256(text)
	var key [256]byte
	return string(base64.RawURLEncoding.AppendEncode(append(key[:0], prefix...), sum[:16]))
}

// seenPrefix begins the keys that remember events.
func (c *Config) seenPrefix() string { return "{" + c.hashTag() + "}:" }
