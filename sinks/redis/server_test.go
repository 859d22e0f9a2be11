//go:build unix

package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"weir/edge/toolchain/need"
)

// patience bounds every wait for a server.
const patience = 30 * time.Second

// instance is a redis-server on loopback.
type instance struct {
	program, dir string
	args         []string
	port         int
	process      *os.Process
	exited       chan struct{}
}

// shared is the server that tests share which do it no lasting harm.
var shared struct {
	sync.Mutex
	*instance
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.instance != nil {
		shared.stop(syscall.SIGKILL)
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// sharedServer has a disk, syncs each write and takes values of 4 MiB.
func sharedServer(t testing.TB) *instance {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.instance == nil {
		program := need.Tool(t, "redis-server")
		dir, err := os.MkdirTemp("", "weir-redis-")
		if err != nil {
			t.Fatal(err)
		}
		shared.instance, err = launch(program, dir, "--appendonly", "yes", "--appendfsync", "always", "--proto-max-bulk-len", "4mb")
		if err != nil {
			os.RemoveAll(dir)
			t.Fatal(err)
		}
	}
	return shared.instance
}

// startServer starts a server that ends with the test.
func startServer(t testing.TB, args ...string) *instance {
	t.Helper()
	program := need.Tool(t, "redis-server")
	i, err := launch(program, t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.stop(syscall.SIGKILL) })
	return i
}

// launch starts a server on a free port. The port may be taken between looking
// and listening: then it tries another.
func launch(program, dir string, args ...string) (*instance, error) {
	var err error
	for range 5 {
		i := &instance{program: program, dir: dir, args: args, exited: make(chan struct{})}
		if i.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = i.start(); err == nil {
			return i, nil
		}
	}
	return nil, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (i *instance) address() string { return "127.0.0.1:" + strconv.Itoa(i.port) }

// start runs the server from a goroutine that keeps its thread: on Linux the
// kernel ties the parent-death signal to the thread that forked.
func (i *instance) start() error {
	name := filepath.Join(i.dir, "server.log")
	log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(i.program, append([]string{"--port", strconv.Itoa(i.port), "--bind", "127.0.0.1", "--dir", i.dir, "--save", "", "--repl-diskless-sync-delay", "0"}, i.args...)...)
	cmd.Args[0] = "redis-server" // the program is several, by the name it goes by
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	dieWithParent(cmd.SysProcAttr)
	exited, started := make(chan struct{}), make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting redis-server: %w", err)
	}
	i.process, i.exited = cmd.Process, exited
	return i.ready(name)
}

func (i *instance) ready(log string) error {
	c := client.NewClient(&client.Options{Addr: i.address(), MaxRetries: -1, DialerRetries: 1})
	defer c.Close()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		err := c.Ping(context.Background()).Err()
		if kind, _ := reply(err); err == nil || kind == "NOAUTH" || kind != "" && kind != "LOADING" {
			return nil
		}
		select {
		case <-i.exited:
			text, _ := os.ReadFile(log)
			return fmt.Errorf("redis-server ended while starting:\n%s", text)
		default:
		}
	}
	i.stop(syscall.SIGKILL)
	return errors.New("redis-server is not ready")
}

func (i *instance) stop(sig syscall.Signal) {
	if i.process == nil {
		return
	}
	i.process.Signal(sig)
	<-i.exited
	i.process = nil
}

// restart starts the server on its port again: a child that was rewriting its log may still have the port.
func (i *instance) restart(t testing.TB) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = i.start(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// admin is a client of the server for the test's own use.
func (i *instance) admin(t testing.TB) *client.Client {
	t.Helper()
	c := client.NewClient(&client.Options{Addr: i.address()})
	t.Cleanup(func() { c.Close() })
	return c
}

// do sends one command written as words.
func (i *instance) do(t testing.TB, command string) any {
	t.Helper()
	var args []any
	for _, word := range strings.Fields(command) {
		args = append(args, strings.Trim(word, `"`))
	}
	c := client.NewClient(&client.Options{Addr: i.address()})
	defer c.Close()
	result, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return result
}
