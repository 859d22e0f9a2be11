// Package validate runs compiled schemas over JSON bytes: one pass, no tree,
// no allocation for a valid document.
//
//	order, err := compile.Schema(schema, compile.Options{})
//	...
//	for _, v := range order.Validate(nil, doc) {
//		fmt.Printf("%s %s\n", v.AppendPath(nil), v.AppendMessage(nil))
//	}
//
// A process that did not compile the schemas opens a bundle of them:
//
//	b, err := bundle.Open(data)
//	...
//	set := validate.NewSet(b)
//	p, ok := set.Lookup([]byte("iglu:com.example/product_view/jsonschema/1-0-0"))
//
// The same pass checks the JSON grammar, UTF-8, nesting depth and that no
// object repeats a member name. Keywords that apply several schemas to one
// value (anyOf, oneOf, not, if, $ref with siblings, …) read its bytes again,
// within a limit that keeps the whole run linear in the document; it leaves room
// for unions of up to [bundle.MaxBranches] schemas, however late they differ.
//
// # Readings
//
// Where the specifications leave room, or weir differs:
//
//   - A member name is what it is after unescaping: "\u0061" is "a".
//   - A repeated member name is a violation ("duplicateKey"), never "last wins":
//     readers disagree on which of the two counts, so either could be smuggled in.
//   - An escaped lone surrogate (RFC 8259, section 8.2) counts as U+FFFD, one
//     code point. A document that is not UTF-8 is not JSON.
//   - Lengths are counted in code points, and numbers are exact decimals:
//     0.3 is a multiple of 0.1, and 1e400 is above 1e399.
//   - In draft 4 an integer is a token without fraction and exponent, so 1.0 is
//     none; from draft 6 on it is.
//   - Patterns are those of ECMA-262 with the u flag, not anchored; $ matches at
//     the end and not before a last newline, as Java's does.
//   - A byte order mark is not JSON.
//
// What format, the content keywords and references to unknown documents mean is
// decided when compiling; see compile.Options.
//
// # Limits
//
//	documents      below 2 GiB                                    else "fuel"
//	nesting        40 containers, [Run.MaxDepth] up to 250        else "depth"
//	schema path    512 steps: members, items and in-place keywords else "depth"
//	bytes re-read  256 KiB, and for each byte of the document 64  else "fuel"
//	               and 5 for each branch that a value may have
//	violations     [MaxViolations], the rest is counted in [Run.More]
//
// There is no limit on members, items and lengths but the size of the document.
// Time is linear in it. A document that exceeds a limit is not valid, and the
// violation says which limit it was.
//
// # Concurrency and memory
//
// [Set] and [Program] are immutable and may be used by any number of goroutines;
// [Program.Validate] takes its state from a pool. A [Run] is for one goroutine
// at a time and allocates nothing once its buffers have grown, whatever the
// document. [Swap] exchanges bundles under running programs.
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
