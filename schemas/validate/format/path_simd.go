//go:build simd128

package format

/*
#include <wasm_simd128.h>

// A character is in the class if the bit of its upper half is set for its lower
// half. What is not ASCII has no bit. Never reads beyond end: what is left of less
// than sixteen bytes is the caller's.
static inline __attribute__((always_inline))
unsigned weir_path_end(const unsigned char *s, unsigned i, unsigned end) {
	const v128_t upper_of = wasm_u8x16_const(0xb8, 0xfc, 0xf8, 0xf8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0x5c, 0x54, 0x5c, 0xd4, 0x74);
	const v128_t bit_of = wasm_u8x16_const(0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0, 0, 0, 0, 0, 0, 0, 0);
	for (; i + 16 <= end; i += 16) {
		v128_t x = wasm_v128_load(s + i);
		v128_t lower = wasm_v128_and(x, wasm_i8x16_splat(15));
		v128_t bits = wasm_v128_and(wasm_i8x16_swizzle(upper_of, lower), wasm_i8x16_swizzle(bit_of, wasm_u8x16_shr(x, 4)));
		unsigned stop = wasm_i8x16_bitmask(wasm_i8x16_eq(bits, wasm_i8x16_splat(0)));
		if (stop != 0) {
			return i + __builtin_ctz(stop);
		}
	}
	return i;
}
*/
import "C"

import "unsafe"

// pathEnd returns an index up to which s[i:] holds nothing but characters of a
// path: the first other one, or where less than sixteen bytes are left.
func pathEnd(s []byte, i int) int {
	return int(C.weir_path_end((*C.uchar)(unsafe.Pointer(unsafe.SliceData(s))), C.uint(i), C.uint(len(s))))
}
