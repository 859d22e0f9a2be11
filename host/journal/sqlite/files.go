package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

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
