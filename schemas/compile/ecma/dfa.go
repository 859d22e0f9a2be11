package ecma

import (
	"encoding/binary"
	"errors"
	"slices"
)

const (
	// maxStates bounds the finished automaton, maxSubsets the one it is minimised from.
	maxStates  = 2048
	maxSubsets = 4 * maxStates
	// maxSteps bounds the work of building it, about a second of it.
	maxSteps = 1 << 25
)

var errStates = errors.New("the pattern needs an automaton of more than 2,048 states or 128 KB; lower its counts, or anchor it")

// dfa is a deterministic automaton over symbols. A symbol is a set of code points
// that no class of the pattern tells apart.
type dfa struct {
	alphabet alphabet
	start    int
	next     [][]int // by state, by symbol
	accept   []bool  // at the end of the string
}

// determinise builds the minimal automaton of a pattern. A match may begin
// anywhere unless anchored.
func determinise(tree *node, anchored bool) (*dfa, error) {
	n, err := newNFA(tree)
	if err != nil {
		return nil, err
	}
	d := &subsets{nfa: n, anchored: anchored, ids: map[string]int{}, seen: make([]int, len(n.prog))}
	for _, i := range n.prog {
		if i.code == codeAssert && (i.assert == opWord || i.assert == opNotWord) {
			d.words = true
		}
	}
	classes := slices.Clone(n.classes)
	if d.words {
		classes = append(classes, word)
	}
	d.alphabet = newAlphabet(classes)
	if err := d.run(); err != nil {
		return nil, err
	}
	m := d.dfa.minimise()
	if len(m.next) > maxStates {
		return nil, errStates
	}
	return m, nil
}

// subsets is the powerset construction. A state is what the automaton knows
// between two code points: the instructions it stands before, whether it is at
// the beginning, and whether the last code point was of a word. Assertions look
// at the next code point, so they are resolved when a symbol is taken.
type subsets struct {
	dfa
	nfa      *nfa
	anchored bool
	words    bool  // the pattern holds \b or \B
	seen     []int // by instruction, the closure that has met it
	steps    int
	closures int
	states   []subset
	ids      map[string]int
}

type subset struct {
	pcs   []int
	begin bool
	word  bool
}

// A matched state stays accepted; it is the subset of no instructions that
// stands for "found".
var found = subset{pcs: []int{-1}}

func (d *subsets) run() error {
	d.start = d.id(subset{pcs: []int{d.nfa.start}, begin: true})
	for s := 0; s < len(d.states); s++ {
		if s >= maxSubsets || d.steps > maxSteps {
			return errStates
		}
		from := d.states[s]
		row := make([]int, len(d.alphabet.symbols))
		d.next = append(d.next, row)
		if len(from.pcs) > 0 && from.pcs[0] == -1 {
			for i := range row {
				row[i] = s
			}
			d.accept = append(d.accept, true)
			continue
		}
		var closures [2]*closure
		for sym := range row {
			w := 0
			if d.words && d.alphabet.inClass(sym, len(d.nfa.classes)) {
				w = 1
			}
			if closures[w] == nil {
				closures[w] = d.close(from, w == 1, false)
			}
			row[sym] = d.id(d.step(closures[w], sym, w == 1))
		}
		d.accept = append(d.accept, d.close(from, false, true).matched)
	}
	return nil
}

func (d *subsets) id(s subset) int {
	key := make([]byte, 0, 2+4*len(s.pcs))
	key = append(key, bit(s.begin), bit(s.word))
	for _, pc := range s.pcs {
		key = binary.LittleEndian.AppendUint32(key, uint32(pc))
	}
	id, ok := d.ids[string(key)]
	if !ok {
		id = len(d.states)
		d.ids[string(key)] = id
		d.states = append(d.states, s)
	}
	return id
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

type closure struct {
	classes []int // instructions that take a code point
	matched bool
}

// close follows everything that takes no code point.
func (d *subsets) close(s subset, nextWord, end bool) *closure {
	c := &closure{}
	d.closures++
	stack := slices.Clone(s.pcs)
	for len(stack) > 0 {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if d.seen[pc] == d.closures {
			continue
		}
		d.seen[pc] = d.closures
		d.steps++
		switch i := d.nfa.prog[pc]; i.code {
		case codeMatch:
			c.matched = true
			return c
		case codeClass:
			c.classes = append(c.classes, pc)
		case codeSplit:
			stack = append(stack, i.out, i.arg)
		case codeAssert:
			var holds bool
			switch i.assert {
			case opBegin:
				holds = s.begin
			case opEnd:
				holds = end
			case opWord:
				holds = s.word != nextWord
			case opNotWord:
				holds = s.word == nextWord
			}
			if holds {
				stack = append(stack, i.out)
			}
		}
	}
	return c
}

func (d *subsets) step(c *closure, sym int, isWord bool) subset {
	if c.matched {
		return found
	}
	var pcs []int
	if !d.anchored {
		pcs = append(pcs, d.nfa.start)
	}
	d.steps += len(c.classes)
	for _, pc := range c.classes {
		if i := d.nfa.prog[pc]; d.alphabet.inClass(sym, i.arg) {
			pcs = append(pcs, i.out)
		}
	}
	slices.Sort(pcs)
	return subset{pcs: slices.Compact(pcs), word: d.words && isWord}
}
