package ecma

import "strings"

// escape reads what follows a backslash.
func (p *parser) escape(at int) *node {
	if !p.more() {
		p.fail(at, `\ at the end of the pattern`)
	}
	class := func(s set) *node { return &node{op: opClass, set: s} }
	switch r := p.rune(); r {
	case 'b':
		return &node{op: opWord}
	case 'B':
		return &node{op: opNotWord}
	case 'd':
		return class(digits)
	case 'D':
		return class(digits.negate())
	case 'w':
		return class(word)
	case 'W':
		return class(word.negate())
	case 's':
		return class(space)
	case 'S':
		return class(space.negate())
	case 't':
		return class(one('\t'))
	case 'n':
		return class(one('\n'))
	case 'v':
		return class(one('\v'))
	case 'f':
		return class(one('\f'))
	case 'r':
		return class(one('\r'))
	case 'p', 'P':
		return class(p.property(at, r == 'P'))
	case 'c':
		if p.more() {
			if c := p.source[p.pos] | 0x20; c >= 'a' && c <= 'z' {
				p.pos++
				return class(one(rune(c & 0x1F)))
			}
		}
		p.fail(at, `\c must be followed by a letter`)
	case 'x':
		return class(one(p.hex(at, 2)))
	case 'u':
		return class(one(p.codePoint(at)))
	case '0':
		if p.more() && p.source[p.pos] >= '0' && p.source[p.pos] <= '9' {
			p.fail(at, `octal escapes are not part of ECMA-262 patterns; use \x`)
		}
		return class(one(0))
	case 'k':
		p.fail(at, `a backreference \k<…> is not a regular language and is not supported`)
	default:
		switch {
		case r >= '1' && r <= '9':
			p.fail(at, `a backreference \`+string(r)+` is not a regular language and is not supported`)
		case r != '_' && word.contains(r):
			p.fail(at, `\`+string(r)+` is not an ECMA-262 escape`)
		}
		return class(one(r))
	}
	return nil
}

func (p *parser) hex(at, n int) rune {
	var v rune
	for range n {
		d := rune(-1)
		if p.more() {
			d = hexDigit(p.source[p.pos])
		}
		if d < 0 {
			p.fail(at, `\`+p.source[at+1:at+2]+` must be followed by hexadecimal digits`)
		}
		v = v<<4 | d
		p.pos++
	}
	return v
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// codePoint reads what follows \u: {…}, or four digits, or two surrogates.
func (p *parser) codePoint(at int) rune {
	if p.accept("{") {
		v, start := rune(0), p.pos
		for p.more() && hexDigit(p.source[p.pos]) >= 0 {
			if v = v<<4 | hexDigit(p.source[p.pos]); v > maxRune {
				p.fail(at, `\u{…} is beyond U+10FFFF`)
			}
			p.pos++
		}
		if p.pos == start || !p.accept("}") {
			p.fail(at, `malformed \u{…}`)
		}
		return v
	}
	v := p.hex(at, 4)
	if v >= 0xD800 && v < 0xDC00 && strings.HasPrefix(p.rest(), `\u`) && !strings.HasPrefix(p.rest(), `\u{`) {
		back := p.pos
		p.pos += 2
		if low := p.hex(back, 4); low >= 0xDC00 && low < 0xE000 {
			return 0x10000 + (v-0xD800)<<10 + (low - 0xDC00)
		}
		p.pos = back
	}
	return v
}

func (p *parser) property(at int, negated bool) set {
	if !p.accept("{") {
		p.fail(at, `\p must be followed by {…}`)
	}
	end := strings.IndexByte(p.rest(), '}')
	if end < 0 {
		p.fail(at, `unclosed \p{…}`)
	}
	s, reason := property(p.rest()[:end])
	if reason != "" {
		p.fail(at, reason)
	}
	p.pos += end + 1
	if negated {
		s = s.negate()
	}
	return s
}
