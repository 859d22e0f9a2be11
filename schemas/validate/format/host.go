package format

// RFC 1035, section 2.3.4: a label has at most 63 octets, a name 253 in text.
const (
	maxLabel    = 63
	maxHostname = 253
)

// isHostname takes the names of RFC 1123, section 2.1, whose A-labels are valid
// (RFC 5890, section 2.3.2.1).
func isHostname(s []byte) bool {
	if len(s) > maxHostname {
		return false
	}
	var d domain
	for {
		end := index(s, '.')
		if end < 0 {
			return isLabel(s, &d) && d.ok()
		}
		if !isLabel(s[:end], &d) {
			return false
		}
		s = s[end+1:]
	}
}

func isLabel(s []byte, d *domain) bool {
	if len(s) == 0 || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		if chars[c]&alnum == 0 && c != '-' {
			return false
		}
	}
	if isACE(s) {
		return isALabel(s, d)
	}
	if chars[s[0]]&alpha == 0 {
		d.notBidi = true
	}
	return true
}

// isACE reports whether a label begins with the prefix of A-labels.
func isACE(s []byte) bool {
	return len(s) >= 4 && s[0]|0x20 == 'x' && s[1]|0x20 == 'n' && s[2] == '-' && s[3] == '-'
}

// isIDNHostname takes names whose labels are letters, digits and hyphens, A-labels
// or U-labels (RFC 5890, section 2.3.2), and the separators of RFC 3490. It does
// not check that a U-label is in normalisation form C.
func isIDNHostname(s []byte) bool {
	var d domain
	length := -1
	for {
		end, width := 0, 0
		for end < len(s) {
			r, n := decode(s[end:])
			if r == '.' || r == 0x3002 || r == 0xFF0E || r == 0xFF61 {
				width = n
				break
			}
			end += n
		}
		n, ok := idnLabel(s[:end], &d)
		if length += 1 + n; !ok || length > maxHostname {
			return false
		}
		if width == 0 {
			return d.ok()
		}
		s = s[end+width:]
	}
}

// idnLabel checks one label and returns how long it is in ASCII.
func idnLabel(s []byte, d *domain) (length int, ok bool) {
	if isASCII(s) {
		if len(s) >= 4 && s[2] == '-' && s[3] == '-' && !isACE(s) {
			return 0, false
		}
		return len(s), isLabel(s, d)
	}
	var u uLabel
	for len(s) > 0 {
		r, n := decode(s)
		if !u.append(r) {
			return 0, false
		}
		s = s[n:]
	}
	if !u.valid(d) {
		return 0, false
	}
	var buf [maxPoints]byte
	n := u.encode(&buf)
	return len("xn--") + n, n > 0
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// isALabel decodes a label that begins with xn--, in whichever case, and checks
// that it is the encoding of a valid U-label.
func isALabel(s []byte, d *domain) bool {
	var u uLabel
	if !u.decode(s[4:]) || !u.valid(d) {
		return false
	}
	var buf [maxPoints]byte
	n := u.encode(&buf)
	if n != len(s)-4 {
		return false
	}
	for i, c := range s[4:] {
		if lower(c) != buf[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}
