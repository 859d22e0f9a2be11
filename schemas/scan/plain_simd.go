//go:build simd128

package scan

/*
#include <wasm_simd128.h>

// Never reads beyond end: what is left of less than sixteen bytes is the caller's.
static inline __attribute__((always_inline))
unsigned weir_plain_end(const unsigned char *doc, unsigned i, unsigned end) {
	for (; i + 16 <= end; i += 16) {
		v128_t x = wasm_v128_load(doc + i);
		v128_t stop = wasm_v128_or(
			wasm_v128_or(wasm_i8x16_eq(x, wasm_i8x16_splat('"')), wasm_i8x16_eq(x, wasm_i8x16_splat('\\'))),
			wasm_i8x16_lt(x, wasm_i8x16_splat(' '))); // signed: what is not ASCII is negative
		unsigned mask = wasm_i8x16_bitmask(stop);
		if (mask != 0) {
			return i + __builtin_ctz(mask);
		}
	}
	return i;
}
*/
import "C"

import "unsafe"

// PlainEnd returns the index of the first byte of doc, at or after i, that is a
// quote, a backslash, a control byte or not ASCII; or len(doc) if there is none.
// It is plainEnd, sixteen bytes at a time.
func PlainEnd(doc []byte, i int) int {
	i = int(C.weir_plain_end((*C.uchar)(unsafe.Pointer(unsafe.SliceData(doc))), C.uint(i), C.uint(len(doc))))
	if i+16 > len(doc) {
		i = plainRest(doc, i)
	}
	return i
}

// Quote returns the index of the quote that ends the string which goes on at
// doc[i], if the string is plain from there on: printable ASCII without escape
// sequences. Otherwise it returns, inverted, the index where it is not.
func Quote(doc []byte, i int) int {
	// Not through PlainEnd, which has other callers and is no part of them all.
	i = int(C.weir_plain_end((*C.uchar)(unsafe.Pointer(unsafe.SliceData(doc))), C.uint(i), C.uint(len(doc))))
	if i+16 > len(doc) {
		i = plainRest(doc, i)
	}
	return quoteAt(doc, i)
}
