package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that is expected to happen soon.
const patience = 2 * time.Minute

// eventually polls until check returns nil and fails the test with its last
// error when that takes longer than [patience].
func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v: %v", what, patience, err)
		}
		time.Sleep(20 * time.Millisecond) // between polls
	}
}

// process is a program under test. It does not outlive the test, and its
// output is shown when the test fails.
type process struct {
	name   string
	cmd    *exec.Cmd
	log    string // path
	exited chan struct{}
	err    error // of Wait, once exited is closed
}

// launch starts a program with env added to a bare environment.
func launch(t testing.TB, name string, env []string, program string, args ...string) *process {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := &process{name: name, log: out.Name(), exited: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir = filepath.Dir(out.Name())
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.cmd.Dir, "TZ=UTC"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = dieWithParent()
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("last output of %s (pid %d):\n%s", name, p.cmd.Process.Pid, p.tail(25))
		}
	})
	return p
}

// kill ends the process as kill -9 does and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// stop asks the process to end and fails the test unless it does so, with
// exit status 0, in time.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		if p.err != nil {
			t.Errorf("%s after SIGTERM: %v", p.name, p.err)
		}
	case <-time.After(patience):
		p.kill()
		t.Errorf("%s did not end within %v of SIGTERM", p.name, patience)
	}
}

func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.exited:
	default:
		_ = p.cmd.Process.Signal(s) // it may end in this very moment
	}
}

// alive returns an error once the process has ended by itself: then there is
// no point in polling on.
func (p *process) alive() error {
	select {
	case <-p.exited:
		return errors.Join(errors.New(p.name+" has ended"), p.err)
	default:
		return nil
	}
}

func (p *process) output() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(bytes.ToValidUTF8(b, []byte("?")))
}

// tail is the last n lines of the output.
func (p *process) tail(n int) string {
	lines := strings.Split(strings.TrimRight(p.output(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
