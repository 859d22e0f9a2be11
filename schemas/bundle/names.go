package bundle

import (
	"encoding/binary"
	"math/bits"
)

const mix = 0x9e3779b97f4a7c15 // 2^64 / golden ratio

// Sum is the hash of URIs, names and content. It spreads well and is not
// meant to withstand an adversary.
func Sum(b []byte) uint64 {
	h := uint64(len(b)) * mix
	for len(b) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(b)) * mix
		h = bits.RotateLeft64(h, 29)
		b = b[8:]
	}
	if len(b) > 0 {
		h = (h ^ Head(b)) * mix
		h = bits.RotateLeft64(h, 29)
	}
	h ^= h >> 32
	h *= mix
	return h ^ h>>29
}

// Head returns the first eight bytes of b as a little-endian integer, padded
// with zeros.
func Head(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b)
	}
	var x uint64
	for i, c := range b {
		x |= uint64(c) << (8 * i)
	}
	return x
}

// NameHash is the hash of a name in the index of Names, given its first eight
// bytes as [Head] returns them. It looks at the length and at both ends.
func NameHash(head uint64, name []byte) uint64 {
	h := head ^ uint64(len(name))<<56
	if n := len(name); n > 8 {
		h ^= bits.RotateLeft64(binary.LittleEndian.Uint64(name[n-8:]), 27)
	}
	h *= mix
	return h ^ h>>32
}

// Find returns the ordinal of the slot of names that holds name, or -1.
func (t *Tables) Find(names *Names, name []byte) int {
	return t.FindHead(names, Head(name), name)
}

// FindHead is Find for callers that have the head of the name at hand.
func (t *Tables) FindHead(names *Names, head uint64, name []byte) int {
	if names.Count == 0 {
		return -1
	}
	index := t.Index[names.Index : names.Index+1<<names.Bits]
	mask := uint64(len(index) - 1)
	for h := NameHash(head, name); ; h++ {
		e := index[h&mask]
		if e == 0 {
			return -1
		}
		s := &t.Slots[names.Slots+uint32(e)-1]
		if s.Head == head && int(s.Len) == len(name) &&
			(len(name) <= 8 || string(t.Bytes[s.Off+8:s.Off+s.Len]) == string(name[8:])) {
			return int(e) - 1
		}
	}
}

// IndexNames builds the hash index over slots, at most half full.
func IndexNames(slots []Slot, text func(Slot) []byte) (index []uint16, logSize uint32) {
	logSize = uint32(bits.Len(uint(2*len(slots) - 1)))
	index = make([]uint16, 1<<logSize)
	for i, s := range slots {
		h := NameHash(s.Head, text(s))
		for index[h&uint64(len(index)-1)] != 0 {
			h++
		}
		index[h&uint64(len(index)-1)] = uint16(i + 1)
	}
	return index, logSize
}

// FindSchema returns the position of the schema known by the URI.
func (t *Tables) FindSchema(uri []byte) (int, bool) {
	if len(t.URIs) == 0 {
		return 0, false
	}
	sum := Sum(uri)
	for h := sum; ; h++ {
		e := t.URIs[h&uint64(len(t.URIs)-1)]
		if e == 0 {
			return 0, false
		}
		if s := &t.Schemas[e-1]; s.Hash == sum && string(t.Text(s.URI)) == string(uri) {
			return int(e - 1), true
		}
	}
}

// IndexSchemas builds the hash index over schemas, at most half full.
func IndexSchemas(schemas []Schema) []uint32 {
	if len(schemas) == 0 {
		return nil
	}
	index := make([]uint32, 1<<bits.Len(uint(2*len(schemas)-1)))
	for i, s := range schemas {
		h := s.Hash
		for index[h&uint64(len(index)-1)] != 0 {
			h++
		}
		index[h&uint64(len(index)-1)] = uint32(i + 1)
	}
	return index
}

// Text returns the bytes of a text.
func (t *Tables) Text(x Text) []byte { return t.Bytes[x.Off : x.Off+x.Len] }

// String returns the text at index i of Strings.
func (t *Tables) String(i uint32) []byte { return t.Text(t.Strings[i]) }
