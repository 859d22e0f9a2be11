package ecma

import "encoding/binary"

// byteDFA is an automaton over the bytes of UTF-8.
type byteDFA struct {
	start  int
	next   [][256]int32
	accept []bool
}

const (
	continuation    = 0x80
	continuationEnd = 0xC0
)

// lower turns an automaton over symbols into one over bytes. The states of d come
// first and keep their numbers; they stand between two code points, where the
// bytes that continue a code point change nothing. Bytes lead to a further state
// only where the rest of the code point matters.
func (d *dfa) lower() (*byteDFA, error) {
	l := &lowering{dfa: d, ids: map[[64]int32]int32{}}
	l.start = d.start
	l.accept = append(l.accept, d.accept...)
	l.next = make([][256]int32, len(d.next))
	for s := range d.next {
		row := &l.next[s]
		for b := range row {
			row[b] = int32(s)
		}
		for b := rune(0); b < 0x80; b++ {
			row[b] = l.target(s, b)
		}
	}
	for s := range d.next {
		// Surrogates are encoded like any other code point, so that text with
		// a lone one (WTF-8) is told apart as well.
		for b := rune(0xC2); b < 0xE0; b++ {
			l.next[s][b] = l.block(s, (b&0x1F)<<6, 1, 0x80)
		}
		for b := rune(0xE0); b < 0xF0; b++ {
			l.next[s][b] = l.block(s, (b&0x0F)<<12, 2, 0x800)
		}
		for b := rune(0xF0); b < 0xF5; b++ {
			l.next[s][b] = l.block(s, (b&0x07)<<18, 3, 0x10000)
		}
		if len(l.next) > maxStates {
			return nil, errStates
		}
	}
	return &l.byteDFA, nil
}

type lowering struct {
	byteDFA
	dfa *dfa
	ids map[[64]int32]int32
}

func (l *lowering) target(s int, r rune) int32 {
	a := &l.dfa.alphabet
	return int32(l.dfa.next[s][a.intervals[a.find(r)].symbol])
}

// block returns the state after the first bytes of a code point, when those left
// open the code points from lo on that share them, more bytes to come. A sequence
// as long as this one stands for no code point below least.
func (l *lowering) block(s int, lo rune, more int, least rune) int32 {
	size := rune(1) << (6 * more)
	if t, same := l.uniform(s, max(lo, least), lo+size-1); same {
		return t
	}
	var row [64]int32
	for i := range row {
		row[i] = l.block(s, lo+rune(i)*(size>>6), more-1, least)
	}
	if id, ok := l.ids[row]; ok {
		return id
	}
	id := int32(len(l.next))
	l.ids[row] = id
	var full [256]int32
	for i, t := range row {
		full[continuation+i] = t
	}
	for b := range full {
		if b < continuation || b >= continuationEnd {
			full[b] = int32(l.start) // cannot occur in UTF-8
		}
	}
	l.next = append(l.next, full)
	l.accept = append(l.accept, false)
	return id
}

// uniform reports whether every code point from lo to hi leads from s to the
// same state.
func (l *lowering) uniform(s int, lo, hi rune) (int32, bool) {
	a := &l.dfa.alphabet
	if lo > hi || lo > maxRune {
		return int32(s), true // no code point at all
	}
	hi = min(hi, maxRune)
	i := a.find(lo)
	t := l.dfa.next[s][a.intervals[i].symbol]
	for ; i < len(a.intervals) && a.intervals[i].lo <= hi; i++ {
		if l.dfa.next[s][a.intervals[i].symbol] != t {
			return 0, false
		}
	}
	return int32(t), true
}

// classes numbers the bytes so that those which no state tells apart share a number.
func (d *byteDFA) classes() (class [256]byte, first []int) {
	ids := map[string]byte{}
	for b := range 256 {
		key := make([]byte, 0, 4*len(d.next))
		for s := range d.next {
			key = binary.LittleEndian.AppendUint32(key, uint32(d.next[s][b]))
		}
		id, ok := ids[string(key)]
		if !ok {
			id = byte(len(first))
			ids[string(key)] = id
			first = append(first, b)
		}
		class[b] = id
	}
	return class, first
}
