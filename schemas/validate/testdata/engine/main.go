// The engine alone as a WebAssembly module, to hold it against the native one
// and to weigh it. Texts pass through one buffer.
package main

import (
	"unsafe"

	"weir/schemas/validate"
)

var (
	buffer  = first[:]
	first   [1 << 14]byte
	schemas validate.Swap
	spare   []byte // an arena that schemas has no use for
	program validate.Program
	run     validate.Run
	report  []byte
)

// bufferFor makes room for n bytes and returns where. What a fresh instance
// costs grows with its memory: there is little before it is asked for.
//
//go:wasmexport buffer
func bufferFor(n uint32) uint32 {
	if n > uint32(len(buffer)) {
		buffer = make([]byte, n)
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(buffer))))
}

// load puts the bundle in buffer[:n] to use and reports whether that worked.
//
//go:wasmexport load
func load(n uint32) uint32 {
	var err error
	if spare, err = schemas.Load(append(spare[:0], buffer[:n]...)); err != nil {
		return 0
	}
	return 1
}

// choose looks up the schema key in buffer[:n].
//
//go:wasmexport choose
func choose(n uint32) uint32 {
	p, ok := schemas.Set().Lookup(buffer[:n])
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

func main() {}
