//go:build wasip1

package main

import (
	"errors"
	"io"
	"runtime"
	"strconv"
	"unsafe"
)

// Two of Fastly's functions are called without the SDK, which reads what they
// return with encoding/json: that alone would be a tenth of the program. They
// are those of Viceroy's compute-at-edge.witx; pointers and lengths have 32 bits.
// Random bytes are WASI's, as crypto/rand brings the C library's cipher.

const (
	statusOK     = 0
	statusBufLen = 4 // the buffer is too short; what it takes is told
)

//go:wasmimport fastly_geo lookup
//go:noescape
func fastlyGeoLookup(octets unsafe.Pointer, octetsLen uint32, buf unsafe.Pointer, bufLen uint32, written unsafe.Pointer) uint32

// geoLookup returns what Fastly's database holds of an address of 4 or 16
// bytes, in JSON; nil for nothing.
func geoLookup(octets []byte) []byte {
	if len(octets) == 0 {
		return nil
	}
	for buf := make([]byte, 1<<10); ; {
		var written uint32
		switch fastlyGeoLookup(unsafe.Pointer(&octets[0]), uint32(len(octets)), unsafe.Pointer(&buf[0]), uint32(len(buf)), unsafe.Pointer(&written)) {
		case statusOK:
			return buf[:written]
		case statusBufLen:
			if int(written) <= len(buf) {
				return nil
			}
			buf = make([]byte, written)
		default:
			return nil
		}
	}
}

//go:wasmimport fastly_kv_store open
//go:noescape
func fastlyKVOpen(name unsafe.Pointer, nameLen uint32, handle unsafe.Pointer) uint32

//go:wasmimport fastly_kv_store list
//go:noescape
func fastlyKVList(store, mask uint32, config, handle unsafe.Pointer) uint32

//go:wasmimport fastly_kv_store list_wait
//go:noescape
func fastlyKVListWait(list uint32, body, fault unsafe.Pointer) uint32

//go:wasmimport fastly_http_body read
//go:noescape
func fastlyBodyRead(body uint32, buf unsafe.Pointer, bufLen uint32, read unsafe.Pointer) uint32

//go:wasmimport fastly_http_body close
//go:noescape
func fastlyBodyClose(body uint32) uint32

// listConfig is the ABI's kv_list_config.
type listConfig struct {
	mode              uint32
	cursor, cursorLen uint32
	limit             uint32
	prefix, prefixLen uint32
}

// What of a listConfig counts, and what list_wait says that went well.
const (
	listLimit  = 1 << 2
	listPrefix = 1 << 3
	kvOK       = 1
)

// listKeys returns the first page of a KV store's keys, in JSON.
func listKeys(name, prefix string, limit int) ([]byte, error) {
	var store, list, body, fault uint32
	if status := fastlyKVOpen(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), unsafe.Pointer(&store)); status != statusOK {
		return nil, errors.New("opening it: status " + strconv.Itoa(int(status)))
	}
	config := listConfig{limit: uint32(limit), prefix: uint32(uintptr(unsafe.Pointer(unsafe.StringData(prefix)))), prefixLen: uint32(len(prefix))}
	status := fastlyKVList(store, listLimit|listPrefix, unsafe.Pointer(&config), unsafe.Pointer(&list))
	runtime.KeepAlive(prefix)
	if status != statusOK {
		return nil, errors.New("status " + strconv.Itoa(int(status)))
	}
	if status := fastlyKVListWait(list, unsafe.Pointer(&body), unsafe.Pointer(&fault)); status != statusOK || fault != kvOK {
		return nil, errors.New("status " + strconv.Itoa(int(status)) + ", error " + strconv.Itoa(int(fault)))
	}
	defer fastlyBodyClose(body)
	return io.ReadAll(reader(body))
}

//go:wasmimport wasi_snapshot_preview1 random_get
//go:noescape
func wasiRandomGet(buf unsafe.Pointer, bufLen uint32) uint32

func random(dst *[32]byte) {
	if wasiRandomGet(unsafe.Pointer(dst), uint32(len(dst))) != 0 {
		panic("there are no random bytes") // ids that can be guessed are worse than no answer
	}
}

// reader reads a body by its handle.
type reader uint32

func (r reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var n uint32
	if status := fastlyBodyRead(uint32(r), unsafe.Pointer(&p[0]), uint32(len(p)), unsafe.Pointer(&n)); status != statusOK {
		return 0, errors.New("reading a body: status " + strconv.Itoa(int(status)))
	}
	if n == 0 {
		return 0, io.EOF
	}
	return int(n), nil
}
