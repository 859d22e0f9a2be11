//go:build !(linux || darwin || freebsd)

package sqlite

import (
	"errors"
	"os"
)

// lockDir refuses: without a lock that ends with its process, two processes
// could share a journal.
func lockDir(string) (*os.File, error) {
	return nil, errors.New("the host does not run on this system; it runs on Linux, macOS and FreeBSD")
}

func freeBytes(string) (int64, error) { return 0, errors.ErrUnsupported }
