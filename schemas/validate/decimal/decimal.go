// Package decimal compares and divides JSON numbers exactly.
package decimal

// Number is a JSON number. It refers to the token it was parsed from.
type Number struct {
	digits []byte
}

// Parse reads a JSON number token. The token must follow the JSON grammar.
func Parse(token []byte) (Number, bool) { return Number{}, false }

// IsInteger reports whether the value is a whole number (1.0 is; draft 6 and later).
func (n Number) IsInteger() bool { return false }

// IsIntegerToken reports whether the token has neither fraction nor exponent (draft 4).
func IsIntegerToken(token []byte) bool { return false }

// Compare returns -1, 0 or +1.
func Compare(a, b Number) int { return 0 }

// MultipleOf reports whether a is an integer multiple of b.
func MultipleOf(a, b Number) bool { return false }

// Hash is equal for equal values.
func (n Number) Hash() uint64 { return 0 }

// Append appends the bundle form of n.
func Append(dst []byte, n Number) []byte { return dst }

// Read reads the bundle form in place and verifies it.
func Read(b []byte) (Number, error) { return Number{}, nil }
