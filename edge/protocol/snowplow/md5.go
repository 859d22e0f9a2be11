package snowplow

import (
	"encoding/binary"
	"math/bits"
)

// md5Sum is MD5 by RFC 1321. Where crypto/md5 is linked, the whole of Go's FIPS
// 140 module comes with it, which would make the edge module a third larger and
// run self-tests whenever an instance starts. A fingerprint is no security.
func md5Sum(data []byte) [16]byte {
	state := [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}
	rest := data
	for ; len(rest) >= 64; rest = rest[64:] {
		md5Block(&state, rest)
	}
	// A one bit, zeros, and the length in bits fill the last block or two.
	var tail [128]byte
	n := copy(tail[:], rest)
	tail[n] = 0x80
	end := 64
	if n >= 56 {
		end = 128
	}
	binary.LittleEndian.PutUint64(tail[end-8:], uint64(len(data))*8)
	for at := 0; at < end; at += 64 {
		md5Block(&state, tail[at:])
	}
	var sum [16]byte
	for i, word := range state {
		binary.LittleEndian.PutUint32(sum[4*i:], word)
	}
	return sum
}

// md5Block takes the first 64 bytes of p.
func md5Block(state *[4]uint32, p []byte) {
	var x [16]uint32
	for i := range x {
		x[i] = binary.LittleEndian.Uint32(p[4*i:])
	}
	a, b, c, d := state[0], state[1], state[2], state[3]
	for i := 0; i < 16; i += 4 {
		a = b + bits.RotateLeft32(((c^d)&b^d)+a+x[i]+md5Sines[i], 7)
		d = a + bits.RotateLeft32(((b^c)&a^c)+d+x[i+1]+md5Sines[i+1], 12)
		c = d + bits.RotateLeft32(((a^b)&d^b)+c+x[i+2]+md5Sines[i+2], 17)
		b = c + bits.RotateLeft32(((d^a)&c^a)+b+x[i+3]+md5Sines[i+3], 22)
	}
	for i := 16; i < 32; i += 4 {
		a = b + bits.RotateLeft32(((b^c)&d^c)+a+x[(5*i+1)&15]+md5Sines[i], 5)
		d = a + bits.RotateLeft32(((a^b)&c^b)+d+x[(5*i+6)&15]+md5Sines[i+1], 9)
		c = d + bits.RotateLeft32(((d^a)&b^a)+c+x[(5*i+11)&15]+md5Sines[i+2], 14)
		b = c + bits.RotateLeft32(((c^d)&a^d)+b+x[(5*i)&15]+md5Sines[i+3], 20)
	}
	for i := 32; i < 48; i += 4 {
		a = b + bits.RotateLeft32((b^c^d)+a+x[(3*i+5)&15]+md5Sines[i], 4)
		d = a + bits.RotateLeft32((a^b^c)+d+x[(3*i+8)&15]+md5Sines[i+1], 11)
		c = d + bits.RotateLeft32((d^a^b)+c+x[(3*i+11)&15]+md5Sines[i+2], 16)
		b = c + bits.RotateLeft32((c^d^a)+b+x[(3*i+14)&15]+md5Sines[i+3], 23)
	}
	for i := 48; i < 64; i += 4 {
		a = b + bits.RotateLeft32((c^(b|^d))+a+x[(7*i)&15]+md5Sines[i], 6)
		d = a + bits.RotateLeft32((b^(a|^c))+d+x[(7*i+7)&15]+md5Sines[i+1], 10)
		c = d + bits.RotateLeft32((a^(d|^b))+c+x[(7*i+14)&15]+md5Sines[i+2], 15)
		b = c + bits.RotateLeft32((d^(c|^a))+b+x[(7*i+21)&15]+md5Sines[i+3], 21)
	}
	state[0] += a
	state[1] += b
	state[2] += c
	state[3] += d
}

// md5Sines[i] is the integer part of 2^32·|sin(i+1)|.
var md5Sines = [64]uint32{
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
}
