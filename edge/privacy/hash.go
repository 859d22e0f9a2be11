package privacy

import (
	"errors"

	"weir/edge/envelope"
	"weir/edge/hmac"
)

// Key is the key of hashes. Its id goes into receipts, so that hashes made with
// another key can be told apart after a rotation. The zero Key hashes nothing:
// what should be hashed is dropped.
type Key struct {
	ID  string
	mac hmac.Key
}

// NewKey returns a key of at least 16 bytes, which its id, 1 to 32 bytes, names in receipts.
func NewKey(id string, secret []byte) (Key, error) {
	if len(secret) < 16 {
		return Key{}, errors.New("a key must have at least 16 bytes")
	}
	if id == "" || len(id) > 32 {
		return Key{}, errors.New("the id of a key must have 1 to 32 bytes")
	}
	return Key{ID: id, mac: hmac.New(secret)}, nil
}

func (k *Key) ready() bool { return k != nil && k.mac.Made() }

// appendHash appends the HMAC-SHA-256 of a text as 64 hexadecimal digits.
func (k *Key) appendHash(dst []byte, text string) []byte {
	k.mac.Reset()
	k.mac.Write(envelope.ViewBytes(text))
	const digits = "0123456789abcdef"
	for _, b := range k.mac.Sum() {
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

// Fingerprint returns a fingerprint of 32 digits that can only be made with the
// key, in memory of the arena, or false if there is no key.
func (k *Key) Fingerprint(arena *envelope.Arena, text string) (string, bool) {
	if !k.ready() {
		return "", false
	}
	b := k.appendHash(arena.Bytes(64), text)
	return arena.KeepString(b[:32]), true
}
