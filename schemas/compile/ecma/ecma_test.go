package ecma_test

import (
	"strings"
	"testing"

	"weir/schemas/compile/ecma"
	"weir/schemas/validate/pattern"
)

const igluURI = `^iglu:[a-zA-Z0-9-_.]+/[a-zA-Z0-9-_]+/[a-zA-Z0-9-_]+/[0-9]+-[0-9]+-[0-9]+$`

func compile(t testing.TB, source string) []byte {
	t.Helper()
	table, err := ecma.Compile(source)
	if err != nil {
		t.Fatalf("Compile(%q): %v", source, err)
	}
	if !pattern.Valid(table) {
		t.Fatalf("Compile(%q) wrote a table that is not valid", source)
	}
	return table
}

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{``, []string{"", "a"}, nil},
		{`^`, []string{"", "a"}, nil},
		{`$`, []string{"", "a"}, nil},
		{`^$`, []string{""}, []string{"a", "\n"}},
		{`a`, []string{"a", "xax"}, []string{"", "b"}},
		{`^a`, []string{"a", "ab"}, []string{"ba", ""}},
		{`a$`, []string{"a", "ba"}, []string{"ab", "a\n"}},
		{`^abc$`, []string{"abc"}, []string{"abc\n", "ab", "abcd"}},
		{`a|b|`, []string{"", "x"}, nil},
		{`(?:)`, []string{"", "x"}, nil},
		{`[]`, nil, []string{"", "a"}},
		{`a[]|b`, []string{"b"}, []string{"a"}},
		{`^[^]$`, []string{"a", "\n", "é", "🐲"}, []string{"", "aa"}},
		{`^.$`, []string{"a", "é", "€", "🐲", "\u2027", "\u202a", "\u0085"}, []string{"", "\n", "\r", "\u2028", "\u2029", "aa"}},
		{`^.{2,3}$`, []string{"ab", "€€€", "🐲🐲"}, []string{"a", "abcd", "a\nb", "a\u2028b"}},
		{`^[^]{2,3}$`, []string{"ab", "\n\n"}, []string{"a", "abcd"}},
		{`^.*$`, []string{"", "abc", strings.Repeat("x", 40) + "é"}, []string{"a\nb", strings.Repeat("x", 40) + "\r", "\u2028"}},
		{`^\s+$`, []string{" \t\n\v\f\r\u00a0\ufeff\u2028\u2029\u2003\u3000\u1680"}, []string{"", "\u200b", "\u0085", "\u180e", "a"}},
		{`^\S$`, []string{"a", "\u0085", "é"}, []string{" ", "\ufeff"}},
		{`^\w\W\d\D$`, []string{"a-1x", "_é9€"}, []string{"é-1x", "a-١x"}},
		{`\bfoo\b`, []string{"foo", "a foo!", "éfooé"}, []string{"xfoo", "foo_", "foo1"}},
		{`\Boo`, []string{"foo"}, []string{"oo", " oo"}},
		{`a\b`, []string{"a", "ba "}, []string{"ab"}},
		{`^\B$`, []string{""}, []string{"a"}},
		{`\B`, []string{"", "ab", " "}, []string{"a"}},
		{`(^a|b)c`, []string{"ac", "xbc"}, []string{"xac"}},
		{`(a$|b)`, []string{"a", "bx"}, []string{"ax"}},
		{`^\cA\cz$`, []string{"\x01\x1a"}, []string{"cAcz"}},
		{`^\x41\u0042\u{43}\u{1F432}\uD83D\uDC32$`, []string{"ABC🐲🐲"}, nil},
		{`^\0$`, []string{"\x00"}, []string{"0"}},
		{`^[\b\-\]\\^]+$`, []string{"\b-]\\^"}, []string{"b"}},
		{`^[\w-.]+$`, []string{"a-.9"}, []string{"+"}},
		{`^[a-zA-Z0-9-_.]+$`, []string{"a-b_c.D9"}, []string{":", "^"}},
		{`^[--/]$`, []string{"-", ".", "/"}, []string{",", "0"}},
		{`^[à-ü]+$`, []string{"éèü"}, []string{"e", "ÿ"}},
		{`^[^a]$`, []string{"é", "b", "\n"}, []string{"a", "ab"}},
		{`^[^é]$`, []string{"e", "è", "🐲"}, []string{"é", ""}},
		{`^🐲*$`, []string{"", "🐲", "🐲🐲"}, []string{"🐉", "D"}},
		{`^é{3}$`, []string{"ééé"}, []string{"éé", "éééé"}},
		{`^[\p{L}\p{M}' -]{1,255}$`, []string{"a", "Zoë O'Neil-Ōe", "漢字", strings.Repeat("é", 255)}, []string{"", "a1", strings.Repeat("é", 256), "é!"}},
		{`^[à-ü]{2,}x`, []string{"éèx", "éèéxé"}, []string{"éx", "ééy"}},
		{`^\p{Letter}+$`, []string{"aéπ漢"}, []string{"a1", ""}},
		{`^\P{L}$`, []string{"1", "€"}, []string{"a", "π"}},
		{`^[\p{Lu}\d]+$`, []string{"AÉ9"}, []string{"a"}},
		{`^\p{Script=Greek}+$`, []string{"αβγ"}, []string{"abc"}},
		{`^\p{sc=Cyrillic}\p{gc=Nd}\p{ASCII}$`, []string{"ж٣a"}, []string{"a٣a"}},
		{`^\p{digit}+$`, []string{"42", "৪২"}, []string{"-%#"}},
		{`^\p{Any}$`, []string{"a", "\n", "🐲"}, []string{"", "aa"}},
		{`^\p{Alphabetic}\p{White_Space}\p{ID_Start}$`, []string{"ͅ\u0085a"}, []string{"1 a"}},
		{`{`, []string{"{"}, []string{"}"}},
		{`^a{,3}$`, []string{"a{,3}"}, []string{"aa"}},
		{`^a{2}$`, []string{"aa"}, []string{"a", "aaa"}},
		{`^a{2,}$`, []string{"aa", "aaaaa"}, []string{"a"}},
		{`^a{0}b$`, []string{"b"}, []string{"ab"}},
		{`^(ab){2,3}$`, []string{"abab", "ababab"}, []string{"ab", "abababab"}},
		{`^(a*)*b$`, []string{"b", "aab"}, []string{"a", "ba"}},
		{`^(a+)+$`, []string{"a", "aaaa"}, []string{"", "aaab"}},
		{`^(a|ab)(c|bcd)$`, []string{"ac", "abc", "abcd", "abbcd"}, []string{"abcde", "acd"}},
		{`^a*a$`, []string{"a", "aaa"}, []string{"", "b"}},
		{`^a*ab$`, []string{"ab", "aaab"}, []string{"b", "aa"}},
		{`^a?ab$`, []string{"ab", "aab"}, []string{"b", "aaab"}},
		{`^[ab]*b?c$`, []string{"c", "abc", "bbbc"}, []string{"abbca"}},
		{`^a+b*c+$`, []string{"ac", "abc", "aabbcc"}, []string{"ab", "bc"}},
		{`^a+b`, []string{"ab", "aabxx"}, []string{"b", "aa"}},
		{`^x.*`, []string{"x", "x\n", "xyz"}, []string{"yx"}},
		{`^x.+$`, []string{"xy", "xé"}, []string{"x", "xy\n"}},
		{`^x[^]{2,}y?$`, []string{"xab", "xaby"}, []string{"xa"}},
		{`^(?<year>\d{4})-(?<m>\d\d)$`, []string{"2026-11"}, []string{"2026-1"}},
		{igluURI, []string{"iglu:com.acme/a_b/jsonschema/1-0-0", "iglu:a-b/c/d/10-20-30"},
			[]string{"iglu:com.acme/a.b/jsonschema/1-0-0", "iglu:com.acme/a/b/1-0", "iglu:/a/b/1-0-0", "iglu:a/b/c/1-0-0\n", "xiglu:a/b/c/1-0-0"}},
	}
	for _, tt := range tests {
		table := compile(t, tt.pattern)
		for _, s := range tt.yes {
			if !pattern.Match(table, []byte(s)) {
				t.Errorf("%q (%v) does not match %q", tt.pattern, pattern.Kind(table[0]), s)
			}
		}
		for _, s := range tt.no {
			if pattern.Match(table, []byte(s)) {
				t.Errorf("%q (%v) matches %q", tt.pattern, pattern.Kind(table[0]), s)
			}
		}
	}
}

// The shape of a table is what its speed rests on.
func TestKind(t *testing.T) {
	tests := []struct {
		pattern string
		kind    pattern.Kind
	}{
		{`.*`, pattern.Always},
		{`a*`, pattern.Always},
		{`^.*`, pattern.Always},
		{`[]`, pattern.Never},
		{`a^`, pattern.Never},
		{`^abc$`, pattern.Equal},
		{`^$`, pattern.Equal},
		{`^iglu:`, pattern.Prefix},
		{`^contexts_.*`, pattern.Prefix},
		{`^é{2}`, pattern.Prefix},
		{`^.{1,255}$`, pattern.Length},
		{`^.{1,5000}$`, pattern.Length},
		{`^[\s\S]+$`, pattern.Length},
		{`^.*$`, pattern.Length},
		{igluURI, pattern.Segments},
		{`^(a+)+$`, pattern.Segments},
		{`^(\d+\.\d+\.\d+.*)$`, pattern.Segments},
		{`^\$.*$`, pattern.Segments},
		{`^[0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9]{3}$`, pattern.Segments},
		{`^iglu:([a-zA-Z0-9-_.]+)/([1-9][0-9]*|\*)$`, pattern.Segments},
		{`^(?:[0-9a-f]{4}-){3}$`, pattern.Segments},
		{`^a*ab$`, pattern.Segments}, // as ^a+b$
		{`^[ab]*b?c$`, pattern.Segments},
		{`^a*(ab|c)$`, pattern.DFA8},
		{`foo`, pattern.DFA8},
		{`^[\p{L}\p{M} '-]{1,255}$`, pattern.Segments},
		{`^🐲*$`, pattern.Segments},
		{`^(0|1)+2$`, pattern.Segments},
		{`(foo|bar)+\p{L}`, pattern.DFA16},
	}
	for _, tt := range tests {
		table := compile(t, tt.pattern)
		if k := pattern.Kind(table[0]); k != tt.kind {
			t.Errorf("Compile(%q) is a table of kind %v, want %v", tt.pattern, k, tt.kind)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		pattern string
		offset  int
		reason  string
	}{
		{`ab(?=c)`, 2, "lookahead (?=…)"},
		{`(?!c)`, 0, "lookahead (?!…)"},
		{`x(?<=c)`, 1, "lookbehind (?<=…)"},
		{`x(?<!c)`, 1, "lookbehind (?<!…)"},
		{`(a)\1`, 3, `backreference \1`},
		{`(?<n>a)\k<n>`, 7, `backreference \k`},
		{`(?i)a`, 0, "modifiers"},
		{`(?P<n>a)`, 0, "unknown group"},
		{`(?<1>a)`, 0, "group name"},
		{`a(b`, 1, "unclosed group"},
		{`ab)`, 2, "unmatched )"},
		{`a[b`, 1, "unclosed character class"},
		{`a[b\`, 3, `\ at the end`},
		{`[z-a]`, 1, "z-a is upside down"},
		{`*a`, 0, "nothing to repeat"},
		{`a**`, 2, "nothing to repeat"},
		{`a{2}{3}`, 4, "nothing to repeat"},
		{`{2}`, 0, "nothing to repeat"},
		{`^*`, 1, "an assertion cannot be repeated"},
		{`a{3,2}`, 1, "upside down"},
		{`a{99999999999}`, 2, "too large"},
		{`\Z`, 0, `\Z is not an ECMA-262 escape`},
		{`a\a`, 1, `\a is not an ECMA-262 escape`},
		{`\c1`, 0, `\c must be followed by a letter`},
		{`\x4`, 0, `\x must be followed by hexadecimal digits`},
		{`\u12`, 0, `\u must be followed by hexadecimal digits`},
		{`\u{110000}`, 0, "beyond U+10FFFF"},
		{`\u{}`, 0, "malformed"},
		{`\01`, 0, "octal"},
		{`[\B]`, 1, `\B has no meaning in a character class`},
		{`\pL`, 0, `\p must be followed by {…}`},
		{`\p{Nope}`, 0, `unknown Unicode property \p{Nope}`},
		{`\p{Greek}`, 0, `\p{Script=Greek}`},
		{`\p{Script=Grek}`, 0, "long names"},
		{"a\xff", 0, "UTF-8"},
		{strings.Repeat("(", 300), 200, "nested too deeply"},
		{`(a|b)*a(a|b){14}`, 0, "2,048 states"},
		{`(((a{100}){100}){100}){100}`, 0, "too large"},
		{`(x{180}){180}`, 0, "2,048 states"},
	}
	for _, tt := range tests {
		_, err := ecma.Compile(tt.pattern)
		e, ok := err.(*ecma.Error)
		if !ok {
			t.Errorf("Compile(%q): %v, want an *Error", tt.pattern, err)
			continue
		}
		if e.Offset != tt.offset || !strings.Contains(e.Reason, tt.reason) {
			t.Errorf("Compile(%q): at offset %d: %s, want offset %d and %q", tt.pattern, e.Offset, e.Reason, tt.offset, tt.reason)
		}
	}
}
