//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockDir takes the directory for this process until the file is closed, by
// the process's end at the latest.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, "journal.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		f.Close()
		return nil, fmt.Errorf("%s is locked: another process uses this journal; stop it or choose another data directory", path)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w (a journal belongs on a local disk)", path, err)
	}
	return f, nil
}

// freeBytes returns what the volume has left for this user.
func freeBytes(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

const initialised = "This directory holds a weir journal.\n"

// markInitialised notes in the lock file that a database was created, so that
// a later start can tell a lost database from a first start.
func markInitialised(lock *os.File) error {
	if _, err := lock.WriteAt([]byte(initialised), 0); err != nil {
		return err
	}
	return lock.Sync()
}

// ensureFile creates the database file with mode 0600, from which SQLite takes
// the mode of its companions. A database that should be there and is not must
// not be replaced by an empty one: SQLite would discard its write-ahead log.
func ensureFile(path string, lock *os.File) (created bool, err error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > 0 {
		return false, os.Chmod(path, 0o600)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return false, fmt.Errorf("%s is missing or empty but %s is not: restore the database from a copy, or move both away to start empty",
			path, filepath.Base(path)+"-wal")
	}
	if mark, err := lock.Stat(); err == nil && mark.Size() > 0 {
		return false, fmt.Errorf("%s is missing or empty although this directory held a journal: restore it from a copy, or delete %s to start empty",
			path, lock.Name())
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	if err := f.Close(); err != nil {
		return false, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return false, err
	}
	defer dir.Close()
	return true, dir.Sync()
}
