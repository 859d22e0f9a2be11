package ecma

import (
	"strings"
	"unicode/utf8"
)

type op uint8

const (
	opEmpty   op = iota
	opClass      // one code point of set
	opConcat     // subs one after the other
	opAlt        // one of subs
	opRepeat     // subs[0], min to max times
	opBegin      // ^
	opEnd        // $
	opWord       // \b
	opNotWord    // \B
)

// inf is the maximum of a repetition without one.
const inf = -1

type node struct {
	op       op
	set      set
	subs     []*node
	min, max int
}

// Limits that no honest pattern meets. They keep compilation bounded.
const (
	maxNesting = 200
	maxCount   = 1 << 24
)

type parser struct {
	source string
	pos    int
	depth  int
}

// parse reads a pattern. The errors of the methods below travel as panics of
// *Error, which keeps the grammar readable; they stop here.
func parse(source string) (n *node, err error) {
	p := &parser{source: source}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			n, err = nil, e
		}
	}()
	if !utf8.ValidString(source) {
		p.fail(0, "not valid UTF-8")
	}
	n = p.disjunction()
	if p.more() {
		p.fail(p.pos, "unmatched )")
	}
	return n, nil
}

func (p *parser) fail(at int, reason string) { panic(&Error{p.source, at, reason}) }

func (p *parser) more() bool { return p.pos < len(p.source) }

func (p *parser) rest() string { return p.source[p.pos:] }

func (p *parser) accept(prefix string) bool {
	if strings.HasPrefix(p.rest(), prefix) {
		p.pos += len(prefix)
		return true
	}
	return false
}

func (p *parser) rune() rune {
	r, n := utf8.DecodeRuneInString(p.rest())
	p.pos += n
	return r
}

func (p *parser) disjunction() *node {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.pos, "groups are nested too deeply")
	}
	defer func() { p.depth-- }()
	alt := &node{op: opAlt, subs: []*node{p.alternative()}}
	for p.accept("|") {
		alt.subs = append(alt.subs, p.alternative())
	}
	if len(alt.subs) == 1 {
		return alt.subs[0]
	}
	return alt
}

func (p *parser) alternative() *node {
	cat := &node{op: opConcat}
	for p.more() && p.source[p.pos] != '|' && p.source[p.pos] != ')' {
		cat.subs = append(cat.subs, p.term())
	}
	switch len(cat.subs) {
	case 0:
		return &node{op: opEmpty}
	case 1:
		return cat.subs[0]
	}
	return cat
}

func (p *parser) term() *node {
	at := p.pos
	n := p.atom()
	qat := p.pos
	lo, hi, ok := p.quantifier()
	if !ok {
		return n
	}
	switch n.op {
	case opBegin, opEnd, opWord, opNotWord:
		if p.source[at] != '(' {
			p.fail(qat, "an assertion cannot be repeated")
		}
	}
	p.accept("?") // laziness does not change whether there is a match
	if more := p.pos; p.more() {
		if _, _, twice := p.quantifier(); twice {
			p.fail(more, "nothing to repeat")
		}
	}
	return &node{op: opRepeat, subs: []*node{n}, min: lo, max: hi}
}

// quantifier reads *, +, ? or {…}. Braces that do not form a quantifier stand
// for themselves and are left to atom.
func (p *parser) quantifier() (lo, hi int, ok bool) {
	if !p.more() {
		return 0, 0, false
	}
	switch p.source[p.pos] {
	case '*':
		p.pos++
		return 0, inf, true
	case '+':
		p.pos++
		return 1, inf, true
	case '?':
		p.pos++
		return 0, 1, true
	case '{':
		return p.braces()
	}
	return 0, 0, false
}

func (p *parser) braces() (lo, hi int, ok bool) {
	at := p.pos
	p.pos++
	lo, ok = p.count()
	if !ok {
		p.pos = at
		return 0, 0, false
	}
	hi = lo
	if p.accept(",") {
		if hi, ok = p.count(); !ok {
			hi = inf
		}
	}
	if !p.accept("}") {
		p.pos = at
		return 0, 0, false
	}
	if hi != inf && hi < lo {
		p.fail(at, "the range of a quantifier is upside down")
	}
	return lo, hi, true
}

func (p *parser) count() (n int, ok bool) {
	at := p.pos
	for p.more() && p.source[p.pos] >= '0' && p.source[p.pos] <= '9' {
		if n = n*10 + int(p.source[p.pos]-'0'); n > maxCount {
			p.fail(at, "the count of a quantifier is too large")
		}
		p.pos++
	}
	return n, p.pos > at
}

func (p *parser) atom() *node {
	at := p.pos
	switch r := p.rune(); r {
	case '^':
		return &node{op: opBegin}
	case '$':
		return &node{op: opEnd}
	case '.':
		return &node{op: opClass, set: dot}
	case '(':
		return p.group(at)
	case '[':
		return p.class(at)
	case '\\':
		return p.escape(at)
	case '*', '+', '?':
		p.fail(at, "nothing to repeat")
	case '{':
		p.pos = at
		if _, _, ok := p.braces(); ok {
			p.fail(at, "nothing to repeat")
		}
		p.pos = at + 1
		return &node{op: opClass, set: one('{')}
	default:
		return &node{op: opClass, set: one(r)}
	}
	return nil
}

func (p *parser) group(at int) *node {
	if p.accept("?") {
		switch {
		case p.accept(":"):
		case p.accept("="), p.accept("!"):
			p.fail(at, "lookahead "+p.source[at:p.pos]+"…) is not a regular language and is not supported")
		case p.accept("<="), p.accept("<!"):
			p.fail(at, "lookbehind "+p.source[at:p.pos]+"…) is not a regular language and is not supported")
		case p.accept("<"):
			p.groupName(at)
		default:
			p.fail(at, "unknown group (?…; modifiers such as (?i:…) are not supported")
		}
	}
	n := p.disjunction()
	if !p.accept(")") {
		p.fail(at, "unclosed group")
	}
	return n
}

func (p *parser) groupName(at int) {
	for first := true; ; first = false {
		if !p.more() {
			p.fail(at, "unclosed group name")
		}
		r := p.rune()
		switch {
		case r == '>' && !first:
			return
		case r == '$', r == '_', idStart().contains(r):
		case !first && isIDContinue(r):
		default:
			p.fail(at, "malformed group name")
		}
	}
}

func isIDContinue(r rune) bool {
	return idContinue().contains(r) || r == 0x200C || r == 0x200D
}
