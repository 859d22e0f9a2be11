package privacy

// Address is an IP address. IPv4 is held in its last four bytes.
type Address struct {
	bytes [16]byte
	v4    bool
}

// ParseAddress reads an IPv4 address in dotted decimal, zeros in front passed
// over, or an IPv6 address by RFC 4291 section 2.2. A zone ("%eth0") is left out. An IPv4-mapped IPv6
// address is the IPv4 address.
func ParseAddress(s string) (a Address, ok bool) {
	for i := range len(s) {
		if s[i] == '%' {
			s = s[:i]
			break
		}
	}
	if ok = parseIPv4(a.bytes[12:], s); ok {
		a.v4 = true
		return a, true
	}
	if ok = parseIPv6(&a.bytes, s); ok && a.mapped() {
		a.bytes = [16]byte{12: a.bytes[12], 13: a.bytes[13], 14: a.bytes[14], 15: a.bytes[15]}
		a.v4 = true
	}
	return a, ok
}

func (a *Address) mapped() bool {
	for _, b := range a.bytes[:10] {
		if b != 0 {
			return false
		}
	}
	return a.bytes[10] == 0xff && a.bytes[11] == 0xff
}

// Truncate keeps the first bits of the address, v4 of an IPv4 and v6 of an
// IPv6 one, and zeroes the rest.
func (a Address) Truncate(v4, v6 int) Address {
	keep := v6
	if a.v4 {
		keep = 96 + v4
	}
	for i := range a.bytes {
		switch n := keep - 8*i; {
		case n <= 0:
			a.bytes[i] = 0
		case n < 8:
			a.bytes[i] &= 0xff << (8 - n)
		}
	}
	return a
}

// Append appends the address in dotted decimal, or as RFC 5952 spells IPv6.
func (a Address) Append(dst []byte) []byte {
	if a.v4 {
		for i, b := range a.bytes[12:] {
			if i > 0 {
				dst = append(dst, '.')
			}
			dst = appendDecimal(dst, b)
		}
		return dst
	}
	// The longest run of two or more zero groups becomes "::", the first of equals.
	from, length := -1, 1
	for i := 0; i < 8; i++ {
		n := 0
		for i+n < 8 && a.group(i+n) == 0 {
			n++
		}
		if n > length {
			from, length = i, n
		}
		i += n
	}
	for i := 0; i < 8; i++ {
		if i == from {
			dst = append(dst, ':', ':')
			i += length - 1
			continue
		}
		if i > 0 && i != from+length || i > 0 && from < 0 {
			dst = append(dst, ':')
		}
		dst = appendHex(dst, a.group(i))
	}
	return dst
}

func (a *Address) group(i int) uint16 {
	return uint16(a.bytes[2*i])<<8 | uint16(a.bytes[2*i+1])
}

func parseIPv4(dst []byte, s string) bool {
	part, digits, n := 0, 0, 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '.' {
			if digits == 0 || part == 4 {
				return false
			}
			dst[part] = byte(n)
			part, digits, n = part+1, 0, 0
			continue
		}
		if s[i]-'0' > 9 || digits == 3 {
			return false
		}
		n = n*10 + int(s[i]-'0')
		if digits++; n > 255 {
			return false
		}
	}
	return part == 4
}

func parseIPv6(dst *[16]byte, s string) bool {
	var groups [16]byte
	n, gap := 0, -1 // bytes read, and where "::" stood
	if len(s) >= 2 && s[0] == ':' && s[1] == ':' {
		gap, s = 0, s[2:]
	}
	for s != "" {
		if n == 16 {
			return false
		}
		value, digits := 0, 0
		for digits < len(s) && digits < 5 {
			d := hexValue(s[digits])
			if d < 0 {
				break
			}
			value = value<<4 | d
			digits++
		}
		if digits < len(s) && s[digits] == '.' { // the last four bytes in dotted decimal
			if n > 12 || !parseIPv4(groups[n:n+4], s) {
				return false
			}
			n += 4
			break
		}
		if digits == 0 || digits > 4 {
			return false
		}
		groups[n], groups[n+1] = byte(value>>8), byte(value)
		n += 2
		s = s[digits:]
		if s == "" {
			break
		}
		if s[0] != ':' || len(s) == 1 {
			return false
		}
		if s = s[1:]; s[0] == ':' {
			if gap >= 0 {
				return false
			}
			gap, s = n, s[1:]
		}
	}
	switch {
	case gap < 0 && n != 16, gap >= 0 && n > 14:
		return false
	case gap < 0:
		*dst = groups
		return true
	}
	*dst = [16]byte{}
	copy(dst[:], groups[:gap])
	copy(dst[16-(n-gap):], groups[gap:n])
	return true
}

func hexValue(c byte) int {
	switch {
	case c-'0' <= 9:
		return int(c - '0')
	case c|0x20-'a' <= 5:
		return int(c|0x20-'a') + 10
	}
	return -1
}

func appendDecimal(dst []byte, b byte) []byte {
	if b >= 100 {
		dst = append(dst, '0'+b/100)
	}
	if b >= 10 {
		dst = append(dst, '0'+b/10%10)
	}
	return append(dst, '0'+b%10)
}

func appendHex(dst []byte, v uint16) []byte {
	const hex = "0123456789abcdef"
	for shift := 12; shift > 0; shift -= 4 {
		if v>>shift != 0 {
			dst = append(dst, hex[v>>shift&15])
		}
	}
	return append(dst, hex[v&15])
}
