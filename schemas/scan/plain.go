//go:build !simd128

package scan

// PlainEnd returns the index of the first byte of doc, at or after i, that is a
// quote, a backslash, a control byte or not ASCII; or len(doc) if there is none.
func PlainEnd(doc []byte, i int) int { return plainEnd(doc, i) }
