//go:build unix && !linux

package redis

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
