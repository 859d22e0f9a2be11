package ecma

// class reads what follows an opening bracket.
func (p *parser) class(at int) *node {
	negated := p.accept("^")
	var s set
	for {
		if !p.more() {
			p.fail(at, "unclosed character class")
		}
		if p.accept("]") {
			break
		}
		from := p.pos
		lo, isClass := p.classAtom(at)
		if p.pos+1 >= len(p.source) || p.source[p.pos] != '-' || p.source[p.pos+1] == ']' {
			s = s.union(lo)
			continue
		}
		p.pos++
		hi, hiIsClass := p.classAtom(at)
		if isClass || hiIsClass {
			s = s.union(lo).union(one('-')).union(hi)
			continue
		}
		a, _ := lo.single()
		b, _ := hi.single()
		if a > b {
			p.fail(from, "the range "+p.source[from:p.pos]+" is upside down")
		}
		s = s.union(set{{a, b}})
	}
	if negated {
		s = s.negate()
	}
	return &node{op: opClass, set: s}
}

// classAtom reads one member of a class: a code point, or a class escape.
func (p *parser) classAtom(class int) (s set, isClass bool) {
	if !p.more() {
		p.fail(class, "unclosed character class")
	}
	at := p.pos
	r := p.rune()
	if r != '\\' {
		return one(r), false
	}
	if p.accept("b") {
		return one('\b'), false
	}
	if p.accept("-") {
		return one('-'), false
	}
	n := p.escape(at)
	if n.op != opClass {
		p.fail(at, p.source[at:p.pos]+" has no meaning in a character class")
	}
	_, single := n.set.single()
	return n.set, !single
}
