package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
)

// content checks what the string s at doc[i] holds.
func (r *Run) content(id uint32, want uint8, s []byte, i int) bool {
	if want&bundle.ContentBase64 != 0 {
		var ok bool
		if r.other, ok = appendBase64(r.other[:0], s); !ok {
			return r.violate(id, kwContentEncoding, 0, i) // so nobody knows what it holds
		}
		s = r.other
	}
	if want&bundle.ContentJSON != 0 {
		end, code := scan.ValueEnd(s, scan.Space(s, 0), scan.MaxDepth)
		if code != scan.OK || scan.Space(s, end) < len(s) {
			return r.violate(id, kwContentMediaType, 0, i)
		}
	}
	return true
}

// appendBase64 decodes base64 with padding (RFC 4648, section 4); line breaks
// are skipped (RFC 2045, section 6.8).
func appendBase64(dst, s []byte) ([]byte, bool) {
	var bits, n, padding uint32
	for _, c := range s {
		var v uint32
		switch {
		case c >= 'A' && c <= 'Z':
			v = uint32(c - 'A')
		case c >= 'a' && c <= 'z':
			v = uint32(c-'a') + 26
		case c >= '0' && c <= '9':
			v = uint32(c-'0') + 52
		case c == '+':
			v = 62
		case c == '/':
			v = 63
		case c == '=':
			padding++
			continue
		case c == '\r' || c == '\n':
			continue
		default:
			return dst, false
		}
		if padding > 0 {
			return dst, false
		}
		bits = bits<<6 | v
		if n++; n%4 != 1 {
			dst = append(dst, byte(bits>>(6-2*((n-1)%4))))
		}
	}
	switch n % 4 {
	case 0:
		return dst, padding == 0
	case 2:
		return dst, padding == 2
	case 3:
		return dst, padding == 1
	}
	return dst, false
}
