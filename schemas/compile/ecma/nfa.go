package ecma

import "errors"

// maxInstructions bounds the size of a pattern after its repetitions have been
// written out.
const maxInstructions = 1 << 15

var errTooLarge = errors.New("the pattern is too large once its repetitions are written out; lower the counts")

type code uint8

const (
	codeClass code = iota // take one code point of class arg
	codeSplit             // go on at out and at arg
	codeJump
	codeAssert // go on at out where assertion holds
	codeMatch
)

type instruction struct {
	code   code
	assert op
	out    int
	arg    int
}

// nfa is Thompson's construction over classes.
type nfa struct {
	prog    []instruction
	classes []set
	start   int
}

func newNFA(tree *node) (*nfa, error) {
	n := &nfa{prog: []instruction{{code: codeMatch}}}
	start, err := n.build(tree, 0)
	n.start = start
	return n, err
}

func (n *nfa) emit(i instruction) (int, error) {
	if len(n.prog) >= maxInstructions {
		return 0, errTooLarge
	}
	n.prog = append(n.prog, i)
	return len(n.prog) - 1, nil
}

// build adds the instructions of t that go on at next, and returns where they begin.
func (n *nfa) build(t *node, next int) (int, error) {
	var err error
	switch t.op {
	case opClass:
		return n.emit(instruction{code: codeClass, out: next, arg: n.class(t.set)})
	case opBegin, opEnd, opWord, opNotWord:
		return n.emit(instruction{code: codeAssert, assert: t.op, out: next})
	case opConcat:
		for i := len(t.subs) - 1; i >= 0 && err == nil; i-- {
			next, err = n.build(t.subs[i], next)
		}
		return next, err
	case opAlt:
		at, err := n.build(t.subs[len(t.subs)-1], next)
		for i := len(t.subs) - 2; i >= 0 && err == nil; i-- {
			var sub int
			if sub, err = n.build(t.subs[i], next); err == nil {
				at, err = n.emit(instruction{code: codeSplit, out: sub, arg: at})
			}
		}
		return at, err
	case opRepeat:
		return n.repeat(t, next)
	}
	return next, nil
}

func (n *nfa) repeat(t *node, next int) (int, error) {
	var err error
	at := next
	if t.max == inf {
		loop, err := n.emit(instruction{code: codeSplit, arg: next})
		if err != nil {
			return 0, err
		}
		body, err := n.build(t.subs[0], loop)
		if err != nil {
			return 0, err
		}
		n.prog[loop].out = body
		at = loop
	}
	for i := t.min; i < t.max && err == nil; i++ {
		var body int
		if body, err = n.build(t.subs[0], at); err == nil {
			at, err = n.emit(instruction{code: codeSplit, out: body, arg: next})
		}
	}
	for i := 0; i < t.min && err == nil; i++ {
		at, err = n.build(t.subs[0], at)
	}
	return at, err
}

func (n *nfa) class(s set) int {
	for i, c := range n.classes {
		if c.equal(s) {
			return i
		}
	}
	n.classes = append(n.classes, s)
	return len(n.classes) - 1
}
