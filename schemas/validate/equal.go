package validate

import (
	"math/bits"

	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/decimal"
)

// extent is a value or member name that others are compared with.
type extent struct {
	hash       uint64
	start, end uint32
}

// Equality is that of JSON Schema: numbers by value, strings by code points
// after unescaping, arrays in order, objects in any order.

// Hash returns the hash of a well-formed JSON value: the same for equal values,
// and the same in every release with the same bundle.Version.
func Hash(value []byte) uint64 {
	r := Run{doc: value, fuel: unlimited}
	h, _ := r.hash(0, len(value))
	return h
}

// Equal reports whether two well-formed JSON values are equal.
func Equal(a, b []byte) bool {
	r := Run{fuel: unlimited}
	return r.equal(a, b)
}

const unlimited = int64(1<<63 - 1)

// hash returns the hash of doc[i:end]. It reports false if the fuel ran out.
func (r *Run) hash(i, end int) (uint64, bool) {
	if !r.spend(end-i, i) {
		return 0, false
	}
	return r.hashValue(r.doc, i, end), true
}

const (
	seedNumber = 0x9ae16a3b2f90404f
	seedArray  = 0xc3a5c85c97cb3127
	seedObject = 0xb492b66fbe98f273
)

//go:nobounds
func (r *Run) hashValue(doc []byte, i, end int) uint64 {
	switch doc[i] {
	case '"':
		t := scan.Text{Raw: doc[i+1 : end-1], Escaped: true}
		return bundle.Sum(t.Bytes(&r.plain))
	case '[':
		h := uint64(seedArray)
		m := membersOf(doc, i)
		for m.next() {
			h = bits.RotateLeft64(h, 11)*seedArray ^ r.hashValue(doc, m.start, m.end)
		}
		return h
	case '{':
		h := uint64(seedObject)
		m := membersOf(doc, i)
		for m.next() {
			k := bundle.Sum(m.name(&r.plain))
			v := (k ^ bits.RotateLeft64(r.hashValue(doc, m.start, m.end), 17)) * seedObject
			h += v ^ v>>31 // addition: the order does not matter
		}
		return h
	case 't', 'f', 'n':
		return uint64(doc[i]) * seedNumber
	}
	n, _ := decimal.Parse(doc[i:end])
	return n.Hash() ^ seedNumber
}

// equal compares well-formed values. When the fuel runs out it reports false,
// and the run is dead.
//
//go:nobounds
func (r *Run) equal(a, b []byte) bool {
	if !r.spend(len(a), 0) || a[0] != b[0] && (scan.KindOf(a[0]) != scan.Number || scan.KindOf(b[0]) != scan.Number) {
		return false
	}
	switch a[0] {
	case '"':
		if scan.Equal(a, b) {
			return true
		}
		x := scan.Text{Raw: a[1 : len(a)-1], Escaped: true}
		y := scan.Text{Raw: b[1 : len(b)-1], Escaped: true}
		return scan.Equal(x.Bytes(&r.plain), y.Bytes(&r.other))
	case '[':
		x, y := membersOf(a, 0), membersOf(b, 0)
		for {
			more := x.next()
			if more != y.next() {
				return false
			}
			if !more {
				return true
			}
			if !r.equal(a[x.start:x.end], b[y.start:y.end]) {
				return false
			}
		}
	case '{':
		return r.equalObjects(a, b)
	case 't', 'f', 'n':
		return true
	}
	x, _ := decimal.Parse(a)
	y, _ := decimal.Parse(b)
	return decimal.Compare(x, y) == 0
}

//go:nobounds
func (r *Run) equalObjects(a, b []byte) bool {
	// Declared outside the loops: their variables would be new in every round,
	// and TinyGo puts those on the heap.
	x, y := membersOf(a, 0), membersOf(b, 0)
	count := 0
	for y.next() {
		count++
	}
	for ; x.next(); count-- {
		found := false
		for y = membersOf(b, 0); !found && y.next(); {
			if !r.spend(y.end-y.key, 0) {
				return false
			}
			if scan.Equal(x.name(&r.plain), y.name(&r.other)) {
				if !r.equal(a[x.start:x.end], b[y.start:y.end]) {
					return false
				}
				found = true
			}
		}
		if !found {
			return false
		}
	}
	return count == 0
}

// equalPair looks for two equal values (or member names) among extents of the
// document and returns the position of the second, or 0. It may run out of
// fuel; then the run is dead.
//
//go:nobounds
func (r *Run) equalPair(list []extent, names bool) int {
	if len(list) <= 12 {
		for k := 1; k < len(list); k++ {
			for j := range k {
				if list[j].hash == list[k].hash && r.same(list[j], list[k], names) {
					return k
				}
			}
		}
		return 0
	}
	size := 1 << bits.Len(uint(2*len(list)-1))
	if cap(r.table) < size {
		r.table = make([]uint32, size)
	}
	table := r.table[:size]
	clear(table)
	for k := range list {
		h := list[k].hash
		for {
			e := &table[h&uint64(size-1)]
			if *e == 0 {
				*e = uint32(k + 1)
				break
			}
			if !r.spend(0, int(list[k].start)) {
				return 0
			}
			if list[*e-1].hash == list[k].hash && r.same(list[*e-1], list[k], names) {
				return k
			}
			h++
		}
	}
	return 0
}

//go:nobounds
func (r *Run) same(a, b extent, names bool) bool {
	if !names {
		return r.equal(r.doc[a.start:a.end], r.doc[b.start:b.end])
	}
	x := scan.Text{Raw: r.doc[a.start:a.end], Escaped: true}
	y := scan.Text{Raw: r.doc[b.start:b.end], Escaped: true}
	return scan.Equal(x.Bytes(&r.plain), y.Bytes(&r.other))
}

// enum checks a value other than a string against the values of enum or const.
//
//go:nobounds
func (r *Run) enum(id uint32, n *bundle.Node, i, end int) bool {
	e := &r.t.Enums[n.Enum]
	ok := false
	switch r.doc[i] {
	case '"':
		return true // see text
	case 'n':
		ok = e.Flags&bundle.EnumNull != 0
	case 't':
		ok = e.Flags&bundle.EnumTrue != 0
	case 'f':
		ok = e.Flags&bundle.EnumFalse != 0
	default:
		if e.Count == 0 {
			break
		}
		h, fuel := r.hash(i, end)
		if !fuel {
			return false
		}
		for _, c := range r.t.Constants[e.Values : e.Values+e.Count] {
			if c.Hash == h && r.equal(r.doc[i:end], r.t.Text(c.Value)) {
				ok = true
				break
			}
		}
		if r.dead {
			return false
		}
	}
	return ok || r.violate(id, enumKeyword(e), 0, i)
}

func enumKeyword(e *bundle.Enum) keyword {
	if e.Flags&bundle.EnumConst != 0 {
		return kwConst
	}
	return kwEnum
}
