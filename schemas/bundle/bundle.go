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
	if v := binary.LittleEndian.Uint16(b[8:]); v != Version {
		return nil, errors.New("opening bundle: made for another version of the engine; compile the schemas again")
	}
	if binary.LittleEndian.Uint16(b[10:]) != sections || uint64(binary.LittleEndian.Uint32(b[12:])) != uint64(len(b)) || len(b) > maxBundle {
		return nil, errors.New("opening bundle: truncated or followed by other bytes")
	}
	sum := binary.LittleEndian.Uint64(b[16:])
	if Sum(b[directory:]) != sum {
		return nil, errors.New("opening bundle: content does not match its hash")
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%wordAligned != 0 {
		b = aligned(b)
	}
	bundle := &Bundle{hash: sum}
	if err := bundle.place(b); err != nil {
		return nil, err
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

// aligned copies b to an address that is a multiple of eight.
func aligned(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	c := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(b))
	copy(c, b)
	return c
}

// place points the tables at their sections.
func (t *Tables) place(b []byte) error {
	p := placer{b: b}
	section(&p, &t.Schemas)
	section(&p, &t.URIs)
	section(&p, &t.Nodes)
	section(&p, &t.Objects)
	section(&p, &t.Extras)
	section(&p, &t.Names)
	section(&p, &t.Slots)
	section(&p, &t.Index)
	section(&p, &t.Wide)
	section(&p, &t.Masks)
	section(&p, &t.Rules)
	section(&p, &t.Arrays)
	section(&p, &t.Numbers)
	section(&p, &t.Enums)
	section(&p, &t.Constants)
	section(&p, &t.Ops)
	section(&p, &t.Refs)
	section(&p, &t.Strings)
	section(&p, &t.Anchors)
	section(&p, &t.Captures)
	section(&p, &t.Bytes)
	return p.err
}

type placer struct {
	b   []byte
	n   int
	err error
}

func section[T any](p *placer, table *[]T) {
	off := uint64(binary.LittleEndian.Uint32(p.b[directory+8*p.n:]))
	size := uint64(binary.LittleEndian.Uint32(p.b[directory+8*p.n+4:]))
	p.n++
	var entry T
	if off < headerSize || off%wordAligned != 0 || off+size > uint64(len(p.b)) || size%uint64(unsafe.Sizeof(entry)) != 0 {
		p.err = errors.New("opening bundle: a section lies outside of it")
		return
	}
	if size > 0 {
		*table = unsafe.Slice((*T)(unsafe.Pointer(&p.b[off])), size/uint64(unsafe.Sizeof(entry)))
	}
}

// Encode returns the bundle that holds the tables.
func Encode(t *Tables) ([]byte, error) {
	e := encoder{b: make([]byte, headerSize)}
	write(&e, t.Schemas)
	write(&e, t.URIs)
	write(&e, t.Nodes)
	write(&e, t.Objects)
	write(&e, t.Extras)
	write(&e, t.Names)
	write(&e, t.Slots)
	write(&e, t.Index)
	write(&e, t.Wide)
	write(&e, t.Masks)
	write(&e, t.Rules)
	write(&e, t.Arrays)
	write(&e, t.Numbers)
	write(&e, t.Enums)
	write(&e, t.Constants)
	write(&e, t.Ops)
	write(&e, t.Refs)
	write(&e, t.Strings)
	write(&e, t.Anchors)
	write(&e, t.Captures)
	write(&e, t.Bytes)
	if len(e.b) > maxBundle {
		return nil, errors.New("encoding bundle: larger than 1 GiB")
	}
	copy(e.b, magic)
	binary.LittleEndian.PutUint16(e.b[8:], Version)
	binary.LittleEndian.PutUint16(e.b[10:], sections)
	binary.LittleEndian.PutUint32(e.b[12:], uint32(len(e.b)))
	Seal(e.b)
	return e.b, nil
}

type encoder struct {
	b []byte
	n int
}

func write[T any](e *encoder, table []T) {
	for len(e.b)%wordAligned != 0 {
		e.b = append(e.b, 0)
	}
	var entry T
	size := len(table) * int(unsafe.Sizeof(entry))
	binary.LittleEndian.PutUint32(e.b[directory+8*e.n:], uint32(len(e.b)))
	binary.LittleEndian.PutUint32(e.b[directory+8*e.n+4:], uint32(size))
	e.n++
	if size > 0 {
		e.b = append(e.b, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(table))), size)...)
	}
}

// Seal makes the hash of an encoded bundle match its content. It is for tools
// that edit bundles, such as fuzzers.
func Seal(b []byte) {
	if len(b) >= headerSize {
		binary.LittleEndian.PutUint64(b[16:], Sum(b[directory:]))
	}
}
