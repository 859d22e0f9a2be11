package pattern

import "weir/schemas/scan"

// Valid reports whether Match is safe on the table: it reads within the table's
// bounds, and it ends after at most one step of work for each byte of the table
// and the string. It does not tell what the table matches.
func Valid(table []byte) bool {
	if len(table) == 0 {
		return false
	}
	switch Kind(table[0]) {
	case Never, Always:
		return len(table) == 1
	case Equal, Prefix:
		return true
	case Length:
		return len(table) == lengthSize && table[1] <= 1 && validRange(table[2:10])
	case Segments:
		return validSegments(table)
	case DFA8:
		return validDFA(table, 1)
	case DFA16:
		return validDFA(table, 2)
	}
	return false
}

func validRange(b []byte) bool {
	return scan.Uint32(b, 0) <= scan.Uint32(b, 4)
}

func validSegments(t []byte) bool {
	if len(t) <= segmentSteps {
		return false
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
				return false
			}
			size = 2 + int(step[1])
		case StepRun, StepText, StepLine:
			if len(step) < runSize {
				return false
			}
			if !validRange(step[2:10]) {
				return false
			}
			size = runSize
		case StepSet:
			if len(step) < setRanges {
				return false
			}
			if !validRange(step[2:10]) {
				return false
			}
			size = setSize(step)
		case StepEnd, StepAccept:
			return len(step) == 1
		case StepDFA:
			rest := step[1:]
			return len(rest) > 0 && (Kind(rest[0]) == DFA8 || Kind(rest[0]) == DFA16) && Valid(rest)
		default:
			return false
		}
		if len(step) < size {
			return false
		}
		step = step[size:]
	}
	return false // no final step
}

func validDFA(t []byte, width int) bool {
	if len(t) <= dfaTransitions {
		return false
	}
	classes := int(t[1]) + 1
	next := t[dfaTransitions:]
	if len(next)%(classes*width) != 0 {
		return false
	}
	size := len(next) / width
	if width == 1 && size > 1<<8 || size > MaxTransitions {
		return false
	}
	for _, c := range t[dfaClasses:dfaTransitions] {
		if int(c) >= classes {
			return false
		}
	}
	start := int(scan.Uint16(t, 2))
	accept := int(scan.Uint16(t, 4))
	sink := int(scan.Uint16(t, 6))
	if !isState(start, classes, size) || !isState(sink, classes, size) ||
		accept == 0 || accept != size && !isState(accept, classes, size) {
		return false
	}
	for i := 0; i < size; i++ {
		n := int(next[i*width])
		if width == 2 {
			n |= int(next[i*2+1]) << 8
		}
		if !isState(n, classes, size) {
			return false
		}
		if i < classes && n != 0 {
			return false
		}
	}
	return true
}

func isState(n, classes, size int) bool { return n < size && n%classes == 0 }
