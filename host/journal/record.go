package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ErrDamaged says that a record's bytes are not those that were stored.
var ErrDamaged = errors.New("record is damaged")

// MaxFrame is the largest frame that a journal stores, in bytes.
const MaxFrame = 64 << 20

// Codec turns frames into the bodies that journals store: one zstd frame for
// each batch, with a checksum of its own, since no engine protects payloads.
// It is safe for concurrent use.
type Codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewCodec returns a codec for frames of up to MaxFrame bytes.
func NewCodec() *Codec {
	// The window covers most batches; a larger one costs memory for each
	// concurrent sender and gains little on repetitive lines.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(MaxFrame))
	if err != nil {
		panic(err)
	}
	return &Codec{enc, dec}
}

// Encode returns the body of a frame.
func (c *Codec) Encode(frame []byte) []byte {
	return c.enc.EncodeAll(frame, make([]byte, 0, len(frame)/4+64))
}

// Decode checks a body against the checksum it was stored with and returns
// its frame. The error wraps ErrDamaged.
func (c *Codec) Decode(id ID, received time.Time, body []byte, sum uint32) ([]byte, error) {
	if err := Check(id, received, body, sum); err != nil {
		return nil, err
	}
	frame, err := c.dec.DecodeAll(body, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	return frame, nil
}

// Check holds a body against the checksum it was stored with. The error wraps
// ErrDamaged.
func Check(id ID, received time.Time, body []byte, sum uint32) error {
	if got := Checksum(id, received, body); got != sum {
		return fmt.Errorf("%w: checksum is %08x, stored with %08x", ErrDamaged, got, sum)
	}
	return nil
}

// zstdMagic begins every body that is not empty (RFC 8878, 3.1.1), and no
// envelope.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// Expand returns what was encoded, or text itself if it never was. The error
// wraps ErrDamaged.
func (c *Codec) Expand(text []byte) ([]byte, error) {
	if !bytes.HasPrefix(text, zstdMagic) {
		return text, nil
	}
	frame, err := c.dec.DecodeAll(text, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	return frame, nil
}

// Close lets go of the codec's goroutines and buffers.
func (c *Codec) Close() {
	c.enc.Close()
	c.dec.Close()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum is CRC-32C over the id, the time of reception in Unix milliseconds
// (8 bytes, big endian) and the body.
func Checksum(id ID, received time.Time, body []byte) uint32 {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(received.UnixMilli()))
	sum := crc32.Update(0, castagnoli, id[:])
	sum = crc32.Update(sum, castagnoli, ms[:])
	return crc32.Update(sum, castagnoli, body)
}
