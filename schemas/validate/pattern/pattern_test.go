package pattern_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"weir/schemas/validate/pattern"
)

// Tables in the tests of this package are laid out by hand, so that they hold the
// layout that the comments describe; package ecma tests what a compiler writes.

func length(flag byte, lo, hi uint32) []byte {
	t := []byte{byte(pattern.Length), flag}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(t, lo), hi)
}

// segments begins a table whose class 0 is a-z and class 1 is 0-9.
func segments(steps ...byte) []byte {
	t := make([]byte, 257, 257+len(steps))
	t[0] = byte(pattern.Segments)
	for c := 'a'; c <= 'z'; c++ {
		t[1+c] |= 1
	}
	for c := '0'; c <= '9'; c++ {
		t[1+c] |= 2
	}
	return append(t, steps...)
}

func run(step, class byte, lo, hi uint32) []byte {
	t := []byte{step, class}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(t, lo), hi)
}

// set is a StepSet of one ASCII character and ranges.
func set(lo, hi uint32, ascii byte, ranges ...uint32) []byte {
	t := run(pattern.StepSet, 0, lo, hi)
	bitmap := make([]byte, 16)
	bitmap[ascii/8] = 1 << (ascii % 8)
	t = binary.LittleEndian.AppendUint16(append(t, bitmap...), uint16(len(ranges)/2))
	for _, r := range ranges {
		t = binary.LittleEndian.AppendUint32(t, r)
	}
	return t
}

// evenAs is an automaton that accepts an even number of a's and nothing else. Its
// classes are 'a' and the rest, its states: refusing, odd, even.
func evenAs(kind pattern.Kind) []byte {
	t := []byte{byte(kind), 1}
	t = binary.LittleEndian.AppendUint16(t, 4) // start
	t = binary.LittleEndian.AppendUint16(t, 4) // first accepting
	t = binary.LittleEndian.AppendUint16(t, 0) // no sink
	for b := range 256 {
		if b == 'a' {
			t = append(t, 1)
		} else {
			t = append(t, 0)
		}
	}
	for _, next := range []byte{0, 0, 0, 4, 0, 2} {
		t = append(t, next)
		if kind == pattern.DFA16 {
			t = append(t, 0)
		}
	}
	return t
}

func concat(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

var cases = []struct {
	name    string
	table   []byte
	yes, no []string
}{
	{"never", []byte{byte(pattern.Never)}, nil, []string{"", "a"}},
	{"always", []byte{byte(pattern.Always)}, []string{"", "a"}, nil},
	{"equal", []byte("\x02abc"), []string{"abc"}, []string{"", "ab", "abcd", "abd"}},
	{"prefix", []byte("\x03abc"), []string{"abc", "abcd"}, []string{"", "ab", "xabc"}},
	{"length", length(0, 2, 3), []string{"ab", "abc", "éé", "🐲🐲🐲", "\n\n"}, []string{"", "a", "abcd", "é", "🐲🐲🐲🐲"}},
	{"length of a line", length(1, 1, 20),
		[]string{"a", "0123456789", "\u2027\u202a", "âââââ"},
		[]string{"", "\n", "a\r", "01234567\n", "0123456\u2028", "012345\u2029", "012345678901234567890"}},
	{"length without limit", length(0, 3, pattern.Unlimited), []string{"abc", strings.Repeat("é", 100)}, []string{"ab", "éé"}},
	{"some", segments(concat([]byte{pattern.StepSome, 1, pattern.StepByte, '-', pattern.StepSome, 2, pattern.StepEnd})...),
		[]string{"a-1", "abcdefgh-12345"}, []string{"", "-", "a-", "a-1b", "A-1", "é-1", "a"}},
	{"field", segments(pattern.StepField, 1, '-', pattern.StepSome, 2, pattern.StepEnd),
		[]string{"a-1", "abcd-1", "abcde-12345"}, []string{"", "-", "a", "abcd", "a-", "-1", "a-1-", "abcde_1"}},
	{"literal", segments(concat([]byte{pattern.StepLiteral, 2, 'a', 'b'}, run(pattern.StepRun, 2, 1, 2), []byte{pattern.StepAccept})...),
		[]string{"ab1", "ab12", "ab123"}, []string{"ab", "a1", ""}},
	{"text", segments(concat(run(pattern.StepText, 1, 2, 3), []byte{pattern.StepEnd})...),
		[]string{"ab", "éé", "a🐲\u2028"}, []string{"a", "é", "abcd", "éééé", "a1"}},
	{"line", segments(concat(run(pattern.StepLine, 1, 0, pattern.Unlimited), []byte{pattern.StepEnd})...),
		[]string{"", "aé🐲\u2027"}, []string{"a\u2028", "\u2029", "1"}},
	{"set", segments(concat(set(1, 2, 'a', 0xE0, 0xEF, 0x1F400, 0x1F4FF), []byte{pattern.StepEnd})...),
		[]string{"a", "aa", "é", "🐲a", "àï"}, []string{"", "b", "aaa", "ééé", "ÿ", "\u00df", "\U0001F3FF", "\U0001F500"}},
	{"segments and automaton", segments(concat([]byte{pattern.StepSome, 2, pattern.StepDFA}, evenAs(pattern.DFA8))...),
		[]string{"1", "12aa"}, []string{"", "aa", "1a", "1b"}},
	{"dfa8", evenAs(pattern.DFA8), []string{"", "aa", "aaaa"}, []string{"a", "aab", "b"}},
	{"dfa16", evenAs(pattern.DFA16), []string{"", "aa", "aaaa"}, []string{"a", "aab", "b"}},
}

func TestMatch(t *testing.T) {
	for _, tt := range cases {
		if !pattern.Valid(tt.table) {
			t.Errorf("%s: not valid", tt.name)
		}
		for _, s := range tt.yes {
			if !pattern.Match(tt.table, []byte(s)) {
				t.Errorf("%s does not match %q", tt.name, s)
			}
		}
		for _, s := range tt.no {
			if pattern.Match(tt.table, []byte(s)) {
				t.Errorf("%s matches %q", tt.name, s)
			}
		}
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	for _, tt := range cases {
		s := []byte(strings.Join(append(tt.yes, tt.no...), ""))
		if n := testing.AllocsPerRun(10, func() { pattern.Match(tt.table, s) }); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
	}
}

func TestValidRefuses(t *testing.T) {
	edit := func(table []byte, at int, v byte) []byte {
		b := append([]byte(nil), table...)
		b[at] = v
		return b
	}
	dfa := evenAs(pattern.DFA8)
	dfa16 := evenAs(pattern.DFA16)
	for name, table := range map[string][]byte{
		"nothing":                    nil,
		"unknown kind":               {99},
		"a longer constant":          {byte(pattern.Never), 0},
		"a short length":             length(0, 1, 2)[:9],
		"an unknown flag":            length(2, 1, 2),
		"a length upside down":       length(0, 3, 2),
		"segments without steps":     segments(),
		"a short member table":       segments()[:100],
		"no final step":              segments(pattern.StepByte, 'a'),
		"a step after the final one": segments(pattern.StepEnd, pattern.StepEnd),
		"an unknown step":            segments(99),
		"a cut byte":                 segments(pattern.StepByte),
		"a cut field":                segments(pattern.StepField, 1),
		"a cut class":                segments(pattern.StepSome),
		"a cut literal":              segments(pattern.StepLiteral, 3, 'a', 'b'),
		"a literal without length":   segments(pattern.StepLiteral),
		"a cut run":                  segments(run(pattern.StepRun, 1, 0, 1)[:9]...),
		"a run upside down":          segments(concat(run(pattern.StepRun, 1, 2, 1), []byte{pattern.StepEnd})...),
		"a cut set":                  segments(set(1, 2, 'a')[:20]...),
		"a cut range":                segments(set(1, 2, 'a', 1, 2)[:30]...),
		"a set upside down":          segments(concat(set(2, 1, 'a'), []byte{pattern.StepEnd})...),
		"segments in segments":       segments(concat([]byte{pattern.StepDFA}, segments(pattern.StepEnd))...),
		"no automaton":               segments(pattern.StepDFA),
		"a bad automaton":            segments(concat([]byte{pattern.StepDFA}, dfa[:200])...),
		"an automaton cut in a row":  dfa[:len(dfa)-1],
		"an automaton of no state":   dfa[:264],
		"a class out of range":       edit(dfa, 8+'x', 2),
		"a start out of range":       edit(dfa, 2, 6),
		"a start within a row":       edit(dfa, 2, 3),
		"accepting within a row":     edit(dfa, 4, 3),
		"accepting from nowhere":     edit(dfa, 4, 0),
		"a sink out of range":        edit(dfa, 6, 8),
		"a state out of range":       edit(dfa, 264+3, 6),
		"a state within a row":       edit(dfa, 264+3, 1),
		"a refusing state that ends": edit(dfa, 264, 2),
		"a wide state out of range":  edit(dfa16, 264+7, 1),
		"half a wide state":          dfa16[:len(dfa16)-1],
	} {
		if pattern.Valid(table) {
			t.Errorf("Valid takes %s", name)
		}
	}
}

// FuzzValid runs whatever tables pass; a read out of range would panic.
func FuzzValid(f *testing.F) {
	for _, tt := range cases {
		for _, s := range append(tt.yes, tt.no...) {
			f.Add(tt.table, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, table, s []byte) {
		if pattern.Valid(table) {
			pattern.Match(table, s)
		}
	})
}
