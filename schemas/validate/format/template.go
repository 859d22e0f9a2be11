package format

// isURITemplate takes the URI-Template of RFC 6570, section 2, with erratum 6937,
// which allows an apostrophe in literals.
func isURITemplate(s []byte) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '{':
			end := index(s[i:], '}')
			if end < 0 || !isExpression(s[i+1:i+end]) {
				return false
			}
			i += end + 1
		case c == '%':
			if !isPercentEncoded(s[i:]) {
				return false
			}
			i += 3
		case c >= 0x80:
			r, n := decode(s[i:])
			if !isUcschar(r) && !isPrivate(r) {
				return false
			}
			i += n
		case c <= ' ' || c == 0x7F || contains("\"<>\\^`|}", c):
			return false
		default:
			i++
		}
	}
	return true
}

// isExpression takes what stands between braces.
func isExpression(s []byte) bool {
	if len(s) > 0 && contains("+#./;?&=,!@|", s[0]) { // the last five are reserved
		s = s[1:]
	}
	for {
		n := variableLength(s)
		if n == 0 {
			return false
		}
		if s = s[n:]; len(s) == 0 {
			return true
		}
		if s[0] != ',' {
			return false
		}
		s = s[1:]
	}
}

// variableLength returns the length of the varspec at the start of s, or 0.
func variableLength(s []byte) int {
	i := 0
	for i < len(s) {
		switch c := s[i]; {
		case is(c, alnum) || c == '_':
			i++
			continue
		case c == '%' && isPercentEncoded(s[i:]):
			i += 3
			continue
		case c == '.' && i > 0 && s[i-1] != '.':
			i++
			continue
		}
		break
	}
	if i == 0 || s[i-1] == '.' {
		return 0
	}
	if i < len(s) && s[i] == '*' {
		return i + 1
	}
	if i < len(s) && s[i] == ':' {
		n := span(s[i+1:], digit)
		if n == 0 || n > 4 || s[i+1] == '0' {
			return 0
		}
		return i + 1 + n
	}
	return i
}
