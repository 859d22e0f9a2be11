//go:build unix

package kafkatest

import (
	"bufio"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// readyLogger logs the line with readyLine once a broker serves.
const (
	readyLogger = "kafka.server.KafkaRaftServer"
	readyLine   = "Kafka Server started"
)

// process is a running broker.
type process struct {
	cmd    *exec.Cmd
	ready  chan struct{} // closed when it serves
	exited chan struct{} // closed when it is gone; err is set
	err    error

	mu   sync.Mutex
	tail []string // the last lines it logged
}

// run starts cmd and watches it from a goroutine that keeps its thread: on
// Linux the kernel ties the parent-death signal to the thread that forked.
func run(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ready: make(chan struct{}), exited: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
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
		lines.Buffer(nil, 1<<20)
		for ready := false; lines.Scan(); {
			p.remember(lines.Text())
			if !ready && strings.Contains(lines.Text(), readyLine) {
				ready = true
				close(p.ready)
			}
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, <-started
}

// kill ends the broker, be it paused.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // if it is gone, all the better
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
