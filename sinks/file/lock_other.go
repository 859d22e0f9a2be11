//go:build !unix

package file

import "os"

// acquire opens the file; there is no lock to take. Two processes on one folder
// are then the operator's to avoid.
func acquire(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}
