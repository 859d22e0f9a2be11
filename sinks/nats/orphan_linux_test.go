package nats

import "syscall"

// dieWithParent has the kernel end the server when the test binary dies
// without cleaning up.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
