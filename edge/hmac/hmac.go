// Package hmac is HMAC-SHA-256 (RFC 2104, FIPS 180-4) for the edge: small, and
// without an allocation.
package hmac

import "encoding/binary"

// Size of a sum, in bytes.
const Size = 32

// Key makes sums of messages, one at a time: Reset, Write as often as needed,
// Sum. The zero Key is none; see [New]. It is not safe for concurrent use.
type Key struct {
	inner, outer [8]uint32 // the states of SHA-256 after the padded key

	state  [8]uint32
	block  [blockSize]byte
	filled int    // bytes of block
	length uint64 // bytes hashed into state
	made   bool
}

// New returns a key of any length; one below 16 bytes is no secret.
func New(secret []byte) Key {
	var k Key
	if len(secret) > blockSize {
		k.state = sha256Start
		k.Write(secret)
		sum := k.finish()
		secret = sum[:]
	}
	var in, out [blockSize]byte
	copy(in[:], secret)
	copy(out[:], secret)
	for i := range in {
		in[i] ^= 0x36
		out[i] ^= 0x5c
	}
	k = Key{inner: compress(sha256Start, in[:]), outer: compress(sha256Start, out[:]), made: true}
	// TinyGo may have put them on the heap, where the secret could be read off them.
	clear(in[:])
	clear(out[:])
	return k
}

// Made reports whether there is a key: whether it came from [New].
func (k *Key) Made() bool { return k.made }

// Reset begins a message.
func (k *Key) Reset() { k.state, k.filled, k.length = k.inner, 0, blockSize }

// Write adds to the message.
func (k *Key) Write(p []byte) {
	if k.filled > 0 {
		n := copy(k.block[k.filled:], p)
		k.filled, p = k.filled+n, p[n:]
		if k.filled < blockSize {
			return
		}
		k.state, k.filled, k.length = compress(k.state, k.block[:]), 0, k.length+blockSize
	}
	whole := len(p) &^ (blockSize - 1)
	k.state, k.length = compress(k.state, p[:whole]), k.length+uint64(whole)
	k.filled = copy(k.block[:], p[whole:])
}

// Sum returns the sum of the message, which has then ended.
func (k *Key) Sum() [Size]byte {
	sum := k.finish()
	k.state, k.filled, k.length = k.outer, 0, blockSize
	k.Write(sum[:])
	return k.finish()
}

// finish pads the last block, with a one bit, zeros, and the length in bits, and
// returns the hash.
func (k *Key) finish() (sum [Size]byte) {
	bits := (k.length + uint64(k.filled)) * 8
	k.block[k.filled] = 0x80
	clear(k.block[k.filled+1:])
	if k.filled+1 > blockSize-8 {
		k.state = compress(k.state, k.block[:])
		clear(k.block[:])
	}
	binary.BigEndian.PutUint64(k.block[blockSize-8:], bits)
	for i, word := range compress(k.state, k.block[:]) {
		binary.BigEndian.PutUint32(sum[4*i:], word)
	}
	return sum
}

// Equal compares without telling by the time it takes where two differ.
func Equal(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	differ := byte(0)
	for i := range a {
		differ |= a[i] ^ b[i]
	}
	return differ == 0
}
