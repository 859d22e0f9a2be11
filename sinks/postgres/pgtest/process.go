//go:build unix

package pgtest

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// process is a running postmaster.
type process struct {
	cmd    *exec.Cmd
	ready  chan struct{} // closed when it accepts connections
	exited chan struct{} // closed when it is gone; err is set
	err    error

	mu   sync.Mutex
	tail []string // the last lines it logged
}

// run starts cmd and watches it from a goroutine that keeps its thread: on
// Linux the kernel ties the parent-death signal to the thread that forked.
func run(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ready: make(chan struct{}), exited: make(chan struct{})}
	dieWithParent(cmd.SysProcAttr)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		lines := bufio.NewScanner(stderr)
		for ready := false; lines.Scan(); {
			p.remember(lines.Text())
			if !ready && strings.Contains(lines.Text(), "ready to accept connections") {
				ready = true
				close(p.ready)
			}
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, <-started
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.exited
}

func (p *process) remember(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tail) == 50 {
		p.tail = append(p.tail[:0], p.tail[1:]...)
	}
	p.tail = append(p.tail, line)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

// unprivileged is whom the server runs as: PostgreSQL refuses to run as root,
// so a test run by root, as in a container, lends it another user.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("root cannot run PostgreSQL and there is neither a user postgres nor nobody")
}
