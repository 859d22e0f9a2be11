package rabbitmq

import "syscall"

// dieWithParent has the kernel stop the server when the test binary dies
// without cleaning up: killed, or panicking past its time-out.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
