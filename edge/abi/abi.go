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
//	 5  uint8     flags: 1 the client spoke TLS, 2 the body is a prefix, 4 an earlier attempt trapped,
//	              8 the CDN knows the machine that sent it
//	 6  uint8     the CDN's score of machines, 1 to 99; 0 for none
//	 7  uint8     0
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
// The module exports six functions, all synchronous; none may be called
// before _initialize, and a call may grow memory and so detach every view of it:
//
//	weir_buffer(n uint32) ptr             room for n bytes, valid until the next call but weir_error
//	weir_init(settings, bundle uint32) 1  the buffer holds that many bytes of settings, then of bundle; 0 on error
//	weir_bundle(n uint32) 1               the buffer holds a bundle of n bytes that a host offers; 0 on error
//	weir_salts(n uint32) 1                the buffer holds n bytes of a host's answer with salts; 0 on error
//	weir_collect(n uint32) ptr            the buffer holds an input frame of n bytes; the outcome frame, or 0 on error
//	weir_error() ptr                      a string: what was wrong with the last call that returned 0
//
// An error means that the caller is wrong (settings, bundle, salts, frame), never
// that a request is. After a trap nothing in the module's memory can be relied on.
//
// # What a running instance is given
//
// weir_bundle and weir_salts may be called whenever no other call runs, after
// weir_init has returned 1, as often as wanted, and hold from the next
// weir_collect on. After an error the instance works on with what it had.
//
// A bundle goes before that of weir_init, which stays for the schemas that the
// other does not hold; an earlier one of weir_bundle goes. No bytes (n = 0)
// take it back. The module verifies what it is given: a damaged bundle, or one of another
// version, is an error. Salts are the body of the answer as it came, and
// replace all that there were; {"salts":[]} leaves none. The module clears them from the buffer.
//
// An instance that is made anew knows neither: a runtime keeps the last of both
// that an instance took, and gives them to each new one after weir_init.
//
// # Where they come from
//
// A host answers two requests besides that for batches, at its base URLs (WEIR_HOST):
//
//	GET /v1/edge/bundle   200, application/octet-stream: a bundle; 404: the host has no schemas
//	GET /v1/edge/salts    200, application/json: {"salts":[{"id":"2026-11-21","from":"2026-11-21T00:00:00Z",
//	                      "until":"2026-11-23T00:00:00Z","secret":"<base64 of 32 bytes>"}]}
//
// Both are signed as batches are (see package signature), with an empty body:
// webhook-signature is over id.timestamp. where id is "bundle_" or "salts_" and
// 16 random bytes in hexadecimal, so that a signature for one is none for the other. Both have a strong ETag; If-None-Match with it
// is answered 304 without a body. 401 is any fault of the signature, 503 (with Retry-After) a host that
// cannot answer. The bundle is Cache-Control: private, no-cache and the salts
// are no-store: keep them in memory only, and never in a log, a cache or KV.
//
// A salt makes ids from its from to its until, and the latest that holds counts:
// the next day's is handed out an hour ahead, and each holds a day longer than it
// is needed, for edges that have not heard of the next. Past that there
// are no ids rather than others. A runtime asks for salts only if the
// collector's settings say "visitor":{"mode":"daily"}; for both when it starts, then every
// five minutes or so, a random part of them earlier or later, and while hosts
// do not answer it keeps what it has.
package abi

import "errors"

// Version is the version of both frames.
const Version = 1

const (
	flagSecure = 1 << iota
	flagBodyTooLarge
	flagTrapped
	flagVerifiedBot
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
