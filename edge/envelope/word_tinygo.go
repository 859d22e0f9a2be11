//go:build tinygo

package envelope

import "unsafe"

// Where a word is both looked at and copied, LLVM takes what encoding/binary
// does apart again and copies eight single bytes. WebAssembly is little-endian
// and lets words lie anywhere.

func load64(b []byte) uint64 {
	return *(*uint64)(unsafe.Pointer((*[8]byte)(b)))
}

func store64(b []byte, x uint64) {
	*(*uint64)(unsafe.Pointer((*[8]byte)(b))) = x
}
