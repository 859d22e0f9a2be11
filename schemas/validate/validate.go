// Package validate runs compiled schemas over JSON bytes: one pass, no tree,
// no allocation for a valid document.
package validate

import "weir/schemas/bundle"

// Set is a bundle ready to run.
type Set struct{ b *bundle.Bundle }

// NewSet returns a set over a verified bundle.
func NewSet(b *bundle.Bundle) *Set { return &Set{b} }

// Lookup finds the program for a schema key ("iglu:vendor/name/format/1-0-0")
// or an absolute schema URI.
func (s *Set) Lookup(key []byte) (Program, bool) { return Program{}, false }

// Program is the compiled form of one schema. The zero Program accepts nothing.
type Program struct{ set *Set }

// Violation is one keyword that a document broke. It holds no values.
type Violation struct{}

// Validate appends to dst what doc violates. An empty result means valid.
// It checks the JSON grammar and UTF-8 of doc in the same pass.
func (p Program) Validate(dst []Violation, doc []byte) []Violation { return dst }

// AppendPath appends the RFC 6901 pointer of the offending value.
func (v *Violation) AppendPath(dst []byte) []byte { return dst }

// AppendMessage appends a sentence that says what was expected.
func (v *Violation) AppendMessage(dst []byte) []byte { return dst }

// Keyword returns the JSON Schema keyword that failed, or one of weir's own
// codes ("syntax", "depth", "fuel", "duplicateKey").
func (v *Violation) Keyword() string { return "" }
