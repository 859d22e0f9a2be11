package ecma

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"weir/schemas/validate/pattern"
)

const (
	maxClasses      = 8  // bits in a byte of a segment table
	maxLiteralCount = 32 // times a repeated code point is written out as a literal
)

var ascii = set{{0, 0x7F}}

// stepOf returns the step that takes a run of the class.
func stepOf(s set) byte {
	beyond := s.minus(ascii)
	switch {
	case len(beyond) == 0:
		return pattern.StepRun
	case beyond.equal(every.minus(ascii)):
		return pattern.StepText
	case beyond.equal(dot.minus(ascii)):
		return pattern.StepLine
	}
	return pattern.StepSet
}

// encodeRow writes a table for a row that ends with the string if end is set, is
// followed by the automaton if there is one, and else by anything. It returns nil
// if the row has more classes than fit.
func encodeRow(row []run, end bool, automaton []byte) []byte {
	if t := literalRow(row); t != nil && automaton == nil {
		if end {
			return append([]byte{byte(pattern.Equal)}, t...)
		}
		if len(t) == 0 {
			return []byte{byte(pattern.Always)}
		}
		return append([]byte{byte(pattern.Prefix)}, t...)
	}
	if len(row) == 1 && end && (row[0].set.equal(dot) || row[0].set.equal(every)) {
		t := []byte{byte(pattern.Length), bit(row[0].set.equal(dot))}
		return appendRange(t, row[0])
	}
	var classes []set
	t := make([]byte, 1+256)
	t[0] = byte(pattern.Segments)
	var literal []byte
	some := false // the last step is a StepSome
	flush := func() {
		for len(literal) > 0 {
			n := min(len(literal), 255)
			if last := len(t) - 2; some && n == 1 {
				t = append(t[:last], pattern.StepField, t[last+1], literal[0])
			} else if n == 1 {
				t = append(t, pattern.StepByte, literal[0])
			} else {
				t = append(append(t, pattern.StepLiteral, byte(n)), literal[:n]...)
			}
			some = false
			literal = literal[n:]
		}
	}
	for _, r := range row {
		if b := literalRow([]run{r}); b != nil {
			literal = append(literal, b...)
			continue
		}
		flush()
		step := stepOf(r.set)
		if step == pattern.StepSet {
			t = appendSet(t, r)
			some = false
			continue
		}
		c := slices.IndexFunc(classes, r.set.equal)
		if c < 0 {
			if c = len(classes); c == maxClasses {
				return nil
			}
			classes = append(classes, r.set)
			for b := range rune(0x80) {
				if r.set.contains(b) {
					t[1+b] |= 1 << c
				}
			}
		}
		if step == pattern.StepRun && r.min == 1 && r.max == inf {
			t = append(t, pattern.StepSome, 1<<c)
			some = true
			continue
		}
		some = false
		t = appendRange(append(t, step, 1<<c), r)
	}
	flush()
	switch {
	case automaton != nil:
		t = append(append(t, pattern.StepDFA), automaton...)
	case end:
		t = append(t, pattern.StepEnd)
	default:
		t = append(t, pattern.StepAccept)
	}
	return t
}

func appendSet(t []byte, r run) []byte {
	t = appendRange(append(t, pattern.StepSet, 0), r)
	var bitmap [16]byte
	for b := range rune(0x80) {
		if r.set.contains(b) {
			bitmap[b/8] |= 1 << (b % 8)
		}
	}
	beyond := r.set.minus(ascii)
	t = append(t, bitmap[:]...)
	t = binary.LittleEndian.AppendUint16(t, uint16(len(beyond)))
	for _, sp := range beyond {
		t = binary.LittleEndian.AppendUint32(t, uint32(sp.lo))
		t = binary.LittleEndian.AppendUint32(t, uint32(sp.hi))
	}
	return t
}

func appendRange(t []byte, r run) []byte {
	hi := uint32(pattern.Unlimited)
	if r.max != inf {
		hi = uint32(r.max)
	}
	t = binary.LittleEndian.AppendUint32(t, uint32(r.min))
	return binary.LittleEndian.AppendUint32(t, hi)
}

// literalRow returns the only string that the row matches, or nil.
func literalRow(row []run) []byte {
	b := []byte{}
	for _, r := range row {
		c, ok := r.set.single()
		if !ok || r.min != r.max || r.min > maxLiteralCount || c >= 0xD800 && c < 0xE000 {
			return nil
		}
		for range r.min {
			b = utf8.AppendRune(b, c)
		}
	}
	return b
}
