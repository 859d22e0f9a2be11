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

	// Salt is that of Snowplow's pseudonymisation, for hashes that must equal
	// those of such a pipeline. Without one those are dropped.
	Salt    string
	sha     hmac.Hash
	scratch []byte
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

// appendAs appends a hash of that form, and reports whether it can be made.
func (k *Key) appendAs(dst []byte, text string, as form) ([]byte, bool) {
	switch {
	case !k.ready(), as == snowplows && k.Salt == "":
		return dst, false
	case as == snowplows:
		k.scratch = append(append(k.scratch[:0], text...), k.Salt...)
		return appendDigits(dst, k.sha.Sum(k.scratch)), true
	}
	return k.appendHash(dst, text), true
}

// appendHash appends the HMAC-SHA-256 of a text as 64 hexadecimal digits.
func (k *Key) appendHash(dst []byte, text string) []byte {
	k.mac.Reset()
	k.mac.Write(envelope.ViewBytes(text))
	return appendDigits(dst, k.mac.Sum())
}

func appendDigits(dst []byte, sum [hmac.Size]byte) []byte {
	const digits = "0123456789abcdef"
	for _, b := range sum {
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
