//go:build unix

package nats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/daemon"
)

// patience bounds every wait for a server.
const patience = 30 * time.Second

// users of every test's server.
const users = `
authorization { users: [
	{ user: admin, password: admin }
	{ user: mute, password: pw, permissions: { publish: ["$JS.API.>"] } }
	{ user: deaf, password: pw, permissions: { subscribe: ["nothing"] } }
	{ user: least, password: pw, permissions: { publish: ["events.>"], subscribe: ["_INBOX.>"] } }
] }
`

// instance is a nats-server on loopback.
type instance struct {
	program, dir, settings string
	login                  []nats.Option // of the test itself; the user admin when there is none
	port                   int
	process                *daemon.Process // nil while stopped
}

// shared is the server that tests share which do it no lasting harm.
var shared *instance

func TestMain(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.stop(syscall.SIGKILL)
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

func sharedServer(t testing.TB) *instance {
	t.Helper()
	if shared == nil {
		program := need.Tool(t, "nats-server")
		dir, err := os.MkdirTemp("", "weir-nats-")
		if err != nil {
			t.Fatal(err)
		}
		if shared, err = launch(program, dir, users); err != nil {
			os.RemoveAll(dir)
			t.Fatal(err)
		}
	}
	return shared
}

// startServer starts a server that ends with the test.
func startServer(t testing.TB, settings string, admin ...nats.Option) *instance {
	t.Helper()
	i, err := launch(need.Tool(t, "nats-server"), t.TempDir(), settings, admin...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.stop(syscall.SIGKILL) })
	return i
}

// launch starts a server on a free port. The port may be taken between looking
// and listening: then it tries another.
func launch(program, dir, settings string, admin ...nats.Option) (*instance, error) {
	var err error
	for range 5 {
		i := &instance{program: program, dir: dir, settings: settings, login: admin}
		if i.port, err = daemon.FreePort(); err != nil {
			return nil, err
		}
		if err = i.start(); err == nil {
			return i, nil
		}
	}
	return nil, err
}

func (i *instance) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", i.port) }

// start returns once JetStream answers, which it does when it has read its store.
func (i *instance) start() (err error) {
	file := filepath.Join(i.dir, "server.conf")
	text := fmt.Sprintf("listen: 127.0.0.1:%d\nmax_payload: 2MB\njetstream { store_dir: %q }\n%s", i.port, i.dir, i.settings)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	i.process, err = daemon.StartAsking(exec.Command(i.program, "-c", file), i.ask)
	return err
}

func (i *instance) ask() error {
	conn, err := i.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err = js.AccountInfo(ctx)
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return nil // as the test wants it
	}
	return err
}

func (i *instance) connect() (*nats.Conn, error) {
	login := i.login
	if login == nil {
		login = []nats.Option{nats.UserInfo("admin", "admin")}
	}
	return nats.Connect(i.url(), login...)
}

func (i *instance) stop(sig syscall.Signal) {
	if i.process == nil {
		return
	}
	i.process.Stop(sig)
	i.process = nil
}

// restart starts the server on its port again: another process may have the port for a moment.
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
func (i *instance) admin(t testing.TB) jetstream.JetStream {
	t.Helper()
	conn, err := i.connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(patience))
	if err != nil {
		t.Fatal(err)
	}
	return js
}
