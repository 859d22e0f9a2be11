package sqlite

import (
	"errors"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"weir/host/journal"
)

// isFull reports whether err means that the limit or the volume is reached.
func isFull(err error) bool {
	return errors.Is(err, journal.ErrFull) || code(err) == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isBusy reports whether err means that another program holds the database.
func isBusy(err error) bool { return code(err) == sqlite3.SQLITE_BUSY }

// code returns SQLite's primary result code, 0 for other errors.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}
