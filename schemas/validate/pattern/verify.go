package pattern

import (
	"encoding/binary"
	"errors"
)

var (
	errEmpty    = errors.New("pattern table: empty")
	errKind     = errors.New("pattern table: unknown kind")
	errSize     = errors.New("pattern table: wrong size for its kind")
	errRange    = errors.New("pattern table: length range is upside down")
	errStep     = errors.New("pattern table: a segment step is malformed")
	errNested   = errors.New("pattern table: only an automaton may follow segments")
	errClass    = errors.New("pattern table: a byte class is out of range")
	errState    = errors.New("pattern table: a state is out of range")
	errRefusing = errors.New("pattern table: the refusing state can be left")
)

// Verify returns an error unless Match is safe on the table: it reads within
// the table's bounds, and it ends after at most one step of work for each byte
// of the table and the string. It does not tell what the table matches.
func Verify(table []byte) error {
	if len(table) == 0 {
		return errEmpty
	}
	switch Kind(table[0]) {
	case Never, Always:
		if len(table) != 1 {
			return errSize
		}
		return nil
	case Equal, Prefix:
		return nil
	case Length:
		if len(table) != lengthSize || table[1] > 1 {
			return errSize
		}
		return verifyRange(table[2:10])
	case Segments:
		return verifySegments(table)
	case DFA8:
		return verifyDFA(table, 1)
	case DFA16:
		return verifyDFA(table, 2)
	}
	return errKind
}

func verifyRange(b []byte) error {
	if binary.LittleEndian.Uint32(b) > binary.LittleEndian.Uint32(b[4:]) {
		return errRange
	}
	return nil
}

func verifySegments(t []byte) error {
	if len(t) <= segmentSteps {
		return errSize
	}
	step := t[segmentSteps:]
	for len(step) > 0 {
		size := 1
		switch step[0] {
		case StepByte, StepSome:
			size = 2
		case StepField:
			size = 3
		case StepLiteral:
			if len(step) < 2 {
				return errStep
			}
			size = 2 + int(step[1])
		case StepRun, StepText, StepLine:
			if len(step) < runSize {
				return errStep
			}
			if err := verifyRange(step[2:10]); err != nil {
				return err
			}
			size = runSize
		case StepSet:
			if len(step) < setRanges {
				return errStep
			}
			if err := verifyRange(step[2:10]); err != nil {
				return err
			}
			size = setSize(step)
		case StepEnd, StepAccept:
			if len(step) != 1 {
				return errSize
			}
			return nil
		case StepDFA:
			rest := step[1:]
			if len(rest) == 0 || Kind(rest[0]) != DFA8 && Kind(rest[0]) != DFA16 {
				return errNested
			}
			return Verify(rest)
		default:
			return errStep
		}
		if len(step) < size {
			return errStep
		}
		step = step[size:]
	}
	return errStep // no final step
}

func verifyDFA(t []byte, width int) error {
	if len(t) <= dfaTransitions {
		return errSize
	}
	classes := int(t[1]) + 1
	next := t[dfaTransitions:]
	if len(next)%(classes*width) != 0 {
		return errSize
	}
	size := len(next) / width
	if width == 1 && size > 1<<8 || size > MaxTransitions {
		return errSize
	}
	for _, c := range t[dfaClasses:dfaTransitions] {
		if int(c) >= classes {
			return errClass
		}
	}
	start := int(binary.LittleEndian.Uint16(t[2:4]))
	accept := int(binary.LittleEndian.Uint16(t[4:6]))
	sink := int(binary.LittleEndian.Uint16(t[6:8]))
	if !isState(start, classes, size) || !isState(sink, classes, size) ||
		accept == 0 || accept != size && !isState(accept, classes, size) {
		return errState
	}
	for i := 0; i < size; i++ {
		n := int(next[i*width])
		if width == 2 {
			n |= int(next[i*2+1]) << 8
		}
		if !isState(n, classes, size) {
			return errState
		}
		if i < classes && n != 0 {
			return errRefusing
		}
	}
	return nil
}

func isState(n, classes, size int) bool { return n < size && n%classes == 0 }
