package protocol

import (
	"encoding/binary"
	"math/bits"

	"weir/edge/envelope"
)

// Unit is what stands behind each part of a message that is fingerprinted: the
// ASCII unit separator.
const Unit = 0x1f

// Fingerprint returns the MD5 of message as 32 hexadecimal digits, in memory of
// the arena. It appends to message, and returns that too so that it can be used again.
func Fingerprint(a *envelope.Arena, message []byte) (string, []byte) {
	message = md5Pad(message)
	sum := md5Sum(message)
	const digits = "0123456789abcdef"
	spelled := a.Bytes(2 * len(sum))
	for _, b := range sum {
		spelled = append(spelled, digits[b>>4], digits[b&15])
	}
	return a.KeepString(spelled), message
}

// md5Pad fills the last block of a message up: a one bit, zeros, and the
// length in bits.
func md5Pad(message []byte) []byte {
	length := uint64(len(message)) * 8
	message = append(message, md5Padding[:64-(len(message)+8)&63]...)
	return binary.LittleEndian.AppendUint64(message, length)
}

var md5Padding = [64]byte{0x80}

// md5Sum is MD5 by RFC 1321 of a message that md5Pad filled up. Where crypto/md5
// is linked, the whole of Go's FIPS 140 module comes with it, which would make
// the edge module a third larger and run self-tests whenever an instance starts.
// A fingerprint is no security.
//
// The 64 steps of a block are spelled out, four rounds of sixteen: each with
// its word of the block, the integer part of 2^32·|sin(step)|, and its shift.
// As every step waits for the one before, what does not need that one's result
// is computed first, in every expression.
func md5Sum(p []byte) (sum [16]byte) {
	a, b, c, d := uint32(0x67452301), uint32(0xefcdab89), uint32(0x98badcfe), uint32(0x10325476)
	for ; len(p) >= 64; p = p[64:] {
		aa, bb, cc, dd := a, b, c, d
		x0 := binary.LittleEndian.Uint32(p[0:])
		x1 := binary.LittleEndian.Uint32(p[4:])
		x2 := binary.LittleEndian.Uint32(p[8:])
		x3 := binary.LittleEndian.Uint32(p[12:])
		x4 := binary.LittleEndian.Uint32(p[16:])
		x5 := binary.LittleEndian.Uint32(p[20:])
		x6 := binary.LittleEndian.Uint32(p[24:])
		x7 := binary.LittleEndian.Uint32(p[28:])
		x8 := binary.LittleEndian.Uint32(p[32:])
		x9 := binary.LittleEndian.Uint32(p[36:])
		x10 := binary.LittleEndian.Uint32(p[40:])
		x11 := binary.LittleEndian.Uint32(p[44:])
		x12 := binary.LittleEndian.Uint32(p[48:])
		x13 := binary.LittleEndian.Uint32(p[52:])
		x14 := binary.LittleEndian.Uint32(p[56:])
		x15 := binary.LittleEndian.Uint32(p[60:])

		a = b + bits.RotateLeft32(a+x0+0xd76aa478+((c^d)&b^d), 7)
		d = a + bits.RotateLeft32(d+x1+0xe8c7b756+((b^c)&a^c), 12)
		c = d + bits.RotateLeft32(c+x2+0x242070db+((a^b)&d^b), 17)
		b = c + bits.RotateLeft32(b+x3+0xc1bdceee+((d^a)&c^a), 22)
		a = b + bits.RotateLeft32(a+x4+0xf57c0faf+((c^d)&b^d), 7)
		d = a + bits.RotateLeft32(d+x5+0x4787c62a+((b^c)&a^c), 12)
		c = d + bits.RotateLeft32(c+x6+0xa8304613+((a^b)&d^b), 17)
		b = c + bits.RotateLeft32(b+x7+0xfd469501+((d^a)&c^a), 22)
		a = b + bits.RotateLeft32(a+x8+0x698098d8+((c^d)&b^d), 7)
		d = a + bits.RotateLeft32(d+x9+0x8b44f7af+((b^c)&a^c), 12)
		c = d + bits.RotateLeft32(c+x10+0xffff5bb1+((a^b)&d^b), 17)
		b = c + bits.RotateLeft32(b+x11+0x895cd7be+((d^a)&c^a), 22)
		a = b + bits.RotateLeft32(a+x12+0x6b901122+((c^d)&b^d), 7)
		d = a + bits.RotateLeft32(d+x13+0xfd987193+((b^c)&a^c), 12)
		c = d + bits.RotateLeft32(c+x14+0xa679438e+((a^b)&d^b), 17)
		b = c + bits.RotateLeft32(b+x15+0x49b40821+((d^a)&c^a), 22)

		a = b + bits.RotateLeft32(a+x1+0xf61e2562+(c&^d)+(b&d), 5)
		d = a + bits.RotateLeft32(d+x6+0xc040b340+(b&^c)+(a&c), 9)
		c = d + bits.RotateLeft32(c+x11+0x265e5a51+(a&^b)+(d&b), 14)
		b = c + bits.RotateLeft32(b+x0+0xe9b6c7aa+(d&^a)+(c&a), 20)
		a = b + bits.RotateLeft32(a+x5+0xd62f105d+(c&^d)+(b&d), 5)
		d = a + bits.RotateLeft32(d+x10+0x02441453+(b&^c)+(a&c), 9)
		c = d + bits.RotateLeft32(c+x15+0xd8a1e681+(a&^b)+(d&b), 14)
		b = c + bits.RotateLeft32(b+x4+0xe7d3fbc8+(d&^a)+(c&a), 20)
		a = b + bits.RotateLeft32(a+x9+0x21e1cde6+(c&^d)+(b&d), 5)
		d = a + bits.RotateLeft32(d+x14+0xc33707d6+(b&^c)+(a&c), 9)
		c = d + bits.RotateLeft32(c+x3+0xf4d50d87+(a&^b)+(d&b), 14)
		b = c + bits.RotateLeft32(b+x8+0x455a14ed+(d&^a)+(c&a), 20)
		a = b + bits.RotateLeft32(a+x13+0xa9e3e905+(c&^d)+(b&d), 5)
		d = a + bits.RotateLeft32(d+x2+0xfcefa3f8+(b&^c)+(a&c), 9)
		c = d + bits.RotateLeft32(c+x7+0x676f02d9+(a&^b)+(d&b), 14)
		b = c + bits.RotateLeft32(b+x12+0x8d2a4c8a+(d&^a)+(c&a), 20)

		a = b + bits.RotateLeft32(a+x5+0xfffa3942+(c^d^b), 4)
		d = a + bits.RotateLeft32(d+x8+0x8771f681+(b^c^a), 11)
		c = d + bits.RotateLeft32(c+x11+0x6d9d6122+(a^b^d), 16)
		b = c + bits.RotateLeft32(b+x14+0xfde5380c+(d^a^c), 23)
		a = b + bits.RotateLeft32(a+x1+0xa4beea44+(c^d^b), 4)
		d = a + bits.RotateLeft32(d+x4+0x4bdecfa9+(b^c^a), 11)
		c = d + bits.RotateLeft32(c+x7+0xf6bb4b60+(a^b^d), 16)
		b = c + bits.RotateLeft32(b+x10+0xbebfbc70+(d^a^c), 23)
		a = b + bits.RotateLeft32(a+x13+0x289b7ec6+(c^d^b), 4)
		d = a + bits.RotateLeft32(d+x0+0xeaa127fa+(b^c^a), 11)
		c = d + bits.RotateLeft32(c+x3+0xd4ef3085+(a^b^d), 16)
		b = c + bits.RotateLeft32(b+x6+0x04881d05+(d^a^c), 23)
		a = b + bits.RotateLeft32(a+x9+0xd9d4d039+(c^d^b), 4)
		d = a + bits.RotateLeft32(d+x12+0xe6db99e5+(b^c^a), 11)
		c = d + bits.RotateLeft32(c+x15+0x1fa27cf8+(a^b^d), 16)
		b = c + bits.RotateLeft32(b+x2+0xc4ac5665+(d^a^c), 23)

		a = b + bits.RotateLeft32(a+x0+0xf4292244+(c^(b|^d)), 6)
		d = a + bits.RotateLeft32(d+x7+0x432aff97+(b^(a|^c)), 10)
		c = d + bits.RotateLeft32(c+x14+0xab9423a7+(a^(d|^b)), 15)
		b = c + bits.RotateLeft32(b+x5+0xfc93a039+(d^(c|^a)), 21)
		a = b + bits.RotateLeft32(a+x12+0x655b59c3+(c^(b|^d)), 6)
		d = a + bits.RotateLeft32(d+x3+0x8f0ccc92+(b^(a|^c)), 10)
		c = d + bits.RotateLeft32(c+x10+0xffeff47d+(a^(d|^b)), 15)
		b = c + bits.RotateLeft32(b+x1+0x85845dd1+(d^(c|^a)), 21)
		a = b + bits.RotateLeft32(a+x8+0x6fa87e4f+(c^(b|^d)), 6)
		d = a + bits.RotateLeft32(d+x15+0xfe2ce6e0+(b^(a|^c)), 10)
		c = d + bits.RotateLeft32(c+x6+0xa3014314+(a^(d|^b)), 15)
		b = c + bits.RotateLeft32(b+x13+0x4e0811a1+(d^(c|^a)), 21)
		a = b + bits.RotateLeft32(a+x4+0xf7537e82+(c^(b|^d)), 6)
		d = a + bits.RotateLeft32(d+x11+0xbd3af235+(b^(a|^c)), 10)
		c = d + bits.RotateLeft32(c+x2+0x2ad7d2bb+(a^(d|^b)), 15)
		b = c + bits.RotateLeft32(b+x9+0xeb86d391+(d^(c|^a)), 21)

		a, b, c, d = a+aa, b+bb, c+cc, d+dd
	}
	for i, word := range [...]uint32{a, b, c, d} {
		binary.LittleEndian.PutUint32(sum[4*i:], word)
	}
	return sum
}
