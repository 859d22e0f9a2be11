package scan

import (
	"math/bits"
	"unicode/utf8"
	"unsafe"
)

// Text is a string as it stands between its quotes. The bytes are those of the
// document; if Escaped is false they are also the string itself.
type Text struct {
	Raw     []byte
	Escaped bool
}

// Is reports whether the text, unescaped, equals s.
func (t Text) Is(s string) bool {
	if !t.Escaped {
		return view(t.Raw) == s
	}
	return t.unescapedIs(s)
}

// Equal reports whether a and b hold the same bytes, as bytes.Equal does, which
// copies both under TinyGo.
func Equal(a, b []byte) bool { return view(a) == view(b) }

// view makes a string of bytes for the length of a comparison. Go compares
// string(b) without a copy, TinyGo makes one.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (t Text) unescapedIs(s string) bool {
	var buf [utf8.UTFMax]byte
	for raw := t.Raw; len(raw) > 0; {
		n := 1
		if raw[0] != '\\' {
			buf[0], raw = raw[0], raw[1:]
		} else {
			var r rune
			r, raw = unescape(raw)
			n = utf8.EncodeRune(buf[:], r)
		}
		if len(s) < n {
			return false
		}
		for i := range n {
			if s[i] != buf[i] {
				return false
			}
		}
		s = s[n:]
	}
	return s == ""
}

// Bytes returns the text unescaped: Raw itself where nothing is escaped, else
// decoded into scratch, which grows if it must. Callers that want no
// allocation keep the result as their next scratch:
//
//	s := t.Bytes(&scratch)
func (t Text) Bytes(scratch *[]byte) []byte {
	if !t.Escaped {
		return t.Raw
	}
	*scratch = t.Append((*scratch)[:0])
	return *scratch
}

// Append appends the text, unescaped, to dst. An escaped lone surrogate, which
// UTF-8 cannot carry, becomes U+FFFD, as in encoding/json and the WHATWG
// decoders.
func (t Text) Append(dst []byte) []byte {
	raw, start := t.Raw, len(dst)
	// Text is never longer unescaped: this makes all the room that it takes.
	dst = append(dst, raw...)
	if !t.Escaped {
		return dst
	}
	out := dst[start:]
	i, n := 0, 0 // out[:n] is raw[:i] unescaped, so n <= i
	for i < len(raw) {
		for i+8 <= len(raw) {
			x := Uint64(raw, i)
			putUint64(out, n, x)
			y := x ^ ones*'\\'
			if stop := (y - ones) &^ y & highs; stop != 0 {
				plain := bits.TrailingZeros64(stop) >> 3
				i, n = i+plain, n+plain
				break
			}
			i, n = i+8, n+8
		}
		switch {
		case i == len(raw):
		case raw[i] != '\\':
			out[n] = raw[i]
			i, n = i+1, n+1
		case i+1 < len(raw) && raw[i+1] != 'u':
			out[n] = escapes[raw[i+1]]
			i, n = i+2, n+1
		case i+6 <= len(raw):
			r, rest := unescape(raw[i:])
			i, n = len(raw)-len(rest), n+utf8.EncodeRune(out[n:], r) // surrogates become U+FFFD
		case i+1 < len(raw):
			return append(dst[:start+n], "\ufffd"...) // cut short, and perhaps shorter than this
		default:
			out[n] = '\\'
			i, n = i+1, n+1
		}
	}
	return dst[:start+n]
}

// unescape decodes the escape sequence at the start of raw. A surrogate without
// its other half is returned as it is.
func unescape(raw []byte) (r rune, rest []byte) {
	if len(raw) < 2 {
		return rune(raw[0]), nil
	}
	if raw[1] != 'u' {
		return rune(escapes[raw[1]]), raw[2:]
	}
	r = rune(hex4(raw[2:]))
	raw = raw[min(6, len(raw)):]
	if r >= 0xd800 && r < 0xdc00 && len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
		if low := rune(hex4(raw[2:])); low >= 0xdc00 && low < 0xe000 {
			r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
			raw = raw[6:]
		}
	}
	return r, raw
}
