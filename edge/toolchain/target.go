package main

import "fmt"

// targetFile describes the machine that the edge runs on: WASI preview 1
// without a scheduler, and with Debian's C library and builtins in place of
// the ones that TinyGo would build from its git submodules.
func targetFile(libs libraries) []byte {
	return fmt.Appendf(nil, `{
	"llvm-target": "wasm32-unknown-wasi",
	"cpu": "generic",
	"features": "+bulk-memory,+mutable-globals,+nontrapping-fptoint,+sign-ext,-multivalue,-reference-types",
	"build-tags": ["tinygo.wasm"],
	"goos": "wasip1",
	"goarch": "wasm",
	"linker": "wasm-ld",
	"gc": "leaking",
	"scheduler": "none",
	"default-stack-size": 65536,
	"cflags": ["-mbulk-memory", "-mnontrapping-fptoint", "-mno-multivalue", "-mno-reference-types", "-msign-ext"],
	"ldflags": ["--stack-first", "--no-demangle", "--no-entry", %q, %q],
	"extra-files": ["src/runtime/asm_tinygowasm.S"]
}
`, libs.libc, libs.builtins)
}
