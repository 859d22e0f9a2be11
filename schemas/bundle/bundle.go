// Package bundle is the binary format that carries compiled schemas from the
// compiler to the edge, where it is verified once and then used in place.
//
// A bundle is a header, a section directory and one section per table of
// [Tables]:
//
//	[0:8]    "weirbndl"
//	[8:10]   format version
//	[10:12]  number of sections
//	[12:16]  length of the whole bundle
//	[16:24]  Sum of everything from byte 24 on
//	[24:…]   directory: offset and length in bytes of each section
//
// Integers are little-endian, sections start at multiples of eight, and all
// references are indexes into tables, so that the bytes mean the same wherever
// they lie. There is nothing to decode: the tables are the sections.
package bundle

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"weir/schemas/scan"
)

// Version is the version of the format. An engine opens no other.
const Version = 1

const (
	magic       = "weirbndl"
	sections    = 21
	directory   = 24
	headerSize  = directory + 8*sections
	maxBundle   = 1 << 30
	wordAligned = 8
)

// Bundle is a verified bundle. It refers to the bytes it was opened on.
type Bundle struct {
	Tables
	// Branches is the most evaluations that one node asks for on its own value:
	// branches of anyOf and oneOf, targets of $ref, and theirs in turn; at most
	// [MaxBranches]. Nodes that dynamic references lead to are not counted.
	Branches int
	hash     uint64
}

// MaxBranches is the most branches that count: what takes more may run out of fuel.
const MaxBranches = 1000

// Open verifies b and returns a bundle that uses it in place: every reference
// in range, no chain of references that comes back to the same value. b must
// not change afterwards. Bytes that do not lie at a multiple of eight are
// copied first.
//
// A bundle that Open accepts cannot make the engine read out of range or run
// for ever, whoever made it; it can of course be wrong about what is valid.
func Open(b []byte) (*Bundle, error) {
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) != 1 {
		return nil, errors.New("opening bundle: only little-endian machines can use one in place")
	}
	if len(b) < headerSize || string(b[:8]) != magic {
		return nil, errors.New("opening bundle: these bytes are not a bundle")
	}
	if scan.Uint16(b, 8) != Version {
		return nil, errors.New("opening bundle: made for another version of the engine; compile the schemas again")
	}
	if scan.Uint16(b, 10) != sections || uint64(scan.Uint32(b, 12)) != uint64(len(b)) || len(b) > maxBundle {
		return nil, errors.New("opening bundle: truncated or followed by other bytes")
	}
	sum := scan.Uint64(b, 16)
	if Sum(b[directory:]) != sum {
		return nil, errors.New("opening bundle: content does not match its hash")
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%wordAligned != 0 {
		b = aligned(b)
	}
	bundle := &Bundle{hash: sum}
	if !bundle.place(b) {
		return nil, errors.New("opening bundle: a section lies outside of it")
	}
	branches, err := bundle.verify()
	if err != nil {
		return nil, err
	}
	bundle.Branches = int(branches)
	return bundle, nil
}

// Hash is the content hash of the bundle, 16 hexadecimal digits.
func (b *Bundle) Hash() string {
	const digits = "0123456789abcdef"
	var s [16]byte
	for i := range s {
		s[i] = digits[b.hash>>(60-4*i)&15]
	}
	return string(s[:])
}

// SameAs reports whether both bundles have the same hash.
func (b *Bundle) SameAs(other *Bundle) bool { return b.hash == other.hash }

// aligned copies b to an address that is a multiple of eight.
func aligned(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	c := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(b))
	copy(c, b)
	return c
}

// Tables is nothing but slices, in the order of their sections. What their
// entries are does not matter to who moves them.
var entrySizes = [sections]uint8{
	uint8(unsafe.Sizeof(Schema{})), 4, uint8(unsafe.Sizeof(Node{})), uint8(unsafe.Sizeof(Object{})), uint8(unsafe.Sizeof(Extra{})),
	uint8(unsafe.Sizeof(Names{})), uint8(unsafe.Sizeof(Slot{})), 1, 2, 8,
	uint8(unsafe.Sizeof(Rule{})), uint8(unsafe.Sizeof(Array{})), uint8(unsafe.Sizeof(Number{})), uint8(unsafe.Sizeof(Enum{})), uint8(unsafe.Sizeof(Constant{})),
	uint8(unsafe.Sizeof(Op{})), 4, uint8(unsafe.Sizeof(Text{})), uint8(unsafe.Sizeof(Anchor{})), 4,
	1,
}

var _ = [1]struct{}{}[unsafe.Sizeof(Tables{})-sections*unsafe.Sizeof([]byte(nil))]

// all are the tables as slices of which only pointer and length may be used: the
// length counts entries.
func (t *Tables) all() *[sections][]byte { return (*[sections][]byte)(unsafe.Pointer(t)) }

// place points the tables at their sections and reports whether those lie in b.
func (t *Tables) place(b []byte) bool {
	tables := t.all()
	for i := range tables {
		off := uint64(scan.Uint32(b, directory+8*i))
		size := uint64(scan.Uint32(b, directory+8*i+4))
		entry := uint64(entrySizes[i])
		if off < headerSize || off%wordAligned != 0 || off+size > uint64(len(b)) || size%entry != 0 {
			return false
		}
		if size > 0 {
			tables[i] = unsafe.Slice(&b[off], size/entry)
		}
	}
	return true
}

// Encode returns the bundle that holds the tables.
func Encode(t *Tables) ([]byte, error) {
	b := make([]byte, headerSize)
	for i, entries := range t.all() {
		for len(b)%wordAligned != 0 {
			b = append(b, 0)
		}
		size := len(entries) * int(entrySizes[i])
		binary.LittleEndian.PutUint32(b[directory+8*i:], uint32(len(b)))
		binary.LittleEndian.PutUint32(b[directory+8*i+4:], uint32(size))
		b = append(b, unsafe.Slice(unsafe.SliceData(entries), size)...)
	}
	if len(b) > maxBundle {
		return nil, errors.New("encoding bundle: larger than 1 GiB")
	}
	copy(b, magic)
	binary.LittleEndian.PutUint16(b[8:], Version)
	binary.LittleEndian.PutUint16(b[10:], sections)
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)))
	Seal(b)
	return b, nil
}

// Seal makes the hash of an encoded bundle match its content. It is for tools
// that edit bundles, such as fuzzers.
func Seal(b []byte) {
	if len(b) >= headerSize {
		binary.LittleEndian.PutUint64(b[16:], Sum(b[directory:]))
	}
}
