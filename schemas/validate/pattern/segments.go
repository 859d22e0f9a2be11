package pattern

import (
	"encoding/binary"
	"math/bits"
)

// A segment table is
//
//	[0]         Kind
//	[1]         number of ranges
//	[2:2+16n]   ranges of ASCII
//	[2+16n:]    steps, the last of them final
//
// A range is two words: its lowest byte eight times over, and its highest byte
// with the top bit set eight times over. A class is a few ranges in a row.
//
// Runs are greedy and nothing is ever tried twice. That is exact because the
// compiler only writes a run whose length is fixed, or after which a match can
// go on with no member of the run's class.
const (
	// StepByte: [1] byte. The next byte is this one.
	StepByte = iota
	// StepLiteral: [1] n, [2:2+n] bytes. The next bytes are these.
	StepLiteral
	// StepRun: [1] first range of the class, [2] number of its ranges,
	// [3:7] minimum, [7:11] maximum. That many members of the class follow.
	StepRun
	// StepText is StepRun for a class that also holds every code point beyond
	// ASCII. Its minimum and maximum count code points.
	StepText
	// StepLine is StepText for a class without U+2028 and U+2029.
	StepLine
	// StepEnd is final: the string must end here.
	StepEnd
	// StepAccept is final: whatever follows is accepted.
	StepAccept
	// StepDFA is final: the DFA8 or DFA16 table that fills the rest of this
	// table must accept the rest of the string.
	StepDFA
)

const (
	segmentRanges = 2
	rangeSize     = 16
	runSize       = 11
)

func matchSegments(t, s []byte) bool {
	ranges := t[segmentRanges : segmentRanges+rangeSize*int(t[1])]
	step := t[segmentRanges+len(ranges):]
	for {
		switch step[0] {
		case StepByte:
			if len(s) == 0 || s[0] != step[1] {
				return false
			}
			s, step = s[1:], step[2:]
		case StepLiteral:
			n := int(step[1])
			if len(s) < n || string(s[:n]) != string(step[2:2+n]) {
				return false
			}
			s, step = s[n:], step[2+n:]
		case StepRun:
			class := classOf(ranges, step)
			lo, hi := runRange(step)
			r := s
			if uint64(len(r)) > hi {
				r = r[:hi]
			}
			n := runLength(class, r)
			if uint64(n) < lo {
				return false
			}
			s, step = s[n:], step[runSize:]
		case StepText, StepLine:
			class := classOf(ranges, step)
			lo, hi := runRange(step)
			n, count := textLength(class, s, hi, step[0] == StepLine)
			if count < lo {
				return false
			}
			s, step = s[n:], step[runSize:]
		case StepEnd:
			return len(s) == 0
		case StepAccept:
			return true
		case StepDFA:
			return Match(step[1:], s)
		default:
			return false
		}
	}
}

func classOf(ranges, step []byte) []byte {
	first := rangeSize * int(step[1])
	return ranges[first : first+rangeSize*int(step[2])]
}

// runRange reads the range of a run; an unlimited one ends beyond any string.
func runRange(step []byte) (lo, hi uint64) {
	lo = uint64(binary.LittleEndian.Uint32(step[3:7]))
	hi = uint64(binary.LittleEndian.Uint32(step[7:11]))
	if hi == Unlimited {
		hi = 1 << 62
	}
	return lo, hi
}

// runLength counts the leading bytes of s that are in an ASCII class. It looks at
// eight bytes at a time: a run of a few bytes then costs no branch that depends
// on its length.
func runLength(class, s []byte) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if n := leading(class, binary.LittleEndian.Uint64(s[i:])); n < 8 {
			return i + n
		}
	}
	if i == len(s) {
		return i
	}
	return i + min(leading(class, tail(s[i:])), len(s)-i)
}

// tail loads fewer than eight bytes.
func tail(s []byte) uint64 {
	if len(s) >= 4 {
		return uint64(binary.LittleEndian.Uint32(s)) | uint64(binary.LittleEndian.Uint32(s[len(s)-4:]))<<(8*(len(s)-4)&63)
	}
	x := uint64(s[0])
	if len(s) > 1 {
		x |= uint64(binary.LittleEndian.Uint16(s[len(s)-2:])) << (8 * (len(s) - 2) & 63)
	}
	return x
}

// leading counts the leading bytes of x, lowest first, that are in the class.
//
// With the top bit of a byte b set, subtracting lo leaves it set if b >= lo; with
// the top bit of hi set, subtracting b leaves it set if b <= hi. Only a byte
// beyond ASCII can borrow from the bytes above it, and those do not count then.
func leading(class []byte, x uint64) int {
	in := uint64(0)
	top := x | highs
	for ; len(class) >= rangeSize; class = class[rangeSize:] {
		lo := binary.LittleEndian.Uint64(class)
		hi := binary.LittleEndian.Uint64(class[8:])
		in |= (top - lo) & (hi - x)
	}
	return bits.TrailingZeros64((^in|x)&highs) / 8
}

// textLength is runLength for a class that reaches beyond ASCII. It returns the
// length in bytes and in code points, of which it takes at most max.
func textLength(class, s []byte, max uint64, line bool) (n int, count uint64) {
	i := 0
	for i < len(s) && count < max {
		if s[i] < 0x80 {
			r := s[i:min(i+8, len(s))]
			if uint64(len(r)) > max-count {
				r = r[:max-count]
			}
			n := runLength(class, r)
			if n == 0 {
				break
			}
			i += n
			count += uint64(n)
			continue
		}
		if line && lineTerminatorAt(s, i) {
			break
		}
		count++
		for i++; i < len(s) && s[i]&0xC0 == 0x80; i++ {
		}
	}
	return i, count
}
