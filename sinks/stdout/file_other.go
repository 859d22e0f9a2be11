//go:build !unix

package stdout

import "os"

func standardOutput() (*os.File, error) {
	return os.NewFile(os.Stdout.Fd(), "standard output"), nil
}
