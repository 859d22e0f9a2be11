//go:build unix

package redis

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/daemon"
)

// patience bounds every wait for a server.
const patience = 30 * time.Second

// instance is a redis-server on loopback.
type instance struct {
	program, dir string
	args         []string
	port         int
	process      *daemon.Process // nil while stopped
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
		i := &instance{program: program, dir: dir, args: args}
		if i.port, err = daemon.FreePort(); err != nil {
			return nil, err
		}
		if err = i.start(); err == nil {
			return i, nil
		}
	}
	return nil, err
}

func (i *instance) address() string { return "127.0.0.1:" + strconv.Itoa(i.port) }

// start returns once the server answers, be it that it wants a password.
func (i *instance) start() (err error) {
	cmd := exec.Command(i.program, append([]string{"--port", strconv.Itoa(i.port), "--bind", "127.0.0.1", "--dir", i.dir, "--save", "", "--repl-diskless-sync-delay", "0"}, i.args...)...)
	cmd.Args[0] = "redis-server" // the program is several, by the name it goes by
	c := client.NewClient(&client.Options{Addr: i.address(), MaxRetries: -1, DialerRetries: 1})
	defer c.Close()
	i.process, err = daemon.StartAsking(cmd, func() error {
		err := c.Ping(context.Background()).Err()
		if kind, _ := reply(err); kind != "" && kind != "LOADING" {
			return nil
		}
		return err
	})
	return err
}

func (i *instance) stop(sig syscall.Signal) {
	if i.process == nil {
		return
	}
	i.process.Stop(sig)
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
