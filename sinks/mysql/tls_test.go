//go:build unix

package mysql

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"weir/sinks"
	"weir/sinks/mysql/mysqltest"
	"weir/sinks/sinktest"
	"weir/sinks/sinktest/authority"
)

// TestTLS: a server that takes encrypted connections alone, from clients that
// its authority knows.
func TestTLS(t *testing.T) {
	dir, err := os.MkdirTemp("", "weir-tls-") // which the server's user can read
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	own, stranger := certificates(t, dir, "own"), certificates(t, dir, "stranger")
	server := mysqltest.Start(t, "--ssl-cert="+own("server.pem"), "--ssl-key="+own("server.key"), "--ssl-ca="+own("ca.pem"))
	dsn := server.Database(t)
	exec(t, dsn, "CREATE USER guarded REQUIRE X509", "GRANT ALL ON *.* TO guarded")
	guarded := sinks.Secret(as(t, dsn, "guarded"))
	for _, c := range []struct {
		files TLS
		ok    bool
	}{
		{TLS{CA: own("ca.pem"), Cert: own("client.pem"), Key: own("client.key")}, true},
		{TLS{}, false},                  // in clear
		{TLS{CA: own("ca.pem")}, false}, // without showing who it is
		{TLS{CA: own("ca.pem"), Cert: stranger("client.pem"), Key: stranger("client.key")}, false},
		{TLS{CA: stranger("ca.pem"), Cert: own("client.pem"), Key: own("client.key")}, false}, // to somebody else
		{TLS{Cert: own("client.pem"), Key: own("client.key")}, false},                         // to somebody unknown to the system
		{TLS{CA: own("none")}, false},
		{TLS{CA: own("ca.key")}, false}, // no certificate in it
	} {
		s := sink(t, Config{DSN: guarded, TLS: c.files, Migrate: true})
		err := s.Open(t.Context())
		if ok := err == nil; ok != c.ok {
			t.Errorf("with %+v Open gives %v", c.files, err)
		}
		if err == nil {
			err = s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)})
			if err != nil {
				t.Error(err)
			}
		}
		s.Close(t.Context())
	}
}

// certificates makes an authority and what it vouches for, which the server's
// user can read, and returns their paths by name.
func certificates(t *testing.T, parent, name string) func(file string) string {
	t.Helper()
	dir := filepath.Join(parent, name)
	if err := errors.Join(os.Mkdir(dir, 0o755), authority.Write(dir)); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(filepath.Join(dir, f.Name()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return func(file string) string { return filepath.Join(dir, file) }
}
