//go:build !simd128

package scan

// PlainEnd returns the index of the first byte of doc, at or after i, that is a
// quote, a backslash, a control byte or not ASCII; or len(doc) if there is none.
func PlainEnd(doc []byte, i int) int { return plainEnd(doc, i) }

// Quote returns the index of the quote that ends the string which goes on at
// doc[i], if the string is plain from there on: printable ASCII without escape
// sequences. Otherwise it returns, inverted, the index where it is not.
func Quote(doc []byte, i int) int { return quoteAt(doc, plainEnd(doc, i)) }
