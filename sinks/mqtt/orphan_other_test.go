//go:build unix && !linux

package mqtt

import "syscall"

// dieWithParent does nothing where the kernel offers no parent-death signal.
func dieWithParent(*syscall.SysProcAttr) {}
