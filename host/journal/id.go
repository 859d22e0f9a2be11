package journal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// ID identifies a batch: the UUIDv7 that the edge gave it (RFC 9562, 5.7).
// Ids that begin with the capture time keep inserts into the index of known
// ids, and its pruning, in one place.
type ID [16]byte

// NewID returns an id for a batch that begins on this host.
func NewID(now time.Time) ID {
	var id ID
	rand.Read(id[6:])
	return id.stamped(now)
}

// ParseID reads the canonical text form, 36 characters.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("batch id is not a UUID of 36 characters")
	}
	digits := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, fmt.Errorf("batch id is not a UUID: %w", err)
	}
	return id, nil
}

// String returns the canonical text form.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// DerivedID returns the id of a batch that this host makes of something: the
// same for the same parts. It has the form of a UUIDv7 made at that time.
func DerivedID(at time.Time, parts ...[]byte) ID {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write(p)
	}
	var id ID
	copy(id[6:], h.Sum(nil))
	return id.stamped(at)
}

// stamped returns the id with a time, and with the version and variant of a UUIDv7.
func (id ID) stamped(at time.Time) ID {
	ms := uint64(at.UnixMilli())
	binary.BigEndian.PutUint16(id[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
