//go:build unix

// Package mysqltest runs a throwaway MariaDB for tests: a real server from the
// machine's own binaries, listening on a free loopback port, its data in a
// temporary directory, gone when the test ends.
//
//	server := mysqltest.Start(t)
//	dsn := server.Database(t) // an empty database of its own
//	server.Stop(t)            // the outage …
//	server.Restart(t)         // … and its end, on the same port
package mysqltest

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/go-sql-driver/mysql" // to create databases with

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/daemon"
)

// Server is one MariaDB server. [Server.Stop], [Server.Kill] and
// [Server.Restart] are for one goroutine.
type Server struct {
	program   string
	root      string // holds data/; owned by the server's user
	options   []string
	port      int
	user      *syscall.Credential // nil: the server runs as whoever runs the test
	process   *daemon.Process     // nil while stopped
	databases atomic.Int64
}

// Start runs a server, with further options of mariadbd, until the test ends. On a machine without MariaDB the
// test is skipped by name, or fails if WEIR_REQUIRE asks for it; see
// [need.Tool]. Tests that share a server are subtests of the one that started it.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	s, err := launch(need.Tool(t, "mariadbd"), options)
	if s != nil {
		t.Cleanup(func() {
			if err := s.close(); err != nil {
				t.Errorf("mysqltest: %v", err)
			}
		})
	}
	if err != nil {
		t.Fatalf("mysqltest: %v", err)
	}
	return s
}

func launch(program string, options []string) (*Server, error) {
	user, err := daemon.Unprivileged("mysql")
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: its parent is closed to the user that the server runs as.
	root, err := os.MkdirTemp("", "weir-mysql-")
	if err != nil {
		return nil, fmt.Errorf("creating the server's directory: %w", err)
	}
	s := &Server{program: program, options: options, root: root, user: user}
	if user != nil {
		if err := os.Chown(root, int(user.Uid), int(user.Gid)); err != nil {
			return s, fmt.Errorf("handing over the server's directory: %w", err)
		}
	}
	install := s.command("mariadb-install-db", "--no-defaults", "--datadir="+s.data(), "--skip-test-db", "--auth-root-authentication-method=normal")
	if out, err := install.CombinedOutput(); err != nil {
		return s, fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	// The port is free when it is chosen and may be taken a moment later.
	for range 5 {
		if s.port, err = daemon.FreePort(); err != nil {
			return s, err
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return s, err
}

// DSN is the connection string of root, without a database.
func (s *Server) DSN() string { return fmt.Sprintf("root@tcp(127.0.0.1:%d)/", s.port) }

// Database creates an empty database and returns its connection string.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	db, err := sql.Open("mysql", s.DSN())
	if err != nil {
		t.Fatalf("mysqltest: %v", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name+" CHARACTER SET latin1"); err != nil {
		t.Fatalf("mysqltest: creating a database: %v", err)
	}
	return s.DSN() + name
}

// Stop shuts the server down as an administrator would.
func (s *Server) Stop(t testing.TB) { t.Helper(); s.end(t, syscall.SIGTERM) }

// Kill ends the server at once, as a crash would; the next start recovers from the log.
func (s *Server) Kill(t testing.TB) { t.Helper(); s.end(t, syscall.SIGKILL) }

func (s *Server) end(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.signal(sig); err != nil {
		t.Fatalf("mysqltest: %v", err)
	}
}

// Restart starts a stopped server again on its port and returns once it
// accepts connections.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("mysqltest: %v", err)
	}
}

func (s *Server) start() (err error) {
	if s.process != nil {
		return errors.New("the server is running")
	}
	// The defaults of the server but for its size; strict mode off and another
	// time zone, as servers of others may have it.
	options := append([]string{"--no-defaults", "--datadir=" + s.data(), fmt.Sprintf("--port=%d", s.port),
		"--bind-address=127.0.0.1", "--socket=" + filepath.Join(s.root, "socket"), "--pid-file=" + filepath.Join(s.root, "pid"),
		"--skip-name-resolve", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=64M",
		"--sql-mode=", "--default-time-zone=-08:00", "--max-allowed-packet=8M"}, s.options...)
	s.process, err = daemon.Start(s.command(s.program, options...),
		func(line string) bool { return strings.Contains(line, "ready for connections") })
	return err
}

func (s *Server) signal(sig syscall.Signal) error {
	p := s.process
	if p == nil {
		return nil
	}
	s.process = nil
	return p.Stop(sig)
}

func (s *Server) close() error {
	return errors.Join(s.signal(syscall.SIGTERM), os.RemoveAll(s.root))
}

func (s *Server) data() string { return filepath.Join(s.root, "data") }

// command prepares one of MariaDB's programs to run as the server's user, free
// of the caller's variables.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = s.root
	cmd.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + s.root, "LC_ALL=C", "TMPDIR=" + s.root}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user}
	return cmd
}
