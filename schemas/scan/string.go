package scan

// StringEnd checks the string whose opening quote stands just before doc[i]
// and returns the index of its closing quote. With a code other than OK the
// index is the place of the fault. A string may hold the escape of a lone
// surrogate: RFC 8259 section 8.2 allows it; see [Text.Append].
//
//go:nobounds
func StringEnd(doc []byte, i int) (int, Flags, Code) {
	if uint(i) > uint(len(doc)) {
		return len(doc), 0, UnexpectedEnd
	}
	var f Flags
	for {
		i = PlainEnd(doc, i)
		if i >= len(doc) {
			return len(doc), f, UnexpectedEnd
		}
		switch c := doc[i]; {
		case c == '"':
			return i, f, OK
		case c == '\\':
			f |= Escaped
			if i+1 < len(doc) && escapes[doc[i+1]] != 0 {
				i += 2
				continue
			}
			n := escapeLen(doc[i:])
			if n == 0 {
				if len(doc)-i < 2 {
					return len(doc), f, UnexpectedEnd
				}
				return i, f, BadEscape
			}
			i += n
		case c < ' ':
			return i, f, ControlByte
		default:
			f |= NonASCII
			for i < len(doc) && doc[i] >= 0x80 {
				n := runeLen(doc[i:])
				if n == 0 {
					return i, f, BadUTF8
				}
				i += n
			}
		}
	}
}

// escapeLen returns the length of the escape sequence at the start of s, 2 or
// 6, or 0 if it is malformed. Both halves of a surrogate pair count on their own.
func escapeLen(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	if s[1] == 'u' {
		if len(s) < 6 || hex4(s[2:6]) < 0 {
			return 0
		}
		return 6
	}
	if escapes[s[1]] == 0 {
		return 0
	}
	return 2
}

// escapes maps the byte after a backslash to the byte it stands for.
var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// hex4 reads four hexadecimal digits, or returns -1.
func hex4(s []byte) int {
	if len(s) < 4 {
		return -1
	}
	v := 0
	for _, c := range s[:4] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		v = v<<4 | int(c)
	}
	return v
}

// runeLen returns the length of the UTF-8 sequence of a rune above U+007F at
// the start of s, or 0 if it is malformed: Unicode 15, table 3-7.
func runeLen(s []byte) int {
	c := s[0]
	switch {
	case c < 0xc2:
		return 0
	case c < 0xe0:
		if len(s) < 2 || s[1]&0xc0 != 0x80 {
			return 0
		}
		return 2
	case c < 0xf0:
		if len(s) < 3 || s[1]&0xc0 != 0x80 || s[2]&0xc0 != 0x80 {
			return 0
		}
		if c == 0xe0 && s[1] < 0xa0 || c == 0xed && s[1] > 0x9f {
			return 0 // overlong; surrogate
		}
		return 3
	case c < 0xf5:
		if len(s) < 4 || s[1]&0xc0 != 0x80 || s[2]&0xc0 != 0x80 || s[3]&0xc0 != 0x80 {
			return 0
		}
		if c == 0xf0 && s[1] < 0x90 || c == 0xf4 && s[1] > 0x8f {
			return 0 // overlong; above U+10FFFF
		}
		return 4
	}
	return 0
}
