// Package validate runs compiled schemas over JSON bytes: one pass, no tree,
// no allocation for a valid document.
//
//	b, err := bundle.Open(data)
//	...
//	set := validate.NewSet(b)
//	p, ok := set.Lookup([]byte("iglu:com.example/product_view/jsonschema/1-0-0"))
//	...
//	for _, v := range p.Validate(nil, doc) {
//		fmt.Printf("%s: %s\n", v.AppendPath(nil), v.AppendMessage(nil))
//	}
//
// The same pass checks the JSON grammar, UTF-8, nesting depth and that no
// object repeats a member name. Keywords that apply several schemas to one
// value (anyOf, oneOf, not, if, $ref with siblings, …) read its bytes again,
// within a limit that keeps the whole run linear in the document.
//
// Three readings of the specifications, where they leave room or weir differs:
//
//   - a repeated member name is a violation ("duplicateKey"), never "last wins"
//   - an escaped lone surrogate counts as U+FFFD
//   - lengths are counted in code points, numbers are exact decimals, patterns
//     are not anchored
package validate

import (
	"sync"

	"weir/schemas/bundle"
)

// Set is a bundle ready to run. It is safe for concurrent use.
type Set struct{ b *bundle.Bundle }

// NewSet returns a set over a verified bundle.
func NewSet(b *bundle.Bundle) *Set { return &Set{b} }

// Lookup finds the program for a schema key ("iglu:vendor/name/format/1-0-0")
// or an absolute schema URI.
func (s *Set) Lookup(key []byte) (Program, bool) {
	i, ok := s.b.FindSchema(key)
	if !ok {
		return Program{}, false
	}
	return Program{set: s, root: s.b.Schemas[i].Root}, true
}

// Annotation returns the JSON of the annotation behind a capture, such as the
// value of x-weir-privacy, or nil for an id that is not in the set.
func (s *Set) Annotation(capture uint16) []byte {
	if capture == 0 || int(capture) >= len(s.b.Captures) {
		return nil
	}
	return s.b.String(s.b.Captures[capture])
}

// Hash is the content hash of the set's bundle.
func (s *Set) Hash() string { return s.b.Hash() }

// Program is the compiled form of one schema. The zero Program accepts nothing.
type Program struct {
	set  *Set
	root uint32
}

// Set is the set that the program was looked up in, nil for the zero Program.
func (p Program) Set() *Set { return p.set }

// runs holds state for Validate.
var runs = sync.Pool{New: func() any { return new(Run) }}

// Validate appends to dst what doc violates, at most [MaxViolations]. An empty
// result means valid. It checks the JSON grammar and UTF-8 of doc in the same
// pass. The violations refer to doc. Validate is safe for concurrent use; use
// [Program.Run] for captures, limits, and to allocate nothing for invalid
// documents either.
func (p Program) Validate(dst []Violation, doc []byte) []Violation {
	r := runs.Get().(*Run)
	if !p.Run(r, doc) {
		steps := append([]frame(nil), r.steps...)
		for _, v := range r.Violations {
			v.doc = doc
			v.steps = steps[v.first : v.first+uint32(len(v.steps))]
			dst = append(dst, v)
		}
	}
	r.forget()
	runs.Put(r)
	return dst
}
