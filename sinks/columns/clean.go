package columns

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// clean returns valid JSON with what stands for no storable character replaced:
// bytes that are not UTF-8 by U+FFFD, the escapes \u0000 and lone surrogates by
// \ufffd. Valid JSON has neither of them but in escapes.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if !strings.Contains(s, `\u0000`) && !strings.Contains(s, `\ud`) && !strings.Contains(s, `\uD`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for len(s) > 0 {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := 2 // an escape of two characters
		if s[1] == 'u' {
			n = 6
			switch r := unit(s); {
			case r == 0:
				b.WriteString(`\ufffd`)
				s = s[n:]
				continue
			case utf16.IsSurrogate(r):
				if len(s) < 12 || s[6] != '\\' || s[7] != 'u' || utf16.DecodeRune(r, unit(s[6:])) == utf8.RuneError {
					b.WriteString(`\ufffd`)
					s = s[n:]
					continue
				}
				n = 12
			}
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	b.WriteString(s)
	return b.String()
}

// unit is the UTF-16 code unit of the escape \uXXXX that s begins with.
func unit(s string) rune {
	u, err := strconv.ParseUint(s[2:6], 16, 16)
	if err != nil {
		return utf8.RuneError // not reached: the grammar was checked
	}
	return rune(u)
}
