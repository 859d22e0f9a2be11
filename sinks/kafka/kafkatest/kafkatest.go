//go:build unix

// Package kafkatest runs real Kafka brokers on loopback for the length of a test.
package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/edge/toolchain/need"
	"weir/sinks/sinktest/daemon"
)

// patience bounds every wait for what brokers do in a moment.
const patience = 60 * time.Second

// Users that log in by SASL plain over [Cluster.SASL], each with its name for a
// password. They may do what access control lists say, which is nothing at first.
// Whoever comes without a login, or with the certificate of [Cluster.Files], may do everything.
const (
	Writer  = "writer"
	Limited = "limited"
)

// Cluster is one or more brokers, each a controller, too. Its methods may be called from
// several goroutines, but those that stop and start brokers are for one.
type Cluster struct {
	java, jars string
	root       string
	files      Files
	brokers    []*broker
	topics     atomic.Int64
	admin      *kgo.Client
}

// Files are what a client needs to talk TLS.
type Files struct{ CA, Cert, Key string }

type broker struct {
	id      int
	dir     string
	ports   [4]int // plain, SASL, TLS, controller
	mu      sync.Mutex
	process *daemon.Process // nil while stopped
	pid     int
}

// Start runs a cluster of n brokers until the test ends. On a machine without
// Kafka the test is skipped by name, or fails if WEIR_REQUIRE asks for it; see
// [need.Tool]. Tests that share a cluster are subtests of the one that started it.
func Start(t testing.TB, n int) *Cluster {
	t.Helper()
	java, jars := need.Tool(t, "java"), need.Tool(t, "kafka")
	// The ports are free when they are chosen and may be taken a moment later.
	for try := 1; ; try++ {
		c, err := launch(java, jars, n)
		if err == nil {
			t.Cleanup(func() {
				if err := c.close(); err != nil {
					t.Errorf("kafkatest: %v", err)
				}
			})
			return c
		}
		if try == 3 {
			t.Fatalf("kafkatest: %v", err)
		}
	}
}

func launch(java, jars string, n int) (c *Cluster, err error) {
	root, err := os.MkdirTemp("", "weir-kafka-")
	if err != nil {
		return nil, fmt.Errorf("creating the brokers' directory: %w", err)
	}
	c = &Cluster{java: java, jars: jars, root: root}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
			c = nil
		}
	}()
	if err := c.certify(); err != nil {
		return c, err
	}
	ports, err := freePorts(4 * n)
	if err != nil {
		return c, err
	}
	for i := range n {
		c.brokers = append(c.brokers, &broker{id: i + 1, dir: filepath.Join(root, fmt.Sprintf("broker%d", i+1)), ports: [4]int(ports[4*i:])})
	}
	for _, b := range c.brokers {
		if err := c.format(b); err != nil {
			return c, err
		}
	}
	if err := c.each(c.start); err != nil {
		return c, err
	}
	c.admin, err = kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.DisableClientMetrics(), kgo.MetadataMinAge(10*time.Millisecond))
	return c, err
}

// each does something with all brokers at once, as those that start wait for each other.
func (c *Cluster) each(f func(*broker) error) error {
	errs := make([]error, len(c.brokers))
	var wait sync.WaitGroup
	for i, b := range c.brokers {
		wait.Go(func() { errs[i] = f(b) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// Brokers are addresses that ask for no login.
func (c *Cluster) Brokers() []string { return c.addresses(0) }

// SASL are addresses that ask for a login, unencrypted.
func (c *Cluster) SASL() []string { return c.addresses(1) }

// TLS are addresses that ask for the certificate of [Cluster.Files].
func (c *Cluster) TLS() []string { return c.addresses(2) }

// Files are the certificates of a client.
func (c *Cluster) Files() Files { return c.files }

func (c *Cluster) addresses(listener int) []string {
	list := make([]string, len(c.brokers))
	for i, b := range c.brokers {
		list[i] = fmt.Sprintf("127.0.0.1:%d", b.ports[listener])
	}
	return list
}

// Admin is a client that may do everything.
func (c *Cluster) Admin() *kadm.Client { return kadm.NewClient(c.admin) }

// Name returns a name that no topic has yet.
func (c *Cluster) Name() string { return fmt.Sprintf("events-%d", c.topics.Add(1)) }

// Topic creates a topic with its configuration given as key=value, and returns
// once the brokers know it.
func (c *Cluster) Topic(t testing.TB, partitions, replicas int, configs ...string) string {
	t.Helper()
	values := map[string]*string{}
	for _, config := range configs {
		key, value, _ := strings.Cut(config, "=")
		values[key] = &value
	}
	name := c.Name()
	if _, err := c.Admin().CreateTopic(t.Context(), int32(partitions), int16(replicas), values, name); err != nil {
		t.Fatalf("kafkatest: creating topic %s: %v", name, err)
	}
	eventually(t, "creating topic "+name, func(ctx context.Context) bool {
		// Authorized operations are never answered from the client's cache.
		m, err := c.Admin().Metadata(kadm.WithAuthorizedOps(ctx), name)
		return err == nil && len(m.Topics[name].Partitions) == partitions
	})
	return name
}

// Alter changes a topic's configuration, and returns once the brokers go by it.
func (c *Cluster) Alter(t testing.TB, topic, key, value string) {
	t.Helper()
	set := func(key, value string) {
		list, err := c.Admin().AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: key, Value: &value}}, topic)
		if err != nil || list[0].Err != nil {
			t.Fatalf("kafkatest: altering topic %s: %v, %v", topic, err, list)
		}
		eventually(t, "altering topic "+topic, func(ctx context.Context) bool {
			all, err := c.Admin().DescribeTopicConfigs(ctx, topic)
			return err == nil && slices.ContainsFunc(all[0].Configs, func(k kadm.Config) bool { return k.Key == key && k.MaybeValue() == value })
		})
	}
	set(key, value)
	// A broker shows a change and then acts on it, one after another: with the
	// second to be seen, the first is in force.
	set("retention.ms", fmt.Sprint(1_000_000_000+c.topics.Add(1)))
}

func eventually(t testing.TB, what string, f func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !f(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("kafkatest: %s: not seen within %v", what, patience)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Stop shuts broker i down as an administrator would.
func (c *Cluster) Stop(t testing.TB, i int) { c.end(t, i, syscall.SIGTERM) }

// Kill ends broker i at once.
func (c *Cluster) Kill(t testing.TB, i int) { c.end(t, i, syscall.SIGKILL) }

func (c *Cluster) end(t testing.TB, i int, sig syscall.Signal) {
	t.Helper()
	if err := c.brokers[i].signal(sig); err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
}

// Restart starts broker i again on its ports and returns once it serves.
func (c *Cluster) Restart(t testing.TB, i int) {
	t.Helper()
	if err := c.start(c.brokers[i]); err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
}

// Pause makes broker i stop answering while its connections stay, until [Cluster.Resume].
func (c *Cluster) Pause(t testing.TB, i int) {
	t.Helper()
	pid := c.tell(t, i, syscall.SIGSTOP)
	eventually(t, "pausing a broker", func(context.Context) bool { return stopped(pid) })
}

// Resume ends a pause.
func (c *Cluster) Resume(t testing.TB, i int) { c.tell(t, i, syscall.SIGCONT) }

func (c *Cluster) tell(t testing.TB, i int, sig syscall.Signal) (pid int) {
	t.Helper()
	b := c.brokers[i]
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process == nil {
		t.Fatalf("kafkatest: broker %d is stopped", b.id)
	}
	if err := syscall.Kill(b.pid, sig); err != nil {
		t.Fatalf("kafkatest: broker %d: %v", b.id, err)
	}
	return b.pid
}

// close ends what runs and removes the directory. Nothing is kept, so nothing
// needs to be shut down in order.
func (c *Cluster) close() error {
	if c.admin != nil {
		c.admin.Close()
	}
	return errors.Join(c.each(func(b *broker) error { return b.signal(syscall.SIGKILL) }), os.RemoveAll(c.root))
}

func (c *Cluster) start(b *broker) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process != nil {
		return fmt.Errorf("broker %d is running", b.id)
	}
	cmd := c.command(b, "kafka.Kafka", b.properties())
	p, err := daemon.Start(cmd, func(line string) bool { return strings.Contains(line, readyLine) })
	if err != nil {
		return fmt.Errorf("starting broker %d: %w", b.id, err)
	}
	b.process, b.pid = p, cmd.Process.Pid
	return nil
}

// signal ends a running broker and waits for it.
func (b *broker) signal(sig syscall.Signal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.process
	if p == nil {
		return nil
	}
	b.process = nil
	if err := p.Stop(sig); err != nil {
		return fmt.Errorf("broker %d: %w", b.id, err)
	}
	return nil
}

// freePorts returns ports that were free together, so that no two are the same.
func freePorts(n int) (ports []int, err error) {
	var lc net.ListenConfig
	for range n {
		l, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("choosing a port: %w", err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
