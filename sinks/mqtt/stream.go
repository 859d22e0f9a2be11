package mqtt

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync"
)

// stream is a connection whose packets are read without a system call a byte,
// and written one at a time.
type stream struct {
	net.Conn
	sync.Mutex // the library locks it for each packet
	reader     *bufio.Reader
	rest       int // bytes left of the packet that is being read
}

func newStream(conn net.Conn) *stream { return &stream{Conn: conn, reader: bufio.NewReader(conn)} }

func (s *stream) Read(p []byte) (int, error) {
	if s.rest == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n, err := s.reader.Read(p[:min(len(p), s.rest)])
	s.rest -= n
	return n, err
}

// next looks at the length of a packet before the library does, which makes room
// for whatever it says: noise would take 256 MiB. Brokers were told maxAnswer.
func (s *stream) next() error {
	length := 0
	for size := 2; ; size++ { // its first byte, and 1 to 4 of its length, MQTT 5.0 section 1.5.5
		head, err := s.reader.Peek(size)
		if err != nil {
			return err
		}
		last := head[size-1]
		length |= int(last&0x7f) << (7 * (size - 2))
		switch {
		case length > maxAnswer:
			return fmt.Errorf("a packet of more than %d bytes: is this a broker?", maxAnswer)
		case last < 0x80:
			s.rest = size + length
			return nil
		case size == 5:
			return errors.New("a packet whose length has no end: is this a broker?")
		}
	}
}
