// Command cloudflare is the edge module: the collector behind the direct-memory
// interface that package abi specifies. Despite its folder's name nothing in it
// belongs to a platform: the Worker beside it and edge/wazero run the same bytes.
package main

import (
	"unsafe"

	"weir/edge/abi"
	"weir/edge/protocol"
)

// instance holds the adapters by hand: TinyGo drops whatever is not listed.
var instance = abi.Instance{
	Adapters: []protocol.Adapter{},
}

// lastError is a string as package abi writes them, its length first.
var lastError []byte

func main() {}

//go:wasmexport weir_buffer
func weirBuffer(n uint32) uint32 {
	return address(instance.Buffer(int(n)))
}

//go:wasmexport weir_init
func weirInit(settings, bundle uint32) uint32 {
	if err := instance.Init(int(settings), int(bundle)); err != nil {
		return fail(err)
	}
	return 1
}

//go:wasmexport weir_collect
func weirCollect(n uint32) uint32 {
	outcome, err := instance.Collect(int(n))
	if err != nil {
		return fail(err)
	}
	return address(outcome)
}

//go:wasmexport weir_error
func weirError() uint32 {
	return address(lastError)
}

func fail(err error) uint32 {
	lastError = abi.AppendString(lastError[:0], err.Error())
	return 0
}

// address is where b lies in the module's memory. What it points to stays
// reachable through instance or lastError.
func address(b []byte) uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}
