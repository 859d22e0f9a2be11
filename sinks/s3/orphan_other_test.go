//go:build unix && !linux

package s3

import "syscall"

// dieWithParent does nothing: only Linux can tie a process to its parent's life.
func dieWithParent(*syscall.SysProcAttr) {}
