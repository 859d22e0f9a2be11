// Package ecma compiles ECMA-262 regular expressions into pattern tables.
package ecma

import "errors"

// Compile compiles an ECMA-262 pattern (u flag) into a table for
// weir/schemas/validate/pattern.
func Compile(pattern string) (table []byte, err error) {
	return nil, errors.New("ecma: not compiled")
}
