//go:build unix

package mqtt

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/authority"
	"weir/sinks/sinktest/daemon"
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

	process *daemon.Process // nil while stopped
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
		if err := authority.Write(dir); err != nil {
			return nil, err
		}
	}
	// The ports are free when they are chosen and may be taken a moment later.
	for range 5 {
		if s.port, err = daemon.FreePort(); err == nil && secure {
			s.secure, err = daemon.FreePort()
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
		"persistence true", "persistence_location " + s.dir + "/", "max_queued_messages 0", "log_dest stderr",
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

// start runs the server on its ports until it listens.
func (s *mosquitto) start() (err error) {
	if err := os.WriteFile(s.path("conf"), []byte(s.config()), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(s.program, "-c", s.path("conf"))
	cmd.Dir, cmd.Env = s.dir, []string{"HOME=" + s.dir, "PATH=/usr/bin:/bin"}
	s.process, err = daemon.Start(cmd, func(line string) bool { return strings.HasSuffix(line, " running") })
	return err
}

// stop ends the server. SIGTERM has it save its sessions.
func (s *mosquitto) stop(sig syscall.Signal) error {
	process := s.process
	if process == nil {
		return nil
	}
	s.process = nil
	return process.Stop(sig)
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

func (s *mosquitto) url() string { return fmt.Sprintf("mqtt://127.0.0.1:%d", s.port) }
