package format

import "weir/schemas/scan"

// isIPv4 takes four decimal octets without leading zeros (RFC 2673, section 3.2).
func isIPv4(s []byte) bool {
	for part := 0; ; part++ {
		n := span(s, digit)
		if n == 0 || n > 3 || n > 1 && s[0] == '0' {
			return false
		}
		v := 0
		for _, c := range s[:n] {
			v = v*10 + int(c-'0')
		}
		if v > 255 {
			return false
		}
		s = s[n:]
		if part == 3 {
			return len(s) == 0
		}
		if len(s) == 0 || s[0] != '.' {
			return false
		}
		s = s[1:]
	}
}

// isIPv6 takes the text forms of RFC 4291, section 2.2, without a zone.
func isIPv6(s []byte) bool {
	groups, compressed := 0, false
	if len(s) >= 2 && s[0] == ':' && s[1] == ':' {
		compressed = true
		s = s[2:]
	}
	for len(s) > 0 {
		n := span(s, hex)
		if n < len(s) && s[n] == '.' {
			groups += 2
			if !isIPv4(s) {
				return false
			}
			break
		}
		if n == 0 || n > 4 {
			return false
		}
		groups++
		s = s[n:]
		if len(s) == 0 {
			break
		}
		if s[0] != ':' || len(s) == 1 {
			return false
		}
		s = s[1:]
		if s[0] == ':' {
			if compressed {
				return false
			}
			compressed = true
			s = s[1:]
		}
	}
	return compressed && groups < 8 || !compressed && groups == 8
}

// isUUID takes the text form of RFC 9562, section 4, of any version.
func isUUID(s []byte) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	others := notHex(scan.Uint64(s, 0)) |
		notHex(uint64(scan.Uint32(s, 9))|uint64(scan.Uint32(s, 14))<<32) |
		notHex(uint64(scan.Uint32(s, 19))|uint64(scan.Uint32(s, 24))<<32) |
		notHex(scan.Uint64(s, 28))
	return others == 0
}

// notHex is not zero if one of the eight bytes of x is no hexadecimal digit. With
// the top bit of a byte set, subtracting a lower bound leaves it set if the byte
// is no less; with the top bit of an upper bound set, subtracting the byte leaves
// it set if the byte is no more. Only a byte beyond ASCII can borrow from its
// neighbour, and that one is found out by its own top bit.
func notHex(x uint64) uint64 {
	const (
		each = 0x0101010101010101
		top  = 0x80 * each
	)
	letter := x | 0x20*each
	digits := ((x | top) - '0'*each) & (('9'*each | top) - x)
	letters := ((letter | top) - 'a'*each) & (('f'*each | top) - letter)
	return (^(digits | letters) | x) & top
}
