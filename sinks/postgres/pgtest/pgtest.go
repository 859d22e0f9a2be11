//go:build unix

// Package pgtest runs a throwaway PostgreSQL for tests: a real server from the
// machine's own binaries, listening on a free loopback port, its data in a
// temporary directory, gone when the test ends.
//
//	db := pgtest.Start(t)
//	dsn := db.Database(t)   // an empty database of its own
//	db.Stop(t)              // the outage …
//	db.Restart(t)           // … and its end, on the same port
package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/daemon"
)

// superuser owns the cluster; it logs in over loopback without a password.
const superuser = "weir"

// Server is one PostgreSQL cluster. Its methods may be called from several
// goroutines, but [Server.Stop], [Server.Kill] and [Server.Restart] are for one.
type Server struct {
	bin      string
	root     string // holds data/ and the socket directory; owned by the server's user
	port     int
	settings []string            // further ones, name=value
	user     *syscall.Credential // nil: the server runs as whoever runs the test

	mu        sync.Mutex
	process   *daemon.Process // nil while stopped
	databases atomic.Int64
}

// Start runs a server, with further settings (name=value), until the test ends. On a machine without PostgreSQL the
// test is skipped by name, or fails if WEIR_REQUIRE asks for it; see
// [need.Tool]. Tests that share a server are subtests of the one that started it.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	// The other programs lie beside the server, not beside a link to it.
	program, err := filepath.EvalSymlinks(need.Tool(t, "postgres"))
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	s, err := launch(filepath.Dir(program), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s
}

// launch creates a cluster with the programs in bin and starts it.
func launch(bin string, settings []string) (s *Server, err error) {
	user, err := daemon.Unprivileged("postgres")
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	// Not t.TempDir: its parent is closed to the user that the server runs as.
	root, err := os.MkdirTemp("", "weir-pg-")
	if err != nil {
		return nil, fmt.Errorf("pgtest: creating the cluster's directory: %w", err)
	}
	s = &Server{bin: bin, root: root, user: user, settings: settings}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
			s = nil
		}
	}()
	if user != nil {
		if err := os.Chown(root, int(user.Uid), int(user.Gid)); err != nil {
			return s, fmt.Errorf("pgtest: handing over the cluster's directory: %w", err)
		}
	}
	initdb := s.command("initdb", "--pgdata="+s.data(), "--username="+superuser,
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return s, fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	// The port is free when it is chosen and may be taken a moment later.
	for range 5 {
		if s.port, err = daemon.FreePort(); err != nil {
			return s, fmt.Errorf("pgtest: %w", err)
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return s, err
}

// DSN is the connection string of the cluster's own database, "postgres".
func (s *Server) DSN() string { return s.dsn("postgres") }

func (s *Server) dsn(database string) string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", superuser, s.port, database)
}

// Database creates an empty database and returns its connection string.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	createdb := s.command("createdb", "--host=127.0.0.1", "--port="+strconv.Itoa(s.port), "--username="+superuser, name)
	if out, err := createdb.CombinedOutput(); err != nil {
		t.Fatalf("pgtest: createdb: %v\n%s", err, out)
	}
	return s.dsn(name)
}

// Stop shuts the server down as an administrator would, cutting its clients off.
func (s *Server) Stop(t testing.TB) { t.Helper(); s.end(t, syscall.SIGINT) }

// Kill ends the server at once, as a crash would: no checkpoint, and the next
// start recovers from the log.
func (s *Server) Kill(t testing.TB) { t.Helper(); s.end(t, syscall.SIGQUIT) }

func (s *Server) end(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.signal(sig); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// Restart starts a stopped server again on its port and returns once it
// accepts connections.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// close stops the server if it runs and removes its directory.
func (s *Server) close() error {
	return errors.Join(s.signal(syscall.SIGINT), os.RemoveAll(s.root))
}

func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return errors.New("pgtest: the server is running")
	}
	options := []string{"-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "logging_collector=off", "-c", "log_min_messages=warning"}
	for _, o := range s.settings {
		options = append(options, "-c", o)
	}
	p, err := daemon.Start(s.command("postgres", options...), func(line string) bool { return strings.Contains(line, "ready to accept connections") })
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	s.process = p
	return nil
}

// signal ends a running server and waits for it. SIGINT and SIGQUIT are the
// postmaster's fast and immediate shutdown; it takes its children with it.
func (s *Server) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.process
	if p == nil {
		return nil
	}
	s.process = nil
	return p.Stop(sig)
}

func (s *Server) data() string { return filepath.Join(s.root, "data") }

// command prepares one of PostgreSQL's programs to run as the server's user,
// free of the caller's PG* variables.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.root
	cmd.Env = []string{"PATH=" + s.bin + ":/usr/bin:/bin", "HOME=" + s.root, "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	return cmd
}
