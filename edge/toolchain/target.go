package main

import "fmt"

// targetFile describes the machine that the edge runs on: WASI preview 1
// without a scheduler, and with Debian's C library and builtins in place of
// the ones that TinyGo would build from its git submodules.
//
// The tag custommalloc leaves out TinyGo's malloc for C code, of which the edge
// has none, and with it a map of all that was allocated. The tag simd128 chooses
// the vector instructions that package scan has beside its plain Go.
//
// The stack is the linker's to size, 64 KiB unless told: the deepest evaluation
// that package validate lets through takes more than that. It ends a little past
// a page of the machine's, 4 KiB, for what a start keeps there to share one with
// the data that follows: the first touch of a page is what a start costs most.
//
// A command, which runs by itself from _start, may start goroutines: it has a
// scheduler. And it has C's malloc, in TinyGo's version: the C library keeps the
// environment in what it gets there, and its own malloc would take for itself
// memory that is TinyGo's heap.
func targetFile(libs libraries, command bool) []byte {
	scheduler, entry, malloc := "none", `"--no-entry", `, `"custommalloc", `
	if command {
		scheduler, entry, malloc = "asyncify", "", ""
	}
	return fmt.Appendf(nil, `{
	"llvm-target": "wasm32-unknown-wasi",
	"cpu": "generic",
	"features": "+bulk-memory,+mutable-globals,+nontrapping-fptoint,+sign-ext,+simd128,-multivalue,-reference-types",
	"build-tags": ["tinygo.wasm", %s"simd128"],
	"goos": "wasip1",
	"goarch": "wasm",
	"linker": "wasm-ld",
	"gc": "leaking",
	"scheduler": %q,
	"default-stack-size": 262528,
	"cflags": ["-mbulk-memory", "-mnontrapping-fptoint", "-mno-multivalue", "-mno-reference-types", "-msign-ext", "-msimd128"],
	"ldflags": ["--stack-first", "-z", "stack-size=262528", "--strip-all", "--keep-section=target_features", %s"--wrap=arc4random", %q, %q],
	"extra-files": ["src/runtime/asm_tinygowasm.S", "src/edge/libc.c"]
}
`, malloc, scheduler, entry, libs.libc, libs.builtins)
}
