//go:build !tinygo

package scan

import "encoding/binary"

// Uint64 is the eight bytes of b from i on as a little-endian integer. They must
// be there: TinyGo, which would compile encoding/binary to eight loads and as
// many shifts, does not check it.
func Uint64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// Uint32 is [Uint64] for four bytes.
func Uint32(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }

// Uint16 is [Uint64] for two bytes.
func Uint16(b []byte, i int) uint16 { return binary.LittleEndian.Uint16(b[i:]) }

func putUint64(b []byte, i int, x uint64) { binary.LittleEndian.PutUint64(b[i:], x) }
