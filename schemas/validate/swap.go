package validate

import (
	"errors"
	"sync/atomic"

	"weir/schemas/bundle"
)

// Swap holds the bundle in use and the one before it, and exchanges them while
// programs run. The zero Swap is ready and holds none.
//
// Any number of goroutines may call [Swap.Set], at the cost of one atomic load;
// Load and Rollback must not run at the same time as each other. A run that has
// begun ends with the schemas it began with: look the program up once an event,
// and report its own hash, [Set.Hash], not that of the Swap later on.
type Swap struct {
	active, previous atomic.Pointer[arena]
}

// arena is a bundle that passed verification, and the bytes it lies in.
type arena struct {
	set   *Set
	bytes []byte
}

// ErrNoPrevious is what Rollback returns when there is nothing to go back to.
var ErrNoPrevious = errors.New("rolling back schemas: no other bundle was in use before this one")

// Load verifies b and puts it in use. If b is not a sound bundle it changes
// nothing and says why: the schemas in use stay, and so do those of the last
// [Swap.Rollback]. A bundle with the hash of the one in use changes nothing
// either.
//
// From then on b belongs to the Swap and must not change. Load hands back the
// bytes that the Swap has no more use for: those of the bundle before the
// previous one, b itself if it changed nothing, nil if there are none. Callers
// that know of no run still using them, as in a wasm instance between two
// requests, read the next bundle into them; others drop them.
func (s *Swap) Load(b []byte) (spare []byte, err error) {
	opened, err := bundle.Open(b)
	if err != nil {
		return b, err
	}
	active := s.active.Load()
	if active != nil && active.set.b.SameAs(opened) {
		return b, nil
	}
	if old := s.previous.Load(); old != nil {
		spare = old.bytes
	}
	s.previous.Store(active)
	s.active.Store(&arena{NewSet(opened), b})
	return spare, nil
}

// Rollback exchanges the bundle in use with the one before it. A second
// Rollback undoes the first.
func (s *Swap) Rollback() error {
	previous := s.previous.Load()
	if previous == nil {
		return ErrNoPrevious
	}
	s.previous.Store(s.active.Load())
	s.active.Store(previous)
	return nil
}

// Set returns the schemas in use, nil before the first bundle is loaded.
func (s *Swap) Set() *Set {
	if a := s.active.Load(); a != nil {
		return a.set
	}
	return nil
}
