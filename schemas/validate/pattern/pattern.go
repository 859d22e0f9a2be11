// Package pattern matches strings against patterns that were compiled ahead of
// time into tables. There is no regular expression engine in here: a table is a
// literal, a length range, a row of segments or a deterministic automaton, and
// each is matched in one forward pass, so the time is linear in the string
// whatever the pattern was.
//
// A table is position-independent bytes, used in place. Its first byte is its
// Kind; the layout of the rest is described beside each kind. All integers are
// little-endian. Package weir/schemas/compile/ecma writes tables.
package pattern

import (
	_ "unsafe" // for go:nobounds, see package validate

	"weir/schemas/scan"
)

// Kind says how a table matches.
type Kind uint8

const (
	// Never matches no string. The table is one byte.
	Never Kind = iota
	// Always matches every string. The table is one byte.
	Always
	// Equal matches the string that follows the kind, and no other.
	Equal
	// Prefix matches strings that begin with what follows the kind.
	Prefix
	// Length matches by number of code points: [1] 1 if strings that hold a
	// line terminator (LF, CR, U+2028, U+2029) are refused, else 0;
	// [2:6] minimum; [6:10] maximum, Unlimited for none.
	Length
	// Segments matches a row of literals and runs, see segments.go.
	Segments
	// DFA8 is an automaton over bytes with states of one byte, see dfa.go.
	DFA8
	// DFA16 is an automaton over bytes with states of two bytes, see dfa.go.
	DFA16
)

// Unlimited is the maximum of a range that has none.
const Unlimited = 1<<32 - 1

// Match reports whether s contains a match of the pattern compiled into table.
// The table must have passed Valid. s is text after JSON unescaping, in UTF-8;
// on bytes that are not UTF-8 the answer is unspecified, but Match is safe.
func Match(table, s []byte) bool {
	if len(table) == 0 {
		return false
	}
	switch Kind(table[0]) {
	case Always:
		return true
	case Equal:
		return scan.Equal(table[1:], s)
	case Prefix:
		n := len(table) - 1
		return len(s) >= n && scan.Equal(s[:n], table[1:])
	case Length:
		return matchLength(table, s)
	case Segments:
		return matchSegments(table, s)
	case DFA8:
		return matchDFA8(table, s)
	case DFA16:
		return matchDFA16(table, s)
	}
	return false
}

func (k Kind) String() string {
	switch k {
	case Never:
		return "never"
	case Always:
		return "always"
	case Equal:
		return "equal"
	case Prefix:
		return "prefix"
	case Length:
		return "length"
	case Segments:
		return "segments"
	case DFA8:
		return "dfa8"
	case DFA16:
		return "dfa16"
	}
	return "unknown"
}
