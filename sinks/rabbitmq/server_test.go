//go:build unix

package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/authority"
	"weir/sinks/sinktest/daemon"
)

// patience bounds every wait for the server; it is far beyond what it takes.
const patience = 2 * time.Minute

// The users of the server: writer may publish to exchanges whose names begin
// with test, and no more; owner may do all.
const (
	owner, writer = "owner", "writer"
	password      = "password-of-the-test"
)

// largest is the server's max_message_size.
const largest = 3 << 20

// server is a RabbitMQ node that no other knows of. It runs in the foreground
// with its Erlang shell on a pipe, without the port mapper (epmd) that
// outlives every node, and ends with the pipe.
type server struct {
	program string
	dir     string
	port    int
	secure  int // port for TLS, where clients show a certificate
	nodes   int // port for other nodes; there are none
	names   atomic.Int64

	process *daemon.Process // nil while stopped
	shell   io.WriteCloser  // takes Erlang expressions
}

// shared is the one server of this package's tests; see TestMain.
var shared struct {
	once sync.Once
	*server
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s := shared.server; s != nil {
		if err := errors.Join(s.kill(), os.RemoveAll(s.dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// start returns the running server. On a machine without one the test is
// skipped by name, or fails if WEIR_REQUIRE asks for it.
func start(t testing.TB) *server {
	t.Helper()
	program := need.Tool(t, "rabbitmq-server")
	shared.once.Do(func() { shared.server, shared.err = launch(program) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

func launch(program string) (s *server, err error) {
	dir, err := os.MkdirTemp("", "weir-rabbit-")
	if err != nil {
		return nil, err
	}
	s = &server{program: program, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.kill(), os.RemoveAll(dir))
		}
	}()
	definitions, err := json.Marshal(map[string]any{
		"vhosts": []any{map[string]any{"name": "/"}},
		"users": []any{
			map[string]any{"name": owner, "password": password, "tags": "administrator"},
			map[string]any{"name": writer, "password": password, "tags": ""},
		},
		"permissions": []any{
			map[string]any{"user": owner, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
			map[string]any{"user": writer, "vhost": "/", "configure": "^$", "write": "^test", "read": "^$"},
		},
	})
	if err != nil {
		return nil, err
	}
	err = errors.Join(authority.Write(dir),
		os.WriteFile(s.path("definitions.json"), definitions, 0o600),
		os.WriteFile(s.path("enabled_plugins"), []byte("[].\n"), 0o600),
		os.WriteFile(s.path(".erlang.cookie"), []byte("COOKIE-OF-THE-TEST"), 0o400))
	if err != nil {
		return nil, err
	}
	// The ports are free when they are chosen and may be taken a moment later.
	for range 3 {
		if err = s.choosePorts(); err != nil {
			return nil, err
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func (s *server) choosePorts() (err error) {
	for _, port := range []*int{&s.port, &s.secure, &s.nodes} {
		if *port, err = daemon.FreePort(); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *server) config() string {
	return fmt.Sprintf(`listeners.tcp.1 = 127.0.0.1:%d
listeners.ssl.1 = 127.0.0.1:%d
ssl_options.cacertfile = %s
ssl_options.certfile = %s
ssl_options.keyfile = %s
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
load_definitions = %s
max_message_size = %d
log.file = false
log.console = true
`, s.port, s.secure, s.path("ca.pem"), s.path("server.pem"), s.path("server.key"), s.path("definitions.json"), largest)
}

// start runs the server on its ports until it has started.
func (s *server) start() (err error) {
	if err := os.WriteFile(s.path("rabbitmq.conf"), []byte(s.config()), 0o600); err != nil {
		return err
	}
	node := fmt.Sprintf("weir%d@localhost", s.port)
	cmd := exec.Command(s.program)
	cmd.Dir = s.dir
	cmd.Env = []string{
		"HOME=" + s.dir, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TERM=dumb",
		"RABBITMQ_ALLOW_INPUT=1", // the shell, and no script between it and this process
		"RABBITMQ_NODENAME=" + node,
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_CONFIG_FILE=" + s.path("rabbitmq.conf"),
		"RABBITMQ_ADVANCED_CONFIG_FILE=" + s.path("advanced.config"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + s.path("enabled_plugins"),
		"RABBITMQ_MNESIA_BASE=" + s.path("data"),
		"RABBITMQ_LOG_BASE=" + s.path("log"),
		"RABBITMQ_SCHEMA_DIR=" + s.path("schema"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + s.path("config"),
		"RABBITMQ_PID_FILE=" + s.path("pid"),
		"RABBITMQ_LOGS=-",
		fmt.Sprintf("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-sname %s -start_epmd false -erl_epmd_port %d -kernel inet_dist_use_interface {127,0,0,1}", node, s.nodes),
	}
	if s.shell, err = cmd.StdinPipe(); err != nil {
		return err
	}
	s.process, err = daemon.Start(cmd, func(line string) bool { return strings.Contains(line, "Server startup complete") })
	return err
}

// kill ends the server as a crash would.
func (s *server) kill() error {
	process := s.process
	if process == nil {
		return nil
	}
	s.process = nil
	s.shell.Close()
	return process.Stop(syscall.SIGKILL)
}

// eval has the server evaluate an Erlang expression, and waits for what it brings about.
func (s *server) eval(t testing.TB, expression string, done func() bool) {
	t.Helper()
	if _, err := io.WriteString(s.shell, expression+".\n"); err != nil {
		t.Fatal(err)
	}
	await(t, done)
}

// await polls for a state that is about to be reached.
func await(t testing.TB, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to that within %v", patience)
		}
	}
}

// crash is an outage by kill -9, and recess one in which the broker stops as an
// operator stops it, and its process stays. Messages have to survive a crash;
// what queues there are the broker writes down later, unless told to.
func (s *server) crash(t testing.TB, during func()) {
	t.Helper()
	marker := s.path("synced")
	s.eval(t, fmt.Sprintf("mnesia:sync_log(), file:write_file(%q, <<>>)", marker), func() bool { return os.Remove(marker) == nil })
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	during()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *server) recess(t testing.TB, during func()) {
	t.Helper()
	s.eval(t, "rabbit:stop()", func() bool { return !s.listens() })
	during()
	s.eval(t, "rabbit:start()", func() bool {
		conn, err := amqp.Dial(s.url(owner))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func (s *server) listens() bool {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func (s *server) url(user string) string {
	return fmt.Sprintf("amqp://%s:%s@127.0.0.1:%d/", user, password, s.port)
}

// channel is the owner's.
func (s *server) channel(t testing.TB) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(s.url(owner))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// blocks returns whether the server blocks who publishes, which it tells them only then.
func (s *server) blocks(t testing.TB) func() bool {
	t.Helper()
	conn, err := amqp.Dial(s.url(owner))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	blocked := conn.NotifyBlocked(make(chan amqp.Blocking, 10))
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
		if err := channel.Publish("", "nowhere", false, false, amqp.Publishing{}); err != nil {
			t.Fatal(err)
		}
		return len(blocked) > 0
	}
}
