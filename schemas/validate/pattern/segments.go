package pattern

import "weir/schemas/scan"

// A segment table is
//
//	[0]      Kind
//	[1:257]  for each byte, one bit for each of up to eight classes that hold it
//	[257:]   steps, the last of them final
//
// Runs are greedy and nothing is ever tried twice. That is exact because the
// compiler only writes a run whose length is fixed, or after which a match can
// go on with no member of the run's class.
const segmentSteps = 1 + 256

const (
	// StepByte: [1] byte. The next byte is this one.
	StepByte = iota
	// StepLiteral: [1] n, [2:2+n] bytes. The next bytes are these.
	StepLiteral
	// StepSome: [1] class bit. One or more members of an ASCII class follow.
	StepSome
	// StepField: [1] class bit, [2] byte. It is StepSome and then StepByte.
	StepField
	// StepRun: [1] class bit, [2:6] minimum, [6:10] maximum. That many members
	// of an ASCII class follow.
	StepRun
	// StepText is StepRun for a class that holds every code point beyond ASCII.
	// The range counts code points.
	StepText
	// StepLine is StepText for a class without U+2028 and U+2029.
	StepLine
	// StepSet: [2:6] minimum, [6:10] maximum, [10:26] one bit for each ASCII member,
	// [26:28] n, [28:28+8n] ascending ranges beyond ASCII, each a first and a last
	// code point. That many members of the class follow.
	StepSet
	// StepEnd is final: the string must end here.
	StepEnd
	// StepAccept is final: whatever follows is accepted.
	StepAccept
	// StepDFA is final: the DFA8 or DFA16 table that fills the rest of this
	// table must accept the rest of the string.
	StepDFA
)

const (
	runSize      = 10
	setASCII     = runSize
	setCount     = setASCII + 16
	setRanges    = setCount + 2
	setRangeSize = 8
)

//go:nobounds
func matchSegments(t, s []byte) bool {
	member := (*[256]byte)(t[1:segmentSteps])
	i, p := 0, segmentSteps
	for {
		switch t[p] {
		case StepField, StepSome, StepRun:
			bit, size, end, lo := t[p+1], 2, len(s), uint64(1)
			if t[p] == StepRun {
				size, lo = runSize, uint64(scan.Uint32(t, p+2))
				if hi := uint64(scan.Uint32(t, p+6)); uint64(end-i) > hi {
					end = i + int(hi)
				}
			}
			// Longer strides were tried: they gain on long runs and lose more, on the
			// mispredicted branches at the end of each run, on the strings that
			// patterns are for.
			from := i
			for i < end && member[s[i]]&bit != 0 {
				i++
			}
			if uint64(i-from) < lo {
				return false
			}
			if t[p] == StepField {
				if i == len(s) || s[i] != t[p+2] {
					return false
				}
				i++
				size = 3
			}
			p += size
		case StepByte:
			if i == len(s) || s[i] != t[p+1] {
				return false
			}
			i++
			p += 2
		case StepLiteral:
			n := int(t[p+1])
			if len(s)-i < n || !scan.Equal(s[i:i+n], t[p+2:p+2+n]) {
				return false
			}
			i += n
			p += 2 + n
		case StepText, StepLine:
			n, count := textLength(member, t[p+1], s[i:], scan.Uint32(t, p+6), t[p] == StepLine)
			if count < scan.Uint32(t, p+2) {
				return false
			}
			i += n
			p += runSize
		case StepSet:
			size := setSize(t[p:])
			n, count := setLength(t[p:p+size], s[i:], scan.Uint32(t, p+6))
			if count < scan.Uint32(t, p+2) {
				return false
			}
			i += n
			p += size
		case StepEnd:
			return i == len(s)
		case StepAccept:
			return true
		case StepDFA:
			return Match(t[p+1:], s[i:])
		default:
			return false
		}
	}
}

// textLength measures a run of a class that reaches beyond ASCII. It returns the
// length in bytes and in code points, of which it takes at most max.
func textLength(member *[256]byte, bit byte, s []byte, max uint32, line bool) (n int, count uint32) {
	i := 0
	for i < len(s) {
		if b := s[i]; b < 0x80 {
			if count == max || member[b]&bit == 0 {
				break
			}
			count++
		} else if b >= 0xC0 {
			if count == max || line && lineTerminatorAt(s, i) {
				break
			}
			count++
		}
		i++
	}
	return i, count
}

func setSize(step []byte) int {
	return setRanges + setRangeSize*int(scan.Uint16(step, setCount))
}

// setLength is textLength for a class that is spelt out.
func setLength(step, s []byte, max uint32) (n int, count uint32) {
	ranges := step[setRanges:]
	i := 0
	for i < len(s) && count < max {
		width := 1
		if b := s[i]; b < 0x80 {
			if step[setASCII+b/8]>>(b%8)&1 == 0 {
				break
			}
		} else {
			var r uint32
			if r, width = decode(s[i:]); !inRanges(ranges, r) {
				break
			}
		}
		i += width
		count++
	}
	return i, count
}

func inRanges(ranges []byte, r uint32) bool {
	for lo, hi := 0, len(ranges)/setRangeSize; lo < hi; {
		mid := int(uint(lo+hi) / 2)
		switch {
		case r < scan.Uint32(ranges, mid*setRangeSize):
			hi = mid
		case r > scan.Uint32(ranges, mid*setRangeSize+4):
			lo = mid + 1
		default:
			return true
		}
	}
	return false
}

// decode returns the code point at the start of s, which is beyond ASCII. Lone
// surrogates are decoded like other code points.
func decode(s []byte) (r uint32, n int) {
	switch b := uint32(s[0]); {
	case b >= 0xF0 && len(s) >= 4:
		return b&0x07<<18 | uint32(s[1]&0x3F)<<12 | uint32(s[2]&0x3F)<<6 | uint32(s[3]&0x3F), 4
	case b >= 0xE0 && len(s) >= 3:
		return b&0x0F<<12 | uint32(s[1]&0x3F)<<6 | uint32(s[2]&0x3F), 3
	case b >= 0xC0 && len(s) >= 2:
		return b&0x1F<<6 | uint32(s[1]&0x3F), 2
	}
	return 0xFFFD, 1 // not UTF-8
}
