//go:build tinygo

package scan

import "unsafe"

// Uint64 is the eight bytes of b from i on as a little-endian integer, which
// WebAssembly's are. They must be there.
//
//go:nobounds
func Uint64(b []byte, i int) uint64 { return *(*uint64)(unsafe.Pointer(&b[i])) }

// Uint32 is [Uint64] for four bytes.
//
//go:nobounds
func Uint32(b []byte, i int) uint32 { return *(*uint32)(unsafe.Pointer(&b[i])) }

// Uint16 is [Uint64] for two bytes.
//
//go:nobounds
func Uint16(b []byte, i int) uint16 { return *(*uint16)(unsafe.Pointer(&b[i])) }

//go:nobounds
func putUint64(b []byte, i int, x uint64) { *(*uint64)(unsafe.Pointer(&b[i])) = x }
