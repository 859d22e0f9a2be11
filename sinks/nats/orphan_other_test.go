//go:build unix && !linux

package nats

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
