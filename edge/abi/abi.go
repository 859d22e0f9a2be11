// Package abi is the binary interface between the edge module and the runtime
// that runs it: how a [collector.Input] goes in and a [collector.Outcome]
// comes out as one flat run of bytes in the module's memory.
//
// All integers are little-endian and unaligned. A string is a uint32 length in
// bytes followed by that many bytes; a list is a uint32 count followed by its
// elements; a header is a string for its name and one for its value. A frame
// begins with its own length and ends where that says: a missing or a spare
// byte is an error.
//
// Input, from the runtime to the module:
//
//	 0  uint32    length of the frame, these four bytes included
//	 4  uint8     version, 1
//	 5  uint8     flags: 1 the client spoke TLS, 2 the body is a prefix, 4 an earlier attempt trapped
//	 6  uint16    0
//	 8  int64     milliseconds since the Unix epoch
//	16  [32]byte  entropy
//	48  string    method
//	    string    path
//	    string    query
//	    string    host
//	    string    client address
//	    string    country, region, city, continent, timezone, latitude, longitude,
//	              autonomous system number, its organisation, point of presence: ten strings
//	    list      headers
//	    string    body
//
// Outcome, from the module to the runtime:
//
//	0  uint32    length of the frame, these four bytes included
//	4  uint8     version, 1
//	5  uint8     ack: 0 stored, 1 delivered, 2 queued, 3 fast
//	6  uint16    0
//	8  string    batch id
//	   string    batch; empty when there is nothing to forward
//	   response  the answer once the batch has been taken
//	   response  the refusal, for when nobody took it
//
// A response is:
//
//	uint32    status
//	list      headers
//	string    body
//
// The module exports four functions, all synchronous; none may be called
// before _initialize, and a call may grow memory and so detach every view of it:
//
//	weir_buffer(n uint32) ptr             room for n bytes, valid until the next weir_buffer or weir_init
//	weir_init(settings, bundle uint32) 1  the buffer holds that many bytes of settings, then of bundle; 0 on error
//	weir_collect(n uint32) ptr            the buffer holds an input frame of n bytes; the outcome frame, or 0 on error
//	weir_error() ptr                      a string: what was wrong with the last call that returned 0
//
// An error means that the caller is wrong (settings, bundle, frame), never that
// a request is. After a trap nothing in the module's memory can be relied on.
package abi

import "errors"

// Version is the version of both frames.
const Version = 1

const (
	flagSecure = 1 << iota
	flagBodyTooLarge
	flagTrapped
	flagsKnown = 1<<iota - 1
)

// The faults of a frame.
var (
	ErrLength  = errors.New("abi: the frame's length is not what it says")
	ErrVersion = errors.New("abi: the frame is of another version than this module")
	ErrBounds  = errors.New("abi: a field reaches past the end of the frame")
	ErrSpare   = errors.New("abi: bytes are left after the last field of the frame")
	ErrValue   = errors.New("abi: a field of the frame is out of range")
)
