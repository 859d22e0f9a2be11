//go:build unix

package host

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/host/config"
	"weir/sinks/sinktest/authority"
	"weir/sinks/sinktest/daemon"
)

// A journal on a cluster that wants certificates, and a login, gets them; a
// login that is refused is told without the password.
func TestClusterLogin(t *testing.T) {
	dir := t.TempDir()
	if err := authority.Write(dir); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	const password = "canary-password"
	for _, c := range []struct {
		name, settings, scheme string
		login                  config.NATS
		refused                bool
	}{
		{name: "user", settings: "authorization { user: weir, password: " + password + " }", scheme: "nats", login: config.NATS{User: "weir", Password: password}},
		{name: "wrong password", settings: "authorization { user: weir, password: other }", scheme: "nats", login: config.NATS{User: "weir", Password: password}, refused: true},
		{name: "token", settings: "authorization { token: " + password + " }", scheme: "nats", login: config.NATS{Token: password}},
		{
			name: "certificates", scheme: "tls",
			settings: fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", in("server.pem"), in("server.key"), in("ca.pem")),
			login:    config.NATS{CA: in("ca.pem"), Cert: in("client.pem"), Key: in("client.key")},
		},
		{
			name: "no certificate", scheme: "tls", refused: true,
			settings: fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }", in("server.pem"), in("server.key"), in("ca.pem")),
			login:    config.NATS{CA: in("ca.pem")},
		},
		{
			name: "unknown authority", scheme: "tls", refused: true,
			settings: fmt.Sprintf("tls { cert_file: %q, key_file: %q }", in("server.pem"), in("server.key")),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := natsServer(t, c.settings)
			r := newRig(t, "memory")
			r.cfg.Journal.Kind = "nats"
			r.cfg.Journal.MaxBytes = 64 << 20
			login := c.login
			login.Servers, login.Stream, login.Replicas, login.Window = []string{c.scheme + "://" + address}, "weir", 1, 20*time.Minute
			r.cfg.Journal.NATS = login
			if !c.refused {
				r.start().send(goodEvents(3)...)
				r.sink("memory").wait(t, 3)
				return
			}
			_, err := New(r.cfg, slog.New(slog.NewTextHandler(r.logs, nil)))
			if err == nil {
				t.Fatal("the cluster took a login that it should have refused")
			}
			if said := err.Error() + r.logs.String(); strings.Contains(said, password) || !strings.Contains(said, address) {
				t.Errorf("said %q, which should name the server and not the password", said)
			}
		})
	}
}

// natsServer runs a JetStream server until the test ends.
func natsServer(t *testing.T, settings string) (address string) {
	t.Helper()
	program, dir := need.Tool(t, "nats-server"), t.TempDir()
	port, err := daemon.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("listen: 127.0.0.1:%d\nmax_payload: 8MB\njetstream { store_dir: %q }\n%s\n", port, dir, settings)
	name := filepath.Join(dir, "server.conf")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := daemon.Start(exec.Command(program, "-c", name), func(line string) bool { return strings.Contains(line, "Server is ready") })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("127.0.0.1:%d", port)
}
