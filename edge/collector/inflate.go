package collector

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

var (
	errInflatedTooLarge = errors.New("the body is too large once inflated")
	errNotGzip          = errors.New("the body is not gzip, as Content-Encoding says it is")
	errGzipDamaged      = errors.New("the gzip body is damaged or cut short")
)

// inflater reads gzip (RFC 1952). It keeps its buffer from one body to the next.
type inflater struct {
	deflate deflater
	out     []byte
}

// gunzip inflates a body of one or more members, stopping at limit bytes. What
// it returns is valid until the next call; with an error it is what came before the fault.
func (g *inflater) gunzip(body []byte, limit int) ([]byte, error) {
	g.out = g.out[:0]
	for first := true; first || len(body) > 0; first = false {
		rest, ok := gzipHeader(body)
		if !ok {
			return g.out, errNotGzip
		}
		start := len(g.out)
		var err error
		if g.out, body, err = g.deflate.inflate(g.out, rest, limit); err != nil {
			return g.out, err
		}
		member := g.out[start:]
		if len(body) < 8 || binary.LittleEndian.Uint32(body) != crc32.ChecksumIEEE(member) ||
			binary.LittleEndian.Uint32(body[4:]) != uint32(len(member)) {
			return g.out, errGzipDamaged
		}
		body = body[8:]
	}
	return g.out, nil
}

// gzipHeader passes over the header of a member: RFC 1952 section 2.3.
func gzipHeader(b []byte) (rest []byte, ok bool) {
	const hasCRC, hasExtra, hasName, hasComment, reserved = 2, 4, 8, 16, 0xe0
	if len(b) < 10 || b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3]&reserved != 0 {
		return nil, false
	}
	flags := b[3]
	b = b[10:]
	if flags&hasExtra != 0 {
		if len(b) < 2 || len(b)-2 < int(binary.LittleEndian.Uint16(b)) {
			return nil, false
		}
		b = b[2+int(binary.LittleEndian.Uint16(b)):]
	}
	for _, text := range [...]byte{hasName, hasComment} {
		if flags&text == 0 {
			continue
		}
		end := 0
		for end < len(b) && b[end] != 0 {
			end++
		}
		if end == len(b) {
			return nil, false
		}
		b = b[end+1:]
	}
	if flags&hasCRC != 0 {
		if len(b) < 2 {
			return nil, false
		}
		b = b[2:]
	}
	return b, true
}
