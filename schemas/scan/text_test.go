package scan

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

// Append decodes eight bytes at a time where it can; step by step it is slow and plain.
func TestAppendDecodesAsStepDoes(t *testing.T) {
	parts := []string{"a", "plain text of some length", `\"`, `\\`, `\n`, `é`, `\u00e9`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\u20ac`}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var raw []byte
		for range random.IntN(12) {
			raw = append(raw, parts[random.IntN(len(parts))]...)
		}
		if random.IntN(8) == 0 && len(raw) > 0 {
			raw = raw[:random.IntN(len(raw))] // perhaps within an escape sequence
		}
		want := []byte("before")
		for rest := raw; len(rest) > 0; {
			want, rest = step(want, rest)
		}
		got := Text{Raw: raw, Escaped: true}.Append([]byte("before"))
		if string(got) != string(want) {
			t.Fatalf("%q: got %q, want %q", raw, got, want)
		}
	}
}

// step decodes the byte or escape sequence at the start of raw.
func step(dst, raw []byte) (out, rest []byte) {
	if raw[0] != '\\' {
		return append(dst, raw[0]), raw[1:]
	}
	r, rest := unescape(raw)
	return utf8.AppendRune(dst, r), rest // surrogates become U+FFFD
}
