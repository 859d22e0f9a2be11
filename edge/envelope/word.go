//go:build !tinygo

package envelope

import "encoding/binary"

// load64 reads the first eight bytes of b as a little-endian integer.
func load64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// store64 writes x as load64 reads it.
func store64(b []byte, x uint64) { binary.LittleEndian.PutUint64(b, x) }
