//go:build unix

// Package rabbittest runs a RabbitMQ node for tests: a real server, on free
// loopback ports, its data in a temporary directory.
package rabbittest

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

// The users of the server: Writer may publish to exchanges whose names begin
// with test, and no more; Owner may do all.
const (
	Owner, Writer = "owner", "writer"
	Password      = "password-of-the-test"
)

// Largest is the server's max_message_size.
const Largest = 3 << 20

// Server is a RabbitMQ node that no other knows of. It runs in the foreground
// with its Erlang shell on a pipe, without the port mapper (epmd) that
// outlives every node, and ends with the pipe.
type Server struct {
	program string
	dir     string
	port    int
	Secure  int // port for TLS, where clients show a certificate
	nodes   int // port for other nodes; there are none

	process *daemon.Process // nil while stopped
	shell   io.WriteCloser  // takes Erlang expressions
}

// Start runs a server until the test ends. On a machine without one the test is
// skipped by name, or fails if WEIR_REQUIRE asks for it.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := Launch(need.Tool(t, "rabbitmq-server"))
	if err != nil {
		t.Fatalf("rabbittest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("rabbittest: %v", err)
		}
	})
	return s
}

// Launch runs a server of that program until it is closed.
func Launch(program string) (s *Server, err error) {
	dir, err := os.MkdirTemp("", "weir-rabbit-")
	if err != nil {
		return nil, err
	}
	s = &Server{program: program, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	definitions, err := json.Marshal(map[string]any{
		"vhosts": []any{map[string]any{"name": "/"}},
		"users": []any{
			map[string]any{"name": Owner, "password": Password, "tags": "administrator"},
			map[string]any{"name": Writer, "password": Password, "tags": ""},
		},
		"permissions": []any{
			map[string]any{"user": Owner, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
			map[string]any{"user": Writer, "vhost": "/", "configure": "^$", "write": "^test", "read": "^$"},
		},
	})
	if err != nil {
		return nil, err
	}
	err = errors.Join(authority.Write(dir),
		os.WriteFile(s.Path("definitions.json"), definitions, 0o600),
		os.WriteFile(s.Path("enabled_plugins"), []byte("[].\n"), 0o600),
		os.WriteFile(s.Path(".erlang.cookie"), []byte("COOKIE-OF-THE-TEST"), 0o400))
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

func (s *Server) choosePorts() (err error) {
	for _, port := range []*int{&s.port, &s.Secure, &s.nodes} {
		if *port, err = daemon.FreePort(); err != nil {
			return err
		}
	}
	return nil
}

// Path names a file of the server's: certificates as [authority.Write] names them, and enabled_plugins.
func (s *Server) Path(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) config() string {
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
`, s.port, s.Secure, s.Path("ca.pem"), s.Path("server.pem"), s.Path("server.key"), s.Path("definitions.json"), Largest)
}

// start runs the server on its ports until it has started.
func (s *Server) start() (err error) {
	if err := os.WriteFile(s.Path("rabbitmq.conf"), []byte(s.config()), 0o600); err != nil {
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
		"RABBITMQ_CONFIG_FILE=" + s.Path("rabbitmq.conf"),
		"RABBITMQ_ADVANCED_CONFIG_FILE=" + s.Path("advanced.config"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + s.Path("enabled_plugins"),
		"RABBITMQ_MNESIA_BASE=" + s.Path("data"),
		"RABBITMQ_LOG_BASE=" + s.Path("log"),
		"RABBITMQ_SCHEMA_DIR=" + s.Path("schema"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + s.Path("config"),
		"RABBITMQ_PID_FILE=" + s.Path("pid"),
		"RABBITMQ_LOGS=-",
		fmt.Sprintf("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-sname %s -start_epmd false -erl_epmd_port %d -kernel inet_dist_use_interface {127,0,0,1}", node, s.nodes),
	}
	if s.shell, err = cmd.StdinPipe(); err != nil {
		return err
	}
	s.process, err = daemon.Start(cmd, func(line string) bool { return strings.Contains(line, "Server startup complete") })
	return err
}

// Close ends the server and removes what it kept.
func (s *Server) Close() error { return errors.Join(s.kill(), os.RemoveAll(s.dir)) }

// kill ends the server as a crash would.
func (s *Server) kill() error {
	process := s.process
	if process == nil {
		return nil
	}
	s.process = nil
	s.shell.Close()
	return process.Stop(syscall.SIGKILL)
}

// Eval has the server evaluate an Erlang expression, and waits for what it brings about.
func (s *Server) Eval(t testing.TB, expression string, done func() bool) {
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

// Crash is an outage by kill -9, and Recess one in which the broker stops as an
// operator stops it, and its process stays. Messages have to survive a crash;
// what queues there are the broker writes down later, unless told to.
func (s *Server) Crash(t testing.TB, during func()) {
	t.Helper()
	marker := s.Path("synced")
	s.Eval(t, fmt.Sprintf("mnesia:sync_log(), file:write_file(%q, <<>>)", marker), func() bool { return os.Remove(marker) == nil })
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	during()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) Recess(t testing.TB, during func()) {
	t.Helper()
	s.Eval(t, "rabbit:stop()", func() bool { return !s.listens() })
	during()
	s.Eval(t, "rabbit:start()", func() bool {
		conn, err := amqp.Dial(s.URL(Owner))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func (s *Server) listens() bool {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", s.Address())
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// Address is where it listens without TLS.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// URL is where a user logs in without TLS.
func (s *Server) URL(user string) string {
	return fmt.Sprintf("amqp://%s:%s@%s/", user, Password, s.Address())
}

// Channel is one of the owner's.
func (s *Server) Channel(t testing.TB) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(s.URL(Owner))
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

// Blocks returns whether the server blocks who publishes, which it tells them only then.
func (s *Server) Blocks(t testing.TB) func() bool {
	t.Helper()
	conn, err := amqp.Dial(s.URL(Owner))
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
