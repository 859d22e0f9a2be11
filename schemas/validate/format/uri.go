package format

const (
	absolute      = 1 << iota // a scheme is required
	international             // RFC 3987: code points beyond ASCII are allowed
)

const (
	pchar = alnum | unreserved | subDelim
)

// isURI takes URI or URI-reference of RFC 3986, appendix A, or IRI or
// IRI-reference of RFC 3987, section 2.2.
func isURI(s []byte, mode int) bool {
	rest := s
	n := schemeLength(s)
	if n > 0 {
		rest = s[n+1:]
	} else if mode&absolute != 0 {
		return false
	}
	rooted := len(rest) > 0 && rest[0] == '/'
	if rooted && len(rest) > 1 && rest[1] == '/' {
		// Mostly there is a host alone.
		end := 2 + span(rest[2:], pchar)
		if end < len(rest) && !endsAuthority(rest[end]) {
			for end++; end < len(rest) && !endsAuthority(rest[end]); end++ {
			}
			if !isAuthority(rest[2:end], mode) {
				return false
			}
		}
		rest = rest[end:]
	} else if n == 0 && !rooted {
		// The first segment of a relative path holds no colon: it would be a scheme.
		for _, c := range rest {
			if endsAuthority(c) {
				break
			}
			if c == ':' {
				return false
			}
		}
	}
	i := text(rest, mode, path)
	if i < len(rest) && rest[i] == '?' {
		rest = rest[i+1:]
		i = text(rest, mode, query)
	}
	if i < len(rest) && rest[i] == '#' {
		rest = rest[i+1:]
		i = text(rest, mode, fragment)
	}
	return i == len(rest)
}

func endsAuthority(c byte) bool { return c == '/' || c == '?' || c == '#' }

// schemeLength returns the length of the scheme before a colon, or 0.
func schemeLength(s []byte) int {
	if len(s) == 0 || chars[s[0]]&alpha == 0 {
		return 0
	}
	n := span(s, alnum|schemeMark)
	if n == len(s) || s[n] != ':' {
		return 0
	}
	return n
}

// The parts of a URI that differ in what they may hold besides unreserved
// characters, subdelimiters and percent-encoded octets.
const (
	host     = iota // nothing
	path            // : @ /
	query           // : @ / ?, and in an IRI private use code points
	fragment        // : @ / ?
)

// text returns how many leading bytes of s fit into the part.
//
//go:nobounds
func text(s []byte, mode, part int) int {
	class := uint8(pchar)
	if part != host {
		class |= pathMark
	}
	i := 0
	for {
		if part != host {
			i = pathEnd(s, i)
		}
		for i < len(s) && chars[s[i]]&class != 0 {
			i++
		}
		if i == len(s) {
			return i
		}
		switch c := s[i]; {
		case c == '%':
			if !isPercentEncoded(s[i:]) {
				return i
			}
			i += 3
		case c >= 0x80:
			n := beyond(s[i:], mode, part)
			if n == 0 {
				return i
			}
			i += n
		case c == '?' && part >= query:
			i++
		default:
			return i
		}
	}
}

// beyond returns the length of the code point beyond ASCII at the start of s, or
// 0 if it does not fit into the part.
//
//go:noinline
func beyond(s []byte, mode, part int) int {
	r, n := decode(s)
	if mode&international == 0 || !isUcschar(r) && !(part == query && isPrivate(r)) {
		return 0
	}
	return n
}

func contains(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}

func isPercentEncoded(s []byte) bool {
	return len(s) >= 3 && s[0] == '%' && is(s[1], hex) && is(s[2], hex)
}

// isAuthority takes [ userinfo "@" ] host [ ":" port ]. There is no slash in s.
//
//go:noinline
func isAuthority(s []byte, mode int) bool {
	if at := index(s, '@'); at >= 0 {
		if text(s[:at], mode, path) != at {
			return false
		}
		s = s[at+1:]
	}
	n := 0
	if len(s) > 0 && s[0] == '[' {
		end := index(s, ']')
		if end < 0 || !isIPLiteral(s[1:end]) {
			return false
		}
		n = end + 1
	} else {
		n = text(s, mode, host)
	}
	s = s[n:]
	return len(s) == 0 || s[0] == ':' && span(s[1:], digit) == len(s)-1
}

// isIPLiteral takes IPv6address or IPvFuture. There is no slash and no at-sign in s.
func isIPLiteral(s []byte) bool {
	if len(s) == 0 || s[0]|0x20 != 'v' {
		return isIPv6(s)
	}
	n := span(s[1:], hex)
	s = s[1+n:]
	return n > 0 && len(s) > 1 && s[0] == '.' && span(s[1:], pchar|pathMark) == len(s)-1
}

// isUcschar is RFC 3987, section 2.2: what IRIs add to the unreserved characters.
func isUcschar(r rune) bool {
	switch {
	case r < 0xA0, r > 0xEFFFD, r >= 0xD800 && r < 0xF900:
		return false
	case r < 0x10000:
		return r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFEF
	case r >= 0xE0000 && r < 0xE1000:
		return false
	}
	return r&0xFFFF < 0xFFFE
}

func isPrivate(r rune) bool {
	return r >= 0xE000 && r <= 0xF8FF || r >= 0xF0000 && r&0xFFFF < 0xFFFE
}
