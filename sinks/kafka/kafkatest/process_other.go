//go:build unix && !linux

package kafkatest

import "syscall"

// dieWithParent does nothing where the kernel offers no parent-death signal.
func dieWithParent(*syscall.SysProcAttr) {}

// stopped takes it for granted.
func stopped(int) bool { return true }
