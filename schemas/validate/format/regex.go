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
