package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"time"
)

// witness is a file beside the database with the number of the last batch that
// was committed. SQLite takes a damaged frame of its write-ahead log for the
// log's end, as a power cut leaves one, and forgets what follows in silence; the
// witness remembers. It is written once a commit has been synced and is not
// synced itself, so that it may lag after a power cut, and is never ahead.
type witness struct{ file *os.File }

// The file holds the number and a checksum of it.
const witnessSize = 8 + 4

func openWitness(path string) (w witness, head int64, err error) {
	if w.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return w, 0, err
	}
	var b [witnessSize]byte
	if _, err := w.file.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		w.file.Close()
		return witness{}, 0, err
	}
	if binary.BigEndian.Uint32(b[8:]) != crc32.Checksum(b[:8], castagnoli) {
		return w, 0, nil // it says nothing, and its absence loses nothing
	}
	return w, int64(binary.BigEndian.Uint64(b[:])), nil
}

// saw notes that everything up to head is committed.
func (w witness) saw(head int64) error {
	var b [witnessSize]byte
	binary.BigEndian.PutUint64(b[:], uint64(head))
	binary.BigEndian.PutUint32(b[8:], crc32.Checksum(b[:8], castagnoli))
	_, err := w.file.WriteAt(b[:], 0)
	return err
}

func (w witness) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}

// keepLog copies the write-ahead log that a host left behind that did not end
// well, before SQLite reads it, and perhaps drops a part. It returns the copy's
// path, empty if there is no log. A copy that an earlier start left is the one
// to keep. A volume without room for a copy is no reason not to start.
func keepLog(path string) (string, error) {
	kept := path + "-wal.kept"
	if _, err := os.Stat(kept); err == nil {
		return kept, nil
	}
	from, err := os.Open(path + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	defer from.Close()
	if info, err := from.Stat(); err != nil || info.Size() == 0 {
		return "", err
	}
	half := kept + ".part"
	to, err := os.OpenFile(half, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = io.Copy(to, from)
		if err = errors.Join(err, to.Close()); err == nil {
			err = os.Rename(half, kept)
		}
	}
	if err != nil {
		os.Remove(half)
		if isFull(err) {
			return "", nil
		}
		return "", err
	}
	return kept, nil
}

// lost names the copy after the time, so that it stays, and says where it is.
func lost(kept string) string {
	if kept == "" {
		return "restore what is missing from a copy of the journal"
	}
	dated := fmt.Sprintf("%s.%s", strings.TrimSuffix(kept, ".kept"), time.Now().UTC().Format("20060102T150405.000Z"))
	if os.Rename(kept, dated) == nil {
		kept = dated
	}
	return "restore what is missing from a copy of the journal, or from the write-ahead log as it was, " + kept
}
