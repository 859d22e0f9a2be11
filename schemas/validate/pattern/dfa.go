package pattern

import "weir/schemas/scan"

// An automaton reads bytes, not code points. Its table is
//
//	[0]      Kind
//	[1]      number of byte classes, less one
//	[2:4]    start state
//	[4:6]    first accepting state: this state and all after it accept at the end
//	[6:8]    the accepting state that is never left, or 0 if there is none
//	[8:264]  class of each byte
//	[264:]   transitions: for each state, for each class, the next state
//
// A state is named by the index of its first transition, so that the next state
// is transitions[state+class]. State 0 refuses and is never left. States are
// bytes in a DFA8 and two bytes in a DFA16.
//
// In a state between two code points the bytes 0x80 to 0xBF lead back to the
// same state. A code point whose first bytes decide where it leads can thus be
// left early, and the rest of it is skipped without states of its own.
const (
	// MaxTransitions bounds states times classes in a DFA16.
	MaxTransitions = 1<<16 - 1

	dfaClasses     = 8
	dfaTransitions = dfaClasses + 256
)

// Both loops compare the next state with the present one before taking it. A
// string is mostly runs that stay in a state; while the branch is predicted the
// loads of a run do not wait for each other.

//go:nobounds
func matchDFA8(t, s []byte) bool {
	state := uint(scan.Uint16(t, 2))
	accept := uint(scan.Uint16(t, 4))
	sink := uint(scan.Uint16(t, 6))
	class := (*[256]byte)(t[dfaClasses:dfaTransitions])
	next := t[dfaTransitions:]
	if state == sink && sink != 0 {
		return true
	}
	for _, b := range s {
		n := uint(next[state+uint(class[b])])
		if n == state {
			continue
		}
		if n == 0 {
			return false
		}
		if n == sink {
			return true
		}
		state = n
	}
	return state >= accept
}

//go:nobounds
func matchDFA16(t, s []byte) bool {
	state := uint(scan.Uint16(t, 2))
	accept := uint(scan.Uint16(t, 4))
	sink := uint(scan.Uint16(t, 6))
	class := (*[256]byte)(t[dfaClasses:dfaTransitions])
	next := t[dfaTransitions:]
	if state == sink && sink != 0 {
		return true
	}
	for _, b := range s {
		n := uint(scan.Uint16(next, int(2*(state+uint(class[b])))))
		if n == state {
			continue
		}
		if n == 0 {
			return false
		}
		if n == sink {
			return true
		}
		state = n
	}
	return state >= accept
}
