package main

import (
	"unsafe"

	"weir/schemas/bundle"
	"weir/schemas/validate"
)

var buf [1 << 20]byte
var set *validate.Set
var prog validate.Program
var run validate.Run
var out []byte

//go:wasmexport buffer
func buffer() uint32 { return uint32(uintptr(unsafe.Pointer(&buf[0]))) }

//go:wasmexport load
func load(n uint32) int32 {
	b := make([]byte, n)
	copy(b, buf[:n])
	o, err := bundle.Open(b)
	if err != nil {
		return -1
	}
	set = validate.NewSet(o)
	return 0
}

//go:wasmexport use
func use(n uint32) int32 {
	p, ok := set.Lookup(buf[:n])
	if !ok {
		return -1
	}
	prog = p
	return 0
}

//go:wasmexport check
func check(n uint32) int32 {
	prog.Run(&run, buf[:n])
	return int32(len(run.Violations))
}

//go:wasmexport loop
func loop(off, n, times uint32) int32 {
	x := 0
	for range times {
		prog.Run(&run, buf[off:off+n])
		x += len(run.Violations)
	}
	return int32(x)
}

//go:wasmexport describe
func describe() uint32 {
	out = out[:0]
	for i := range run.Violations {
		v := &run.Violations[i]
		out = v.AppendPath(out)
		out = append(out, ' ')
		out = append(out, v.Keyword()...)
		out = append(out, ' ')
		out = v.AppendSchemaPath(out)
		out = append(out, ' ')
		out = v.AppendMessage(out)
		out = append(out, '\n')
	}
	copy(buf[:], out)
	return uint32(len(out))
}

func main() {}
