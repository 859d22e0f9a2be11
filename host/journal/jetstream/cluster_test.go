package jetstream

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/edge/toolchain/need"
)

// cluster is three nats-server processes on loopback.
type cluster struct {
	program string
	nodes   []*node
}

type node struct {
	name, config, url string
	log               string
	cmd               *exec.Cmd
}

// shared is the cluster that tests share which do it no harm.
var shared struct {
	dir     string
	cluster *cluster
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.cluster != nil {
		shared.cluster.stop()
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// sharedCluster starts the cluster at its first use.
func sharedCluster(t *testing.T) *cluster {
	t.Helper()
	program := need.Tool(t, "nats-server")
	if shared.cluster == nil {
		dir, err := os.MkdirTemp("", "weir-nats-")
		if err != nil {
			t.Fatal(err)
		}
		shared.dir, shared.cluster = dir, startCluster(t, program, dir)
	}
	return shared.cluster
}

// startCluster starts three servers on free ports and waits for JetStream. A
// port may be taken between looking and listening: then it begins again.
func startCluster(t *testing.T, program, dir string) *cluster {
	t.Helper()
	for attempt := range 5 {
		c := &cluster{program: program}
		if err := c.start(filepath.Join(dir, fmt.Sprint(attempt))); err != nil {
			t.Logf("starting the cluster: %v", err)
			c.stop()
			continue
		}
		return c
	}
	t.Fatal("the cluster does not start")
	return nil
}

func (c *cluster) start(dir string) error {
	var ports []int
	for range 6 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		l.Close()
	}
	var routes []string
	for _, p := range ports[3:] {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", p))
	}
	for i := range 3 {
		n := &node{name: fmt.Sprintf("n%d", i+1), url: fmt.Sprintf("nats://127.0.0.1:%d", ports[i])}
		store := filepath.Join(dir, n.name)
		if err := os.MkdirAll(store, 0o700); err != nil {
			return err
		}
		n.config, n.log = filepath.Join(store, "server.conf"), filepath.Join(store, "server.log")
		text := fmt.Sprintf(`server_name: %s
listen: 127.0.0.1:%d
max_payload: 8MB
jetstream { store_dir: %q, sync_interval: always, max_file_store: 1TB, max_memory_store: 256MB }
cluster { name: weir, listen: 127.0.0.1:%d, routes: [%s] }
`, n.name, ports[i], store, ports[i+3], strings.Join(routes, ", "))
		if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
			return err
		}
		c.nodes = append(c.nodes, n)
		if err := c.launch(n); err != nil {
			return err
		}
	}
	return c.settle()
}

func (c *cluster) launch(n *node) error {
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	n.cmd = exec.Command(c.program, "-c", n.config)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	return n.cmd.Start()
}

// settle waits until a stream of three replicas can be created.
func (c *cluster) settle() error {
	var last error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if last = c.probe(); last == nil {
			return nil
		}
	}
	return last
}

func (c *cluster) probe() error {
	conn, err := nats.Connect(join(c.urls()))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(2*time.Second))
	if err != nil {
		return err
	}
	ctx, cancel := contextFor(5 * time.Second)
	defer cancel()
	if _, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "probe", Replicas: 3}); err != nil {
		return err
	}
	return js.DeleteStream(ctx, "probe")
}

func (c *cluster) urls() (list []string) {
	for _, n := range c.nodes {
		list = append(list, n.url)
	}
	return list
}

// kill ends a server with -9.
func (n *node) kill() {
	if n.cmd != nil && n.cmd.Process != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait()
		n.cmd = nil
	}
}

func (c *cluster) stop() {
	for _, n := range c.nodes {
		n.kill()
	}
}
