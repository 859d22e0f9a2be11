// Package ecma compiles ECMA-262 regular expressions, read with the u flag,
// into the tables of weir/schemas/validate/pattern.
//
// The dialect is ECMA-262 2025, section 22.2.1, with two differences. What only
// a backtracking engine can match (lookaround, backreferences) is refused with an
// Error, and so are the modifiers (?i:…). And the parts of Annex B that cannot be
// mistaken for something else are allowed although the u flag forbids them: a
// brace or a closing bracket that stands for itself, \- and other escaped
// punctuation, and a class escape at the end of a range ([\w-.]). An escaped
// letter without a meaning stays an error, because \A, \Z or \h mean something in
// other dialects.
//
// Beyond ECMA-262, \p{…} also takes the aliases that Unicode gives to general
// categories, such as \p{digit}.
package ecma

import (
	"fmt"

	"weir/schemas/validate/pattern"
)

// Error is a fault in a pattern.
type Error struct {
	Pattern string
	Offset  int    // in bytes, where the faulty construct begins
	Reason  string // names the construct
}

func (e *Error) Error() string {
	return fmt.Sprintf("pattern %q: at offset %d: %s", e.Pattern, e.Offset, e.Reason)
}

// Compile compiles a pattern into a table whose match is linear in the string.
// A match may begin anywhere in the string, as the keyword "pattern" has it.
//
// The error is an *Error. A pattern can also fail because its automaton would
// have more than 2,048 states or 128 KB of transitions.
func Compile(source string) (table []byte, err error) {
	tree, err := parse(source)
	if err != nil {
		return nil, err
	}
	tree = simplify(tree)
	if t := segments(tree); t != nil {
		return t, nil
	}
	d, err := determinise(tree, false)
	if err != nil {
		return nil, &Error{source, 0, err.Error()}
	}
	if k, ok := d.constant(); ok {
		return []byte{byte(k)}, nil
	}
	t, err := d.table()
	if err != nil {
		return nil, &Error{source, 0, err.Error()}
	}
	return t, nil
}

// constant reports whether the automaton gives every string the same answer.
func (d *dfa) constant() (pattern.Kind, bool) {
	if len(d.next) > 1 {
		return 0, false
	}
	if d.accept[0] {
		return pattern.Always, true
	}
	return pattern.Never, true
}
