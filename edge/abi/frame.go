package abi

import (
	"encoding/binary"
	"unsafe"

	"weir/edge/protocol"
)

// minHeader is the least room a header takes: two empty strings.
const minHeader = 8

func begin(dst []byte, flags byte) []byte {
	return append(dst, 0, 0, 0, 0, Version, flags, 0, 0)
}

// end writes the length of the frame that began at start.
func end(dst []byte, start int) []byte {
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

func appendUint32(dst []byte, n int) []byte {
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

func appendString(dst []byte, s string) []byte {
	return append(appendUint32(dst, len(s)), s...)
}

func appendBytes(dst, b []byte) []byte {
	return append(appendUint32(dst, len(b)), b...)
}

func appendHeaders(dst []byte, headers []protocol.Header) []byte {
	dst = appendUint32(dst, len(headers))
	for i := range headers {
		dst = appendString(dst, headers[i].Name)
		dst = appendString(dst, headers[i].Value)
	}
	return dst
}

// reader takes fields off the front of a frame. After the first fault it
// returns zeros, so that a caller checks err once.
type reader struct {
	b   []byte
	err error
}

// open checks the fixed eight bytes and returns the two that are for the
// frame's own use, with a reader of the rest.
func open(frame []byte) (r reader, flags, more byte) {
	if len(frame) < 8 || uint64(binary.LittleEndian.Uint32(frame)) != uint64(len(frame)) {
		return reader{err: ErrLength}, 0, 0
	}
	if frame[4] != Version {
		return reader{err: ErrVersion}, 0, 0
	}
	if frame[7] != 0 {
		return reader{err: ErrValue}, 0, 0
	}
	return reader{b: frame[8:]}, frame[5], frame[6]
}

func (r *reader) fail(err error) {
	r.err = err
	r.b = nil
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		if r.err == nil {
			r.fail(ErrBounds)
		}
		return nil
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) uint32() uint32 {
	b := r.take(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

func (r *reader) bytes() []byte {
	n := r.uint32()
	if uint64(n) > uint64(len(r.b)) {
		if r.err == nil {
			r.fail(ErrBounds)
		}
		return nil
	}
	return r.take(int(n))
}

// string returns a string that shares the frame's bytes.
func (r *reader) string() string {
	b := r.bytes()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (r *reader) headers(dst []protocol.Header) []protocol.Header {
	n := r.uint32()
	if uint64(n) > uint64(len(r.b)/minHeader) {
		if r.err == nil {
			r.fail(ErrBounds)
		}
		return dst
	}
	for range n {
		name := r.string()
		value := r.string()
		dst = append(dst, protocol.Header{Name: name, Value: value})
	}
	return dst
}

func (r *reader) close() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = ErrSpare
	}
	return r.err
}
