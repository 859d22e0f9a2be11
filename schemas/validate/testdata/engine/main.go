// The engine alone as a WebAssembly module, to hold it against the native one
// and to weigh it. Texts pass through one buffer.
package main

import (
	"unsafe"

	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate"
)

var (
	buffer  [1 << 20]byte
	set     *validate.Set
	program validate.Program
	run     validate.Run
	report  []byte
)

//go:wasmexport buffer
func bufferAt() uint32 { return uint32(uintptr(unsafe.Pointer(&buffer[0]))) }

// load opens the bundle in buffer[:n] and reports whether that worked.
//
//go:wasmexport load
func load(n uint32) uint32 {
	opened, err := bundle.Open(append([]byte(nil), buffer[:n]...))
	if err != nil {
		return 0
	}
	set = validate.NewSet(opened)
	return 1
}

// choose looks up the schema key in buffer[:n].
//
//go:wasmexport choose
func choose(n uint32) uint32 {
	p, ok := set.Lookup(buffer[:n])
	if !ok {
		return 0
	}
	program = p
	return 1
}

// check judges the document in buffer[at:at+n], so many times, and returns the
// number of violations.
//
//go:wasmexport check
func check(at, n, times uint32) uint32 {
	for range times {
		program.Run(&run, buffer[at:at+n])
	}
	return uint32(len(run.Violations))
}

// describe writes the violations to the buffer and returns their length.
//
//go:wasmexport describe
func describe() uint32 {
	report = report[:0]
	for i := range run.Violations {
		v := &run.Violations[i]
		report = append(v.AppendPath(append(report, '[')), ' ')
		report = append(append(report, v.Keyword()...), ' ')
		report = append(v.AppendSchemaPath(report), ": "...)
		report = append(v.AppendMessage(report), ']')
	}
	if len(report) == 0 {
		report = append(report, "valid"...)
	}
	return uint32(copy(buffer[:], report))
}

// plainEnd is scan.PlainEnd, which has vector instructions here, on buffer[:n].
//
//go:wasmexport plain_end
func plainEnd(n, from uint32) uint32 { return uint32(scan.PlainEnd(buffer[:n], int(from))) }

func main() {}
