//go:build unix

// Package daemon runs the real servers that sinks are tested against: from the
// machine's own binaries, on loopback, ended with the test that started them,
// or by the kernel if the test dies first.
package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience bounds every wait for a server. It is generous because test
// machines are slow and shared; it is never the expected duration.
const patience = 90 * time.Second

// Process is a running server.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it is gone; err is set
	err    error

	mu   sync.Mutex
	tail []string // the last lines it logged
}

// Start runs cmd and returns when a line of its output says that it is ready.
// The output is read to its end.
func Start(cmd *exec.Cmd, ready func(line string) bool) (*Process, error) {
	said := make(chan struct{})
	return start(cmd, said, func(line string) {
		if ready != nil && ready(line) {
			ready = nil
			close(said)
		}
	})
}

// StartAsking runs cmd and returns when it answers, which ask finds out: an error
// means not yet.
func StartAsking(cmd *exec.Cmd, ask func() error) (*Process, error) {
	answered, done := make(chan struct{}), make(chan struct{})
	defer close(done)
	go func() {
		for err := ask(); ; err = ask() {
			if err == nil {
				close(answered)
				return
			}
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond): // between polls
			}
		}
	}()
	return start(cmd, answered, func(string) {})
}

// start runs cmd until it is ready, and hands over each line of its output.
func start(cmd *exec.Cmd, ready <-chan struct{}, line func(string)) (*Process, error) {
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	dieWithParent(cmd.SysProcAttr)
	output, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = cmd.Stderr
	started := make(chan error)
	// The goroutine keeps its thread: on Linux the kernel ties the parent-death
	// signal to the thread that forked.
	go func() {
		runtime.LockOSThread()
		// A thread ends with a goroutine that keeps it, and may by then be the
		// one that forked others.
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.watch(output, line)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	select {
	case <-ready:
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("%s ended while starting: %w\n%s", cmd.Path, p.err, p.log())
	case <-time.After(patience):
		err := p.Stop(syscall.SIGKILL)
		return nil, errors.Join(fmt.Errorf("%s was not ready after %v\n%s", cmd.Path, patience, p.log()), err)
	}
}

func (p *Process) watch(output io.Reader, line func(string)) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.remember(lines.Text())
		line(lines.Text())
	}
	_, _ = io.Copy(io.Discard, output) // beyond a line that is too long
	p.err = p.cmd.Wait()
	close(p.exited)
}

// Signal sends a signal that does not end the server.
func (p *Process) Signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// Stop sends the signal and waits for the end; a server that does not heed it
// is killed, and that is an error.
func (p *Process) Stop(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", p.cmd.Path, err)
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(patience):
		err := p.cmd.Process.Kill()
		<-p.exited
		return errors.Join(fmt.Errorf("%s did not stop within %v and was killed\n%s", p.cmd.Path, patience, p.log()), err)
	}
}

func (p *Process) remember(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tail) == 50 {
		p.tail = append(p.tail[:0], p.tail[1:]...)
	}
	p.tail = append(p.tail, line)
}

func (p *Process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

// Unprivileged is whom a server runs as that refuses to be root: nil, which is
// whoever runs the test, unless that is root, as in a container. Then it is the
// first of the users that exists, or nobody.
func Unprivileged(users ...string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range append(users, "nobody") {
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
	return nil, errors.New("root cannot run the server and there is no user to lend it")
}

// FreePort is a TCP port of 127.0.0.1 that nobody listens on at the moment.
// Somebody may a moment later: try again with another.
func FreePort() (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("choosing a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
