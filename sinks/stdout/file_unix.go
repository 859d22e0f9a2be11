//go:build unix

package stdout

import (
	"os"

	"golang.org/x/sys/unix"
)

// standardOutput returns a duplicate of descriptor 1. To a write on descriptor
// 1 itself, whose reader is gone, the Go runtime answers by ending the process;
// on any other it is an error, and a dead reader must not take the host along.
func standardOutput() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "standard output"), nil
}
