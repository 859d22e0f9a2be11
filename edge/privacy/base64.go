package privacy

import "weir/edge/envelope"

// shortestAddress is the length of the shortest address that says more than its prefix, "1.2.3.4";
// IPv6 has shorter ones, which nobody is given.
const shortestAddress = 7

// findsBase64 reports whether a run of Base64, in either alphabet, holds an
// address. Such a run may begin anywhere within what looks like one: all four
// alignments are tried.
func (f *finder) findsBase64(text string) bool {
	for i := 0; i < len(text); i++ {
		from := i
		for i < len(text) && sextet(text[i]) >= 0 {
			i++
		}
		for shift := 0; shift < 4 && i-from-shift >= shortestAddress*4/3; shift++ {
			if f.findsLayered(f.decodeBase64(text[from+shift : i])) {
				return true
			}
		}
	}
	return false
}

// findsLayered is finds for text with layers of escapes, which it takes off in place.
func (f *finder) findsLayered(b []byte) bool {
	for range deepest {
		text := envelope.View(b)
		if f.finds(text) {
			return true
		}
		n := unescape(b, text)
		if n == len(b) {
			return false
		}
		b = b[:n]
	}
	return true
}

// decodeBase64 returns what a run of Base64 encodes, good until the arena is
// used again. Stretches of printable characters too short to hold an address
// are blanked: they are chance.
func (f *finder) decodeBase64(run string) []byte {
	if f.spelling == nil { // not later, when the arena's room is taken
		f.spelling = f.arena.Keep(f.arena.Bytes(longestSpelling)[:longestSpelling])
	}
	b := f.arena.Bytes(len(run))
	bits, n, printable := 0, 0, 0
	for i := range len(run) {
		bits = bits<<6 | sextet(run[i])
		if n += 6; n < 8 {
			continue
		}
		n -= 8
		c := byte(bits >> n)
		bits &= 1<<n - 1
		b = append(b, c)
		if c-0x20 < 0x7f-0x20 {
			printable++
			continue
		}
		if printable < shortestAddress {
			clear(b[len(b)-1-printable:])
		}
		printable = 0
	}
	if printable < shortestAddress {
		clear(b[len(b)-printable:])
	}
	return b
}

func sextet(c byte) int {
	switch {
	case c-'A' < 26:
		return int(c - 'A')
	case c-'a' < 26:
		return int(c-'a') + 26
	case c-'0' <= 9:
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}
