package format

// class reads what follows an opening bracket.
func (c *regexChecker) class() bool {
	c.accept('^')
	for {
		if c.accept(']') {
			return true
		}
		lo, ok := c.classAtom()
		if !ok {
			return false
		}
		if c.i+1 < len(c.s) && c.s[c.i] == '-' && c.s[c.i+1] != ']' {
			c.i++
			hi, ok := c.classAtom()
			if !ok || lo >= 0 && hi >= 0 && lo > hi {
				return false
			}
		}
	}
}

// classAtom returns the code point of a member, or -1 if it is a class itself.
func (c *regexChecker) classAtom() (rune, bool) {
	if c.i >= len(c.s) {
		return 0, false
	}
	if c.s[c.i] != '\\' {
		r, n := decode(c.s[c.i:])
		c.i += n
		return r, true
	}
	c.i++
	switch {
	case c.accept('b'):
		return '\b', true
	case c.accept('-'):
		return '-', true
	case is(c.peek(), digit) && c.peek() != '0', c.peek() == 'k':
		return 0, false
	}
	return c.escape()
}

// escape reads what follows a backslash. It returns the code point, or -1 for
// anything else.
func (c *regexChecker) escape() (rune, bool) {
	if c.i >= len(c.s) {
		return 0, false
	}
	b := c.s[c.i]
	c.i++
	switch b {
	case 'd', 'D', 'w', 'W', 's', 'S':
		return -1, true
	case 't':
		return '\t', true
	case 'n':
		return '\n', true
	case 'v':
		return '\v', true
	case 'f':
		return '\f', true
	case 'r':
		return '\r', true
	case 'c':
		letter := c.peek()
		c.i++
		return rune(letter & 0x1F), is(letter, alpha)
	case 'x':
		return c.hexDigits(2)
	case 'u':
		return c.codePoint()
	case 'p', 'P':
		return -1, c.property()
	case 'k':
		return -1, c.accept('<') && c.name()
	case '0':
		return 0, !is(c.peek(), digit)
	}
	if is(b, digit) {
		c.i--
		v, n := number(c.s[c.i:])
		c.i += n
		c.reference = max(c.reference, v)
		return -1, true
	}
	if is(b, alpha) {
		return 0, false
	}
	c.i--
	r, n := decode(c.s[c.i:])
	c.i += n
	return r, true
}

func (c *regexChecker) hexDigits(n int) (v rune, ok bool) {
	for range n {
		b := c.peek()
		if !is(b, hex) {
			return 0, false
		}
		v = v<<4 | rune(hexValue(b))
		c.i++
	}
	return v, true
}

func hexValue(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b | 0x20 - 'a' + 10
}

func (c *regexChecker) codePoint() (rune, bool) {
	if c.accept('{') {
		v, start := rune(0), c.i
		for ; is(c.peek(), hex); c.i++ {
			if v = v<<4 | rune(hexValue(c.s[c.i])); v > 0x10FFFF {
				return 0, false
			}
		}
		return v, c.i > start && c.accept('}')
	}
	high, ok := c.hexDigits(4)
	if !ok || high < 0xD800 || high >= 0xDC00 {
		return high, ok
	}
	back := c.i
	if c.accept('\\') && c.accept('u') {
		if low, ok := c.hexDigits(4); ok && low >= 0xDC00 && low < 0xE000 {
			return 0x10000 + (high-0xD800)<<10 + (low - 0xDC00), true
		}
	}
	c.i = back
	return high, true
}

// property reads the braces of \p{Name} or \p{Name=Value}.
func (c *regexChecker) property() bool {
	if !c.accept('{') {
		return false
	}
	for parts := 0; parts < 2; parts++ {
		n := 0
		for ; is(c.peek(), alnum) || c.peek() == '_'; c.i++ {
			n++
		}
		if n == 0 {
			return false
		}
		if c.accept('}') {
			return true
		}
		if !c.accept('=') {
			return false
		}
	}
	return false
}
