//go:build unix

// Package clickhousetest runs a throwaway ClickHouse for tests: its engine,
// which PyPI has as chdb, behind server.py, which speaks the server's HTTP
// interface; on a free loopback port, its data in a temporary directory, gone
// when the test ends.
//
//	server := clickhousetest.Start(t)
//	name := server.Database(t) // a name that no other test uses
//	server.Stop(t)             // the outage …
//	server.Restart(t)          // … and its end, on the same port
package clickhousetest

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/daemon"
)

//go:embed server.py
var program []byte

// Server is one ClickHouse. [Server.Stop], [Server.Kill] and [Server.Restart]
// are for one goroutine.
type Server struct {
	python, library string
	root            string // holds server.py and the data
	port            int
	process         *daemon.Process // nil while stopped
	databases       atomic.Int64
}

// Start runs a server until the test ends. On a machine without chdb the test
// is skipped by name, or fails if WEIR_REQUIRE asks for it; see [need.Tool].
// Tests that share a server are subtests of the one that started it.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{python: need.Tool(t, "python3"), library: need.Tool(t, "chdb")}
	var err error
	if s.root, err = os.MkdirTemp("", "weir-clickhouse-"); err != nil {
		t.Fatalf("clickhousetest: %v", err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.signal(syscall.SIGTERM), os.RemoveAll(s.root)); err != nil {
			t.Errorf("clickhousetest: %v", err)
		}
	})
	if err := os.WriteFile(filepath.Join(s.root, "server.py"), program, 0o600); err != nil {
		t.Fatalf("clickhousetest: %v", err)
	}
	// The port is free when it is chosen and may be taken a moment later.
	for range 5 {
		if s.port, err = daemon.FreePort(); err != nil {
			break
		}
		if err = s.start(); err == nil {
			return s
		}
	}
	t.Fatalf("clickhousetest: %v", err)
	return nil
}

// URL is where the server listens.
func (s *Server) URL() string { return "http://127.0.0.1:" + strconv.Itoa(s.port) }

// Database returns a name that is not taken.
func (s *Server) Database(testing.TB) string { return fmt.Sprintf("test%d", s.databases.Add(1)) }

// Query returns the server's answer.
func (s *Server) Query(t testing.TB, query string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL(), strings.NewReader(query))
	if err != nil {
		t.Fatalf("clickhousetest: %v", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("clickhousetest: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("clickhousetest: %s gives %s, %v: %s", query, response.Status, err, body)
	}
	return string(body)
}

// Stop ends the server as an administrator would.
func (s *Server) Stop(t testing.TB) { t.Helper(); s.end(t, syscall.SIGTERM) }

// Kill ends the server at once, as a crash would.
func (s *Server) Kill(t testing.TB) { t.Helper(); s.end(t, syscall.SIGKILL) }

func (s *Server) end(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.signal(sig); err != nil {
		t.Fatalf("clickhousetest: %v", err)
	}
}

// Restart starts a stopped server again on its port and returns once it
// accepts connections.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("clickhousetest: %v", err)
	}
}

func (s *Server) start() (err error) {
	if s.process != nil {
		return errors.New("the server is running")
	}
	cmd := exec.Command(s.python, filepath.Join(s.root, "server.py"), s.root, strconv.Itoa(s.port))
	cmd.Dir = s.root
	cmd.Env = append(os.Environ(), "PYTHONPATH="+s.library, "PYTHONDONTWRITEBYTECODE=1", "HOME="+s.root, "TMPDIR="+s.root)
	s.process, err = daemon.Start(cmd, func(line string) bool { return line == "ready" })
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
