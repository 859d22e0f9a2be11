package window

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	suffix = ".seen"
	// magic begins each file and carries the version of what follows: blocks of
	// a head and digests, as they were added.
	magic = "weir seen 1\n"
	// headLen bytes begin a block: the CRC-32C of all that follows in it, the
	// seconds since the Unix epoch, and the number of digests, little-endian.
	headLen = 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// generation is one file of the window.
type generation struct {
	path        string
	number      int
	file        *os.File // nil: nothing more is added
	seen        map[digest]uint32
	first, last uint32 // seconds of the first and the last block
}

// damageError says that a file could be read only in part.
type damageError struct {
	path   string
	at     int
	reason string
}

func (e *damageError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.path, e.at, e.reason)
}

func create(dir string, number int) (*generation, error) {
	g := &generation{path: filepath.Join(dir, fmt.Sprintf("%08d%s", number, suffix)), number: number, seen: map[digest]uint32{}}
	f, err := os.OpenFile(g.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString(magic); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(g.path))
	}
	// The name must survive a power cut as its content does.
	if err := syncDir(dir); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(g.path))
	}
	g.file = f
	return g, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// load reads a file, to which nothing is added any more. With a [*damageError]
// comes what could be read.
func load(path string) (*generation, error) {
	number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), suffix))
	if err != nil {
		return nil, fmt.Errorf("%s: its name is not a number; move it away", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	g := &generation{path: path, number: number, seen: map[digest]uint32{}}
	damaged := func(at int, reason string) (*generation, error) {
		return g, &damageError{path, at, reason}
	}
	if len(text) < len(magic) && strings.HasPrefix(magic, string(text)) {
		return g, nil // the process ended while it began the file
	}
	if !strings.HasPrefix(string(text), magic) {
		return damaged(0, "it is no window of delivered events")
	}
	at := len(magic)
	for at < len(text) {
		block := text[at:]
		if len(block) < headLen {
			return g, nil // torn: the block was never confirmed
		}
		count := int(binary.LittleEndian.Uint32(block[8:]))
		size := headLen + count*len(digest{})
		if size > len(block) {
			return g, nil
		}
		if crc32.Checksum(block[4:size], castagnoli) != binary.LittleEndian.Uint32(block) {
			return damaged(at, "the checksum differs")
		}
		g.remember(binary.LittleEndian.Uint32(block[4:]), block[headLen:size])
		at += size
	}
	return g, nil
}

func (g *generation) remember(at uint32, digests []byte) {
	if len(g.seen) == 0 {
		g.first = at
	}
	g.last = max(g.last, at)
	for ; len(digests) > 0; digests = digests[len(digest{}):] {
		g.seen[digest(digests)] = at
	}
}

// add appends a block and syncs it. After an error the end of the file is not
// known, so that nothing more is added to it.
func (g *generation) add(now time.Time, digests []digest) error {
	block := make([]byte, headLen, headLen+len(digests)*len(digest{}))
	binary.LittleEndian.PutUint32(block[4:], uint32(now.Unix()))
	binary.LittleEndian.PutUint32(block[8:], uint32(len(digests)))
	for _, d := range digests {
		block = append(block, d[:]...)
	}
	binary.LittleEndian.PutUint32(block, crc32.Checksum(block[4:], castagnoli))
	g.remember(uint32(now.Unix()), block[headLen:])
	_, err := g.file.Write(block)
	if err == nil {
		err = g.file.Sync()
	}
	if err != nil {
		return errors.Join(err, g.close())
	}
	return nil
}

func (g *generation) close() error {
	if g.file == nil {
		return nil
	}
	err := g.file.Close()
	g.file = nil
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}
