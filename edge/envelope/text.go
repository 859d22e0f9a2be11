package envelope

import (
	"math/bits"
	"strconv"
)

// AtomicSchema is the key of the schema that the canonical columns obey.
const AtomicSchema = "iglu:com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0"

// Fill sets a Text column to what a sender gave, cleaned; what is then empty
// is null. Text longer than [Field.Limit] violates the atomic schema and is
// kept among the rejected under name.
func (e *Event) Fill(a *Arena, f Field, name, s string) {
	switch s = Clean(a, s); {
	case s == "":
	case len(s) > f.Limit() && utf16Length(s) > f.Limit():
		b := append(a.Bytes(64), "must be no longer than "...)
		b = append(strconv.AppendInt(b, int64(f.Limit()), 10), " UTF-16 code units"...)
		e.Misfit(f, "maxLength", a.KeepString(b), name, s)
	default:
		e.Set(f, s)
	}
}

// Misfit records that a value does not fit its column and keeps it among the rejected under name.
func (e *Event) Misfit(f Field, keyword, message, name, value string) {
	e.Violate(Violation{Schema: AtomicSchema, Path: f.Path(), Keyword: keyword, Message: message})
	e.Reject(name, value)
}

// Clean makes text safe for tab-separated files, as the canonical columns are:
// a tab becomes four spaces and other control characters (Unicode Cc) go.
func Clean(a *Arena, s string) string {
	if isClean(s) {
		return s
	}
	i, n := firstControl(s), len(s)
	if i == n {
		return s
	}
	for j := i; j < len(s); j++ {
		if s[j] == '\t' {
			n += 3
		}
	}
	b := append(a.Bytes(n), s[:i]...)
	for i < len(s) {
		switch size := controlLength(s, i); {
		case s[i] == '\t':
			b = append(b, "    "...)
			i++
		case size > 0:
			i += size
		default:
			b = append(b, s[i])
			i++
		}
	}
	return a.KeepString(b)
}

// isClean reports whether text is without control characters. Where it is not
// ASCII it may be too strict.
func isClean(s string) bool {
	b := ViewBytes(s)
	if len(b) < 8 {
		for _, c := range b {
			if c < ' ' || c >= 0x7f {
				return false
			}
		}
		return true
	}
	// A byte of 0x7f, and only that one, has its high bit set by adding one.
	odd := func(x uint64) uint64 { return ((x - ones*' ') | (x + ones) | x) & highs }
	for i := 0; i+8 < len(b); i += 8 {
		if odd(load64(b[i:])) != 0 {
			return false
		}
	}
	return odd(load64(b[len(b)-8:])) == 0
}

// firstControl returns the index of the first control character, or len(s).
func firstControl(s string) int {
	b, i := ViewBytes(s), 0
	for {
		for ; i+8 <= len(b); i += 8 {
			x := load64(b[i:])
			del, lead := x^ones*0x7f, x^ones*0xc2 // 0xc2 begins U+0080 to U+00BF
			if stop := ((x-ones*0x20)&^x | (del-ones)&^del | (lead-ones)&^lead) & highs; stop != 0 {
				i += bits.TrailingZeros64(stop) >> 3
				break
			}
		}
		if i == len(b) || controlLength(s, i) > 0 {
			return i
		}
		i++
	}
}

// controlLength returns the length of the control character at s[i], 0 if there is none.
func controlLength(s string, i int) int {
	switch c := s[i]; {
	case c < ' ' || c == 0x7f:
		return 1
	case c == 0xc2 && i+1 < len(s) && s[i+1]-0x80 < 0x20: // U+0080 to U+009F
		return 2
	}
	return 0
}

// IndexAny returns the index of the first byte of s that is one of chars, which
// are ASCII, or -1. Unlike that of package strings it takes no memory of TinyGo
// for what a text holds besides.
func IndexAny(s, chars string) int {
	for i := range len(s) {
		for j := range len(chars) {
			if s[i] == chars[j] {
				return i
			}
		}
	}
	return -1
}

// utf16Length counts UTF-16 code units, in which the columns are limited.
func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}
