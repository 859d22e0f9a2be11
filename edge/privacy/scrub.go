package privacy

import "weir/edge/envelope"

// ScrubAddresses truncates every IP address that stands in a text, as
// [Address.Truncate] does, and reports whether there was one. It is for text
// that could not be parsed: it takes any four numbers joined by dots for an
// address, and of encodings it sees through %3A for a colon only.
func ScrubAddresses(arena *envelope.Arena, text string, v4, v6 int) (string, bool) {
	var out []byte // begun at the first address
	found, done := false, 0
	for i := 0; i < len(text); {
		start, end, addr, next := findAddress(arena, text, i)
		i = next
		if start == end {
			continue
		}
		if !found {
			// No replacement is longer than its original by more than this: "::1" becomes "::".
			found, out = true, arena.Keep(arena.Bytes(2 * len(text))[:2*len(text)])[:0]
		}
		out = append(out, text[done:start]...)
		out = addr.Truncate(v4, v6).Append(out)
		done = end
	}
	if !found {
		return text, false
	}
	return envelope.View(append(out, text[done:]...)), true
}

// longestAddress is the length of an IPv6 address with an IPv4 tail, in full.
const longestAddress = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")

// findAddress looks for an address in the run of address characters at text[i],
// or in what of it could be one. It is text[start:end], which is empty if there
// is none; looking goes on at next. All but a few of the bytes it read lie
// before next, which keeps scrubbing linear in the text.
func findAddress(arena *envelope.Arena, text string, i int) (start, end int, addr Address, next int) {
	n, colons := 0, 0
	j := i
	for j < len(text) && n <= longestAddress {
		c, size := text[j], 1
		if c == '%' && j+2 < len(text) && text[j+1] == '3' && text[j+2]|0x20 == 'a' {
			c, size = ':', 3
		}
		if c == ':' {
			colons++
		} else if c != '.' && hexValue(c) < 0 {
			break
		}
		n++
		j += size
	}
	if j == i {
		return i, i, addr, i + 1
	}
	if colons >= 2 && n <= longestAddress {
		from, to := i, j
		s := spell(arena.Bytes(longestAddress), text[i:j])
		// A colon before and punctuation after belong to the text around.
		if s[0] == ':' && s[1] != ':' {
			s = s[1:]
			from += 1 + 2*b2i(text[i] == '%')
		}
		if last := s[len(s)-1]; last == '.' || last == ':' && s[len(s)-2] != ':' {
			s = s[:len(s)-1]
			to -= 1 + 2*b2i(text[to-1]|0x20 == 'a')
		}
		if a, ok := ParseAddress(envelope.View(s)); ok {
			return from, to, a, j
		}
	}
	// No IPv6 address: perhaps an IPv4 one stands within the run.
	for k := i; k < j; k++ {
		if text[k]-'0' > 9 {
			continue
		}
		from := k
		for k < len(text) && (text[k]-'0' <= 9 || text[k] == '.') {
			k++
		}
		to := k
		for text[to-1] == '.' {
			to--
		}
		if a, ok := ParseAddress(text[from:to]); ok {
			return from, to, a, k
		}
		j = max(j, k)
	}
	return i, i, addr, j
}

// spell appends a run of address characters with its colons decoded.
func spell(dst []byte, run string) []byte {
	for i := 0; i < len(run); i++ {
		c := run[i]
		if c == '%' {
			c = ':'
			i += 2
		}
		dst = append(dst, c)
	}
	return dst
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
