package protocol

import "weir/edge/envelope"

// DecodeBase64 decodes as leniently as trackers need: both alphabets, padding
// or none, and characters of neither alphabet passed over.
func DecodeBase64(arena *envelope.Arena, s string) []byte {
	b := arena.Bytes(len(s)/4*3 + 3)
	var group uint32
	n := 0 // sextets in group
	for i := 0; i < len(s); {
		if n == 0 && i+4 <= len(s) {
			w, x, y, z := sextets[s[i]], sextets[s[i+1]], sextets[s[i+2]], sextets[s[i+3]]
			if w|x|y|z < 64 {
				group = uint32(w)<<18 | uint32(x)<<12 | uint32(y)<<6 | uint32(z)
				b = append(b, byte(group>>16), byte(group>>8), byte(group))
				i += 4
				continue
			}
		}
		c := sextets[s[i]]
		i++
		if c >= 64 {
			continue
		}
		group = group<<6 | uint32(c)
		if n++; n == 4 {
			b = append(b, byte(group>>16), byte(group>>8), byte(group))
			n = 0
		}
	}
	switch n { // a single sextet left over carries no byte
	case 2:
		b = append(b, byte(group>>4))
	case 3:
		b = append(b, byte(group>>10), byte(group>>2))
	}
	return arena.Keep(b)
}

// sextets maps the characters of both base64 alphabets (RFC 4648 sections 4
// and 5) to their values and everything else to 255.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	const shared = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for i := range len(shared) {
		t[shared[i]] = byte(i)
	}
	t['+'], t['-'] = 62, 62
	t['/'], t['_'] = 63, 63
	return t
}()

// EncodeBase64 returns b as a JSON string of standard base64, in memory of the arena.
func EncodeBase64(arena *envelope.Arena, b []byte) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	to := append(arena.Bytes((len(b)+2)/3*4+2), '"')
	for ; len(b) >= 3; b = b[3:] {
		n := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
		to = append(to, alphabet[n>>18], alphabet[n>>12&63], alphabet[n>>6&63], alphabet[n&63])
	}
	switch len(b) {
	case 1:
		to = append(to, alphabet[b[0]>>2], alphabet[b[0]&3<<4], '=', '=')
	case 2:
		to = append(to, alphabet[b[0]>>2], alphabet[b[0]&3<<4|b[1]>>4], alphabet[b[1]&15<<2], '=')
	}
	return arena.Keep(append(to, '"'))
}
