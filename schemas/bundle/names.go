package bundle

import (
	"math/bits"

	"weir/schemas/scan"
)

const mix = 0x9e3779b97f4a7c15 // 2^64 / golden ratio

// Sum is the hash of URIs, names and content. It spreads well and is not
// meant to withstand an adversary.
func Sum(b []byte) uint64 {
	h := uint64(len(b)) * mix
	for len(b) >= 8 {
		h = (h ^ scan.Uint64(b, 0)) * mix
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
	// Below eight bytes, two loads that may overlap.
	switch n := len(b); {
	case n >= 8:
		return scan.Uint64(b, 0)
	case n >= 4:
		return uint64(scan.Uint32(b, 0)) | uint64(scan.Uint32(b, n-4))<<(8*(n-4))
	case n >= 2:
		return uint64(scan.Uint16(b, 0)) | uint64(b[n-1])<<(8*(n-1))
	case n == 1:
		return uint64(b[0])
	}
	return 0
}

// NameHash is the hash of a name in the index of Names, given its first eight
// bytes as [Head] returns them. It looks at the length and at both ends.
func NameHash(head uint64, name []byte) uint64 {
	h := head ^ uint64(len(name))<<56
	if n := len(name); n > 8 {
		h ^= bits.RotateLeft64(scan.Uint64(name, n-8), 27)
	}
	h *= mix
	return h ^ h>>32
}

// Find returns the ordinal of the slot of names that holds name, or -1.
func (t *Tables) Find(names *Names, name []byte) int {
	return t.FindHead(names, Head(name), name)
}

// FindHead is Find for callers that have the head of the name at hand.
//
//go:nobounds
func (t *Tables) FindHead(names *Names, head uint64, name []byte) int {
	if names.Count == 0 {
		return -1
	}
	h := uint32(NameHash(head, name))
	mask := uint32(1)<<names.Bits - 1
	for ; ; h++ {
		var e uint32
		if names.Wide == 0 {
			e = uint32(t.Index[names.Index+h&mask])
		} else {
			e = uint32(t.Wide[names.Index+h&mask])
		}
		if e == 0 {
			return -1
		}
		s := &t.Slots[names.Slots+e-1]
		if s.Head == head && s.Short() == min(len(name), slotLong) && (len(name) <= 8 || scan.Equal(t.Name(s), name)) {
			return int(e) - 1
		}
	}
}

// NameEnd returns the end of the name that begins at doc[at], if it is that of
// the slot, stands there without escapes, and a quote and a colon come after it;
// else -1. It may return -1 for a name near the end of doc.
//
//go:nobounds
func (t *Tables) NameEnd(s *Slot, doc []byte, at int) int {
	n := s.Short()
	end := at + n
	if !s.Plain() || end+8 > len(doc) || scan.Uint16(doc, end) != '"'|':'<<8 {
		return -1
	}
	head := scan.Uint64(doc, at)
	if n < 8 {
		head &= 1<<(8*n&63) - 1
	}
	if head != s.Head {
		return -1
	}
	if n > 8 {
		// Eight bytes at a time, of which the last may have been compared before.
		off := int(s.Off &^ slotPlain)
		for i := 8; i < n-8; i += 8 {
			if scan.Uint64(doc, at+i) != scan.Uint64(t.Bytes, off+i) {
				return -1
			}
		}
		if scan.Uint64(doc, end-8) != scan.Uint64(t.Bytes, off+n-8) {
			return -1
		}
	}
	return end
}

// maxNarrow is the most slots that an index of bytes can tell apart.
const maxNarrow = 254

// AddNames appends the slots to the tables, with an index at most half full.
func (t *Tables) AddNames(slots []Slot) Names {
	n := Names{Slots: uint32(len(t.Slots)), Count: uint16(len(slots)), Bits: uint8(bits.Len(uint(2*len(slots) - 1)))}
	index := make([]uint16, 1<<n.Bits)
	for i := range slots {
		h := NameHash(slots[i].Head, t.Name(&slots[i]))
		for index[h&uint64(len(index)-1)] != 0 {
			h++
		}
		index[h&uint64(len(index)-1)] = uint16(i + 1)
	}
	t.Slots = append(t.Slots, slots...)
	if len(slots) > maxNarrow {
		n.Wide, n.Index = 1, uint32(len(t.Wide))
		t.Wide = append(t.Wide, index...)
		return n
	}
	n.Index = uint32(len(t.Index))
	for _, e := range index {
		t.Index = append(t.Index, uint8(e))
	}
	return n
}

// FindSchema returns the position of the schema known by the URI.
//
//go:nobounds
func (t *Tables) FindSchema(uri []byte) (int, bool) {
	if len(t.URIs) == 0 {
		return 0, false
	}
	sum := Sum(uri)
	for h := uint32(sum); ; h++ {
		e := t.URIs[h&uint32(len(t.URIs)-1)]
		if e == 0 {
			return 0, false
		}
		if s := &t.Schemas[e-1]; s.Hash == uint32(sum>>32) && scan.Equal(t.Text(s.URI), uri) {
			return int(e - 1), true
		}
	}
}

// AddSchemas sets Schemas and their index, at most three quarters full.
func (t *Tables) AddSchemas(schemas []Schema) {
	t.Schemas = schemas
	if len(schemas) == 0 {
		return
	}
	t.URIs = make([]uint32, 1<<bits.Len(uint(len(schemas)*4/3)))
	for i := range schemas {
		sum := Sum(t.Text(schemas[i].URI))
		schemas[i].Hash = uint32(sum >> 32)
		h := uint32(sum)
		for t.URIs[h&uint32(len(t.URIs)-1)] != 0 {
			h++
		}
		t.URIs[h&uint32(len(t.URIs)-1)] = uint32(i + 1)
	}
}

// Text returns the bytes of a text.
//
//go:nobounds
func (t *Tables) Text(x Text) []byte { return t.Bytes[x.Off : x.Off+x.Len] }

// String returns the text at index i of Strings.
//
//go:nobounds
func (t *Tables) String(i uint32) []byte { return t.Text(t.Strings[i]) }
