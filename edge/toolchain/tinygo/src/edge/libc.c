// What TinyGo's runtime asks of the C library, without what the library brings
// along: its own arc4random keeps a cipher whose assertions print, and printing
// is a third of a small module.

__attribute__((import_module("wasi_snapshot_preview1"), import_name("random_get")))
int weir_random_get(unsigned char *buffer, unsigned length);

unsigned __wrap_arc4random(void) {
	unsigned n = 0;
	if (weir_random_get((unsigned char *)&n, sizeof n) != 0) {
		__builtin_trap();
	}
	return n;
}

// What the library would flush and close at the end of a program: a module that
// is called from outside has no end, and without this keeps half of stdio. A
// program that has one brings the library's own with its exit.
__attribute__((weak)) void __wasm_call_dtors(void) {}
