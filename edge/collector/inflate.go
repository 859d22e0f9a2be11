package collector

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

var (
	errInflatedTooLarge = errors.New("the body is too large once inflated")
	errNotGzip          = errors.New("the body is not gzip, as Content-Encoding says it is")
	errGzipDamaged      = errors.New("the gzip body is damaged or cut short")
)

// inflater reads gzip (RFC 1952). It keeps its window and buffer from one body to the next.
type inflater struct {
	source source
	flate  io.ReadCloser
	out    []byte
}

// gunzip inflates a body of one or more members, stopping at limit bytes. What
// it returns is valid until the next call; with an error it is what came before the fault.
func (g *inflater) gunzip(body []byte, limit int) ([]byte, error) {
	g.source.rest = body
	g.out = g.out[:0]
	for first := true; first || len(g.source.rest) > 0; first = false {
		if !g.source.header() {
			return g.out, errNotGzip
		}
		start := len(g.out)
		if err := g.member(limit); err != nil {
			return g.out, err
		}
		trailer := g.source.take(8)
		if trailer == nil ||
			binary.LittleEndian.Uint32(trailer) != crc32.ChecksumIEEE(g.out[start:]) ||
			binary.LittleEndian.Uint32(trailer[4:]) != uint32(len(g.out)-start) {
			return g.out, errGzipDamaged
		}
	}
	return g.out, nil
}

// member inflates up to the end of a deflate stream.
func (g *inflater) member(limit int) error {
	if g.flate == nil {
		g.flate = flate.NewReader(&g.source)
	} else if err := g.flate.(flate.Resetter).Reset(&g.source, nil); err != nil {
		return errGzipDamaged
	}
	for {
		if len(g.out) == cap(g.out) {
			// One byte of room beyond the limit tells a body that just fits from one that does not.
			grown := make([]byte, len(g.out), min(max(2*cap(g.out), 16<<10), limit+1))
			copy(grown, g.out)
			g.out = grown
		}
		n, err := g.flate.Read(g.out[len(g.out):cap(g.out)])
		g.out = g.out[:len(g.out)+n]
		switch {
		case len(g.out) > limit:
			g.out = g.out[:limit]
			return errInflatedTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return errGzipDamaged
		}
	}
}

// source hands the compressed bytes to flate one by one, so that it takes none
// that belong to what follows.
type source struct{ rest []byte }

func (s *source) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *source) ReadByte() (byte, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b, nil
}

// take returns the next n bytes, or nil if there are fewer.
func (s *source) take(n int) []byte {
	if len(s.rest) < n {
		return nil
	}
	b := s.rest[:n]
	s.rest = s.rest[n:]
	return b
}

// header passes over the header of a member: RFC 1952 section 2.3.
func (s *source) header() bool {
	const hasCRC, hasExtra, hasName, hasComment, reserved = 2, 4, 8, 16, 0xe0
	h := s.take(10)
	if h == nil || h[0] != 0x1f || h[1] != 0x8b || h[2] != 8 || h[3]&reserved != 0 {
		return false
	}
	flags := h[3]
	if flags&hasExtra != 0 {
		n := s.take(2)
		if n == nil || s.take(int(binary.LittleEndian.Uint16(n))) == nil {
			return false
		}
	}
	if flags&hasName != 0 && !s.skipText() || flags&hasComment != 0 && !s.skipText() {
		return false
	}
	return flags&hasCRC == 0 || s.take(2) != nil
}

// skipText passes over text that a zero byte ends.
func (s *source) skipText() bool {
	for i, b := range s.rest {
		if b == 0 {
			s.rest = s.rest[i+1:]
			return true
		}
	}
	return false
}
