package abi

import (
	"unsafe"

	"weir/edge/protocol"
)

// exported is the instance that a module's functions work on.
var exported Instance

// lastError is a string as frames hold them.
var lastError []byte

// Export names the wire formats of the module that is being compiled. A main
// lists them by hand, so that TinyGo drops the ones that are not.
func Export(adapters ...protocol.Adapter) { exported.Adapters = adapters }

//lint:file-ignore U1000 a module's exports are called by its host

//go:wasmexport weir_buffer
func weirBuffer(n uint32) uint32 {
	return address(exported.Buffer(int(n)))
}

//go:wasmexport weir_init
func weirInit(settings, bundle uint32) uint32 {
	if err := exported.Init(int(settings), int(bundle)); err != nil {
		return fail(err)
	}
	return 1
}

//go:wasmexport weir_bundle
func weirBundle(n uint32) uint32 {
	if err := exported.UseBundle(int(n)); err != nil {
		return fail(err)
	}
	return 1
}

//go:wasmexport weir_salts
func weirSalts(n uint32) uint32 {
	if err := exported.UseSalts(int(n)); err != nil {
		return fail(err)
	}
	return 1
}

//go:wasmexport weir_collect
func weirCollect(n uint32) uint32 {
	outcome, err := exported.Collect(int(n))
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
	lastError = appendString(lastError[:0], err.Error())
	return 0
}

// address is where b lies in the module's memory. What it points to stays
// reachable through the variables above.
func address(b []byte) uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}
