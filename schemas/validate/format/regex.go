package format

// isRegex checks the syntax of ECMA-262, section 22.2.1, with the u flag and the
// leniency of weir/schemas/compile/ecma, but takes lookaround, backreferences and
// modifiers as well. Names of groups and Unicode properties are checked for their
// form only.
func isRegex(s []byte) bool {
	c := regexChecker{s: s}
	for c.i < len(s) {
		if !c.term() {
			return false
		}
	}
	return c.depth == 0 && c.reference <= c.groups
}

// maxGroupDepth is how deeply groups may nest; package ecma has the same limit.
const maxGroupDepth = 200

type regexChecker struct {
	s          []byte
	i          int
	depth      int
	assertions [maxGroupDepth/64 + 1]uint64 // by depth, whether the open group is a lookaround
	groups     int                          // that capture
	reference  int                          // the highest backreference
	repeatable bool
}

func (c *regexChecker) peek() byte {
	if c.i < len(c.s) {
		return c.s[c.i]
	}
	return 0
}

func (c *regexChecker) accept(b byte) bool {
	if c.i < len(c.s) && c.s[c.i] == b {
		c.i++
		return true
	}
	return false
}

func (c *regexChecker) term() bool {
	b := c.s[c.i]
	c.i++
	switch b {
	case '(':
		if c.depth++; c.depth > maxGroupDepth {
			return false
		}
		c.repeatable = false
		c.assertions[c.depth/64] &^= 1 << (c.depth % 64)
		return c.group()
	case ')':
		c.repeatable = c.assertions[c.depth/64]>>(c.depth%64)&1 == 0
		c.depth--
		return c.depth >= 0
	case '|', '^', '$':
		c.repeatable = false
	case '*', '+', '?':
		return c.quantified()
	case '{':
		n, ok := braces(c.s[c.i:])
		if n > 0 {
			c.i += n
			return ok && c.quantified()
		}
		c.repeatable = true
	case '[':
		c.repeatable = true
		return c.class()
	case '\\':
		c.repeatable = true
		if e := c.peek(); e == 'b' || e == 'B' {
			c.i++
			c.repeatable = false
			return true
		}
		_, ok := c.escape()
		return ok
	default:
		c.repeatable = true
	}
	return true
}

func (c *regexChecker) quantified() bool {
	ok := c.repeatable
	c.repeatable = false
	c.accept('?')
	return ok
}

// braces returns the length of a quantifier after its opening brace, or 0 if there
// is none, and whether its range is not upside down.
func braces(s []byte) (n int, ok bool) {
	lo, i := number(s)
	if i == 0 || i == len(s) {
		return 0, false
	}
	if s[i] == '}' {
		return i + 1, true
	}
	if s[i] != ',' {
		return 0, false
	}
	i++
	hi, m := number(s[i:])
	if i += m; i == len(s) || s[i] != '}' {
		return 0, false
	}
	return i + 1, m == 0 || lo <= hi
}

// number reads decimal digits; large numbers are all the same.
func number(s []byte) (v, n int) {
	n = span(s, digit)
	for _, c := range s[:n] {
		v = min(v*10+int(c-'0'), 1<<24)
	}
	return v, n
}

func (c *regexChecker) group() bool {
	if !c.accept('?') {
		c.groups++
		return true
	}
	switch {
	case c.accept(':'):
		return true
	case c.accept('='), c.accept('!'):
		c.lookaround()
		return true
	case c.accept('<'):
		if c.accept('=') || c.accept('!') {
			c.lookaround()
			return true
		}
		c.groups++
		return c.name()
	}
	return c.modifiers()
}

// lookaround notes that the open group is an assertion, which cannot be repeated.
func (c *regexChecker) lookaround() { c.assertions[c.depth/64] |= 1 << (c.depth % 64) }

// modifiers reads what (?i-m: holds before its colon.
func (c *regexChecker) modifiers() bool {
	seen, minus := 0, false
	for c.i < len(c.s) {
		b := c.s[c.i]
		c.i++
		bit := 0
		switch b {
		case 'i':
			bit = 1
		case 'm':
			bit = 2
		case 's':
			bit = 4
		case '-':
			if minus {
				return false
			}
			minus = true
			continue
		case ':':
			return seen != 0
		default:
			return false
		}
		if seen&bit != 0 {
			return false
		}
		seen |= bit
	}
	return false
}

func (c *regexChecker) name() bool {
	start := c.i
	for c.i < len(c.s) {
		b := c.s[c.i]
		switch {
		case b == '>':
			c.i++
			return c.i-1 > start
		case is(b, alpha), b == '_', b == '$', b >= 0x80, is(b, digit) && c.i > start:
			c.i++
		default:
			return false
		}
	}
	return false
}

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
