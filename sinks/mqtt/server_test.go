//go:build unix

package mqtt

import (
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

	"weir/edge/toolchain/need"
)

// patience bounds every wait for the server; it is far beyond what it takes.
const patience = 60 * time.Second

// The users of the server: writer may publish below test/ and nothing else,
// limited may not even do that, and reader may do all.
const (
	writer, limited, reader = "writer", "limited", "reader"
	password                = "password-of-the-test"
)

// largest is what the shared server takes of a packet.
const largest = 3 << 20

// mosquitto is a server that keeps its sessions over a restart.
type mosquitto struct {
	program string
	dir     string
	options string // of the configuration and its first listener, besides what all have
	port    int
	secure  int // port for TLS, where clients show a certificate; 0: none

	process *exec.Cmd     // nil while stopped
	exited  chan struct{} // closed when the process is gone
}

// shared is the one server of this package's tests; see TestMain.
var shared struct {
	once sync.Once
	*mosquitto
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s := shared.mosquitto; s != nil {
		if err := errors.Join(s.stop(syscall.SIGKILL), os.RemoveAll(s.dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// start returns the running server. On a machine without one the test is
// skipped by name, or fails if WEIR_REQUIRE asks for it.
func start(t testing.TB) *mosquitto {
	t.Helper()
	program := need.Tool(t, "mosquitto")
	shared.once.Do(func() {
		shared.mosquitto, shared.err = launch(program, true, "max_inflight_messages 100\nmax_packet_size "+strconv.Itoa(largest))
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.mosquitto
}

// startWith runs a server of the test's own.
func startWith(t testing.TB, options string) *mosquitto {
	t.Helper()
	s, err := launch(need.Tool(t, "mosquitto"), false, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.stop(syscall.SIGKILL), os.RemoveAll(s.dir)); err != nil {
			t.Error(err)
		}
	})
	return s
}

func launch(program string, secure bool, options string) (s *mosquitto, err error) {
	dir, err := os.MkdirTemp("", "weir-mqtt-")
	if err != nil {
		return nil, err
	}
	s = &mosquitto{program: program, dir: dir, options: options}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(syscall.SIGKILL), os.RemoveAll(dir))
		}
	}()
	for i, user := range []string{writer, limited, reader} {
		args := []string{"-b", s.path("passwords"), user, password}
		if i == 0 {
			args = append([]string{"-c"}, args...)
		}
		if out, err := exec.Command("mosquitto_passwd", args...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("mosquitto_passwd: %w\n%s", err, out)
		}
	}
	acl := "user " + reader + "\ntopic readwrite #\nuser " + writer + "\ntopic write test/#\nuser " + limited + "\ntopic write elsewhere/#\n"
	if err := os.WriteFile(s.path("acl"), []byte(acl), 0o600); err != nil {
		return nil, err
	}
	if secure {
		if err := writeCertificates(dir); err != nil {
			return nil, err
		}
	}
	// The ports are free when they are chosen and may be taken a moment later.
	for range 5 {
		if s.port, err = freePort(); err == nil && secure {
			s.secure, err = freePort()
		}
		if err != nil {
			return nil, err
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func (s *mosquitto) path(name string) string { return filepath.Join(s.dir, name) }

func (s *mosquitto) config() string {
	lines := []string{
		"allow_anonymous false", "password_file " + s.path("passwords"), "acl_file " + s.path("acl"),
		"persistence true", "persistence_location " + s.dir + "/", "max_queued_messages 0", "log_dest stderr", "log_type all",
		fmt.Sprintf("listener %d 127.0.0.1", s.port), s.options,
	}
	if s.secure != 0 {
		lines = append(lines, fmt.Sprintf("listener %d 127.0.0.1", s.secure), "require_certificate true",
			"cafile "+s.path("ca.pem"), "certfile "+s.path("server.pem"), "keyfile "+s.path("server.key"))
	}
	if os.Geteuid() == 0 {
		lines = append(lines, "user root") // else it lays its rights down and cannot read the files above
	}
	return strings.Join(lines, "\n") + "\n"
}

// start runs the server on its ports until it answers.
func (s *mosquitto) start() error {
	if err := os.WriteFile(s.path("conf"), []byte(s.config()), 0o600); err != nil {
		return err
	}
	log, err := os.Create(s.path("log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.program, "-c", s.path("conf"))
	cmd.Dir, cmd.Env = s.dir, []string{"HOME=" + s.dir, "PATH=/usr/bin:/bin"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	dieWithParent(cmd.SysProcAttr)
	started, exited := make(chan error), make(chan struct{})
	go func() {
		// On Linux the kernel ties the parent-death signal to the thread that forked.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.exited = cmd, exited
	deadline := time.Now().Add(patience)
	for !strings.Contains(s.log(), " running\n") { // it listens, and is not somebody else on its port
		select {
		case <-exited:
			s.process = nil
			return fmt.Errorf("the server ended while starting:\n%s", s.log())
		case <-time.After(2 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("the server was not ready after %v:\n%s", patience, s.log()), s.stop(syscall.SIGKILL))
		}
	}
	return nil
}

// stop ends the server. SIGTERM has it save its sessions.
func (s *mosquitto) stop(sig syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	if err := process.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(patience):
		return errors.Join(errors.New("the server does not end"), process.Process.Kill())
	}
}

func (s *mosquitto) outage(t testing.TB, during func()) {
	t.Helper()
	if err := s.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	during()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *mosquitto) log() string {
	text, err := os.ReadFile(s.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *mosquitto) url() string { return fmt.Sprintf("mqtt://127.0.0.1:%d", s.port) }

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
