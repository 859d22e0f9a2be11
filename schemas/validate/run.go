package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
)

const (
	// MaxViolations is how many violations of one document are kept. The rest is counted.
	MaxViolations = 32

	// maxFrames bounds the steps from the root to a keyword: members, items and
	// in-place keywords such as $ref together.
	maxFrames = 512

	// hintCount is a power of two.
	hintCount = 512

	// The fuel of a run is the number of bytes that may be read again: fuelFactor
	// for each byte of the document, fuelBranch more for each evaluation that the
	// schemas ask for on one value, and fuelBase besides.
	//
	// Every evaluation costs what it read and fuelStep besides. A value is at
	// least one byte and a comma: a document whose every value is read again by
	// each of the branches can thus take 1 + fuelStep/2 for each byte and branch,
	// which is fuelBranch. Only branches within branches can take more.
	fuelFactor = 64
	fuelBranch = 5
	fuelStep   = 8
	fuelBase   = 1 << 18

	// maxDocument is the size from which on offsets would not fit.
	maxDocument = 1 << 31
)

// Run is the state and the result of running a program. A Run that is used
// again allocates nothing once its buffers have grown. It must not be used by
// two goroutines at a time. The zero Run is ready.
type Run struct {
	// Violations of the last document, in the order found, at most
	// [MaxViolations]. They are valid until the next run.
	Violations []Violation
	// More counts the violations beyond those.
	More int
	// Captures are the extents of annotated values in the last document, in the
	// order in which the values end. Those from branches that did not hold are left out.
	Captures []Capture
	// MaxDepth is how deep containers may nest; 0 means [scan.DefaultDepth].
	MaxDepth int

	set   *Set
	t     *bundle.Tables
	doc   []byte
	depth int   // containers that may still be opened
	fuel  int64 // bytes that may still be read again
	quiet bool  // inside a branch: the first violation ends it and is not recorded
	dead  bool  // a fault ended the whole run
	track bool  // the value being evaluated in place is tracked in marks
	// reach is how far the last quiet evaluation came before it failed: twice the
	// offset, and one more if the value there was at least of the right type.
	reach int
	// far is how much of the document has been read by what is under evaluation:
	// no value of it reaches beyond.
	far int

	flags scan.Flags // see quote
	found found      // see find

	top    int
	frames [maxFrames]frame
	// hints says which slot followed the one of this number (less one) last time.
	// Senders keep to an order of their own; a wrong guess only costs a lookup.
	hints [hintCount]uint16

	matched    [matchedCount]matched
	matchedSet *Set // whose patterns they matched

	marks  []uint64 // bitsets of evaluated members and items
	mark   int      // the current one
	width  int      // its words
	words  []uint64 // bitsets of members seen, for objects of more than 64 slots
	extent []extent // names or items to compare with each other
	table  []uint32
	scopes []uint32 // the dynamic scope: resources, outermost first
	plain  []byte   // an unescaped string
	other  []byte   // another one
	steps  []frame  // frames of Violations
}

// Capture is the extent of a value whose schema position carries an
// annotation: doc[Start:End], as it stands in the document, quotes included.
type Capture struct {
	ID         uint16 // see [Set.Annotation]
	Start, End int
}

// Run validates doc and reports whether it is valid. Violations and captures
// are left in r; those of an invalid document are of use, too, but a value that
// several branches claim may lack its capture. Documents of 2 GiB and more are
// refused, with "fuel".
//
//go:nobounds
func (p Program) Run(r *Run, doc []byte) bool {
	r.Violations, r.More, r.Captures = r.Violations[:0], 0, r.Captures[:0]
	r.steps, r.marks, r.words, r.extent, r.scopes = r.steps[:0], r.marks[:0], r.words[:0], r.extent[:0], r.scopes[:0]
	r.quiet, r.dead, r.track, r.top = false, false, false, 0
	r.depth = scan.DefaultDepth
	if r.MaxDepth > 0 {
		r.depth = min(r.MaxDepth, scan.MaxDepth)
	}
	r.doc = doc
	root := p.root
	if r.set = p.set; r.set == nil {
		r.set, root = emptySet, bundle.Nothing
	}
	r.t = &r.set.b.Tables
	if r.matchedSet != r.set {
		r.forgetMatches()
	}
	r.far = 0
	r.fuel = r.budget()
	if uint64(len(doc)) >= maxDocument {
		return r.fault(kwFuel, 0, 0) >= 0
	}
	end := r.value(root, scan.Space(doc, 0))
	if !r.dead {
		if end = scan.Space(doc, end); end < len(doc) {
			r.syntax(scan.TrailingData, end)
		}
	}
	return len(r.Violations) == 0
}

// budget is the fuel for the document.
func (r *Run) budget() int64 {
	return (fuelFactor+fuelBranch*int64(r.set.b.Branches))*int64(len(r.doc)) + fuelBase
}

// forget drops references to the document and the set.
func (r *Run) forget() {
	clear(r.Violations)
	r.doc, r.set, r.t, r.matchedSet = nil, nil, nil, nil
}

// emptySet is what the zero Program runs on.
var emptySet = &Set{&bundle.Bundle{Tables: bundle.Neutral}}

// state is what a branch that failed must leave as it was.
type state struct {
	depth, top, captures         int
	marks, words, extent, scopes int
	mark, width                  int
	track                        bool
}

func (r *Run) save() state {
	return state{r.depth, r.top, len(r.Captures), len(r.marks), len(r.words), len(r.extent), len(r.scopes), r.mark, r.width, r.track}
}

func (r *Run) restore(s *state) {
	r.depth, r.top, r.Captures = s.depth, s.top, r.Captures[:s.captures]
	r.marks, r.words, r.extent, r.scopes = r.marks[:s.marks], r.words[:s.words], r.extent[:s.extent], r.scopes[:s.scopes]
	r.mark, r.width, r.track = s.mark, s.width, s.track
}

// violate records that the value at doc[at] breaks a keyword of a node. It
// reports whether to go on: in a quiet branch one violation decides.
func (r *Run) violate(node uint32, k keyword, arg uint32, at int) bool {
	if r.quiet {
		r.reach = 2 * at
		if k != kwType && k != kwFalse {
			r.reach++
		}
		return false
	}
	r.record(node, k, arg, at)
	return true
}

//go:nobounds
func (r *Run) record(node uint32, k keyword, arg uint32, at int) {
	if len(r.Violations) >= MaxViolations {
		r.More++
		return
	}
	// In place, as append would take a copy of each: that is a call out of wasm.
	first, n := len(r.steps), len(r.Violations)
	if last := first + r.top; last <= cap(r.steps) {
		r.steps = r.steps[:last]
		for i := range r.top {
			r.steps[first+i] = r.frames[i]
		}
	} else {
		r.steps = append(r.steps, r.frames[:r.top]...)
	}
	if cap(r.Violations) < MaxViolations {
		r.Violations = make([]Violation, 0, MaxViolations)
	}
	r.Violations = r.Violations[:n+1]
	v := &r.Violations[n]
	v.set, v.doc, v.steps, v.first = r.set, r.doc, r.steps[first:], uint32(first)
	v.node, v.arg, v.at, v.keyword = node, arg, uint32(at), k
}

// fault ends the run: what is left of the document was not looked at. It is
// recorded even in a quiet branch, in place of the last violation if need be.
func (r *Run) fault(k keyword, arg uint32, at int) int {
	if !r.dead {
		r.dead = true
		r.quiet = false
		if len(r.Violations) == MaxViolations {
			r.Violations = r.Violations[:MaxViolations-1]
			r.More++
		}
		r.record(bundle.Anything, k, arg, at)
	}
	return -1
}

func (r *Run) syntax(code scan.Code, at int) int {
	if code == scan.TooDeep {
		return r.fault(kwDepth, 0, at)
	}
	return r.fault(kwSyntax, uint32(code), at)
}

// spend pays for reading n bytes again and reports whether the fuel lasts.
func (r *Run) spend(n, at int) bool {
	if r.fuel -= int64(n) + fuelStep; r.fuel >= 0 {
		return true
	}
	r.fault(kwFuel, 0, at)
	return false
}

// stop ends a quiet evaluation that failed on a value which ends at end.
func (r *Run) stop(end int) int {
	r.far = max(r.far, end)
	return -1
}

// push enters a step of the path; the caller restores top. It reports whether there was room.
//
//go:nobounds
func (r *Run) push(k step, arg uint32, at int) bool {
	if r.top >= maxFrames {
		r.fault(kwDepth, 0, at)
		return false
	}
	r.frames[r.top] = frame{uint32(k)<<stepShift | arg, uint32(at)}
	r.top++
	return true
}
