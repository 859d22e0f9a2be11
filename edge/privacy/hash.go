package privacy

import (
	"errors"

	"weir/edge/envelope"
)

// Key is the key of hashes. Its id goes into receipts, so that hashes made with
// another key can be told apart after a rotation. The zero Key hashes nothing:
// what should be hashed is dropped.
type Key struct {
	ID           string
	inner, outer [8]uint32 // the states of SHA-256 after the padded key
	made         bool
	block        []byte
}

// NewKey returns a key of at least 16 bytes, which its id, 1 to 32 bytes, names in receipts.
func NewKey(id string, secret []byte) (Key, error) {
	if len(secret) < 16 {
		return Key{}, errors.New("a key must have at least 16 bytes")
	}
	if id == "" || len(id) > 32 {
		return Key{}, errors.New("the id of a key must have 1 to 32 bytes")
	}
	if len(secret) > blockSize {
		secret = appendSum(nil, sha256(sha256Start, pad(append([]byte(nil), secret...), 0)))
	}
	var in, out [blockSize]byte
	copy(in[:], secret)
	copy(out[:], secret)
	for i := range in {
		in[i] ^= 0x36
		out[i] ^= 0x5c
	}
	return Key{ID: id, inner: sha256(sha256Start, in[:]), outer: sha256(sha256Start, out[:]), made: true}, nil
}

func (k *Key) ready() bool { return k != nil && k.made }

// appendHash appends the HMAC-SHA-256 (RFC 2104) of a text as 64 hexadecimal digits.
func (k *Key) appendHash(dst []byte, text string) []byte {
	k.block = pad(append(k.block[:0], text...), blockSize)
	sum := sha256(k.inner, k.block)
	k.block = pad(appendSum(k.block[:0], sum), blockSize)
	sum = sha256(k.outer, k.block)
	const digits = "0123456789abcdef"
	for _, word := range sum {
		for shift := 28; shift >= 0; shift -= 4 {
			dst = append(dst, digits[word>>shift&15])
		}
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
