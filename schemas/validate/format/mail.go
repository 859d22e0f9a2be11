package format

// isEmail takes the Mailbox of RFC 5321, section 4.1.2; an international one also
// holds code points beyond ASCII (RFC 6531, section 3.3).
func isEmail(s []byte, international bool) bool {
	var at int
	if len(s) > 0 && s[0] == '"' {
		at = quotedString(s, international)
	} else {
		at = dotString(s, international)
	}
	// 64 octets: RFC 5321, section 4.5.3.1.1.
	if at <= 0 || at > 64 || at+1 >= len(s) || s[at] != '@' {
		return false
	}
	s = s[at+1:]
	if s[0] == '[' {
		return s[len(s)-1] == ']' && isAddressLiteral(s[1:len(s)-1])
	}
	return isMailDomain(s, international)
}

// dotString returns the length of the atoms at the start of s, or -1.
func dotString(s []byte, international bool) int {
	i, atom := 0, 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case chars[c]&atext != 0, international && c >= 0x80:
			atom++
		case c == '.' && atom > 0:
			atom = 0
		default:
			if atom == 0 {
				return -1
			}
			return i
		}
	}
	return -1
}

// quotedString returns the length of the quoted string at the start of s, or -1.
func quotedString(s []byte, international bool) int {
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i++; i >= len(s) || s[i] < ' ' || s[i] > '~' {
				return -1
			}
		case c < ' ' || c == 0x7F || c >= 0x80 && !international:
			return -1
		}
	}
	return -1
}

func isAddressLiteral(s []byte) bool {
	const tag = "IPv6:"
	if len(s) <= len(tag) {
		return isIPv4(s)
	}
	for i := range len(tag) { // TinyGo copies what it compares as strings
		if s[i] != tag[i] {
			return isIPv4(s)
		}
	}
	return isIPv6(s[len(tag):])
}

// isMailDomain takes a name of letter-digit-hyphen labels, in an international
// address with code points beyond ASCII, whose validity as U-labels is left open.
func isMailDomain(s []byte, international bool) bool {
	if len(s) > maxHostname {
		return false
	}
	label := 0
	for i, c := range s {
		switch {
		case chars[c]&alnum != 0, international && c >= 0x80:
			label++
		case c == '-' && label > 0:
			label++
		case c == '.' && label > 0 && s[i-1] != '-':
			label = 0
		default:
			return false
		}
		if label > maxLabel && !international {
			return false
		}
	}
	return label > 0 && s[len(s)-1] != '-'
}
