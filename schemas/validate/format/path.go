//go:build !simd128

package format

// pathEnd returns an index up to which s[i:] holds nothing but characters of a
// path: here, without vector instructions, none of them.
func pathEnd(_ []byte, i int) int { return i }
