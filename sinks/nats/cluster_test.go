//go:build unix

package nats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"weir/edge/toolchain/need"
	"weir/sinks"
	"weir/sinks/sinktest"
	"weir/sinks/sinktest/daemon"
)

// TestKilled kills the server that leads a stream of three replicas, again and
// again in the midst of writes. What was not acknowledged is written again; in
// the end every event is there once.
func TestKilled(t *testing.T) {
	nodes := startCluster(t)
	c := config(nodes[0])
	c.Replicas, c.Timeout = 3, time.Second
	c.Servers = nil
	for _, n := range nodes {
		c.Servers = append(c.Servers, n.url())
	}
	s := sink(t, c)
	t.Cleanup(func() { s.Close(context.Background()) })
	const size = 1000
	confirmed, lives := 0, 1
	if os.Getenv("WEIR_TORTURE") != "" {
		lives = 20
	}
	for range lives {
		leader := startWriting(t, s, nodes, c.Stream)
		lost := make(chan error)
		go func() {
			for {
				if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(uint64(confirmed), size)}); err != nil {
					lost <- err
					return
				}
				confirmed++
			}
		}()
		begun := uint64(confirmed * size)
		until(t, "a part of a batch is stored", func() bool {
			n, _ := messages(leader, c.Stream)
			return n > begun+size && n%size != 0 || n > begun+20*size
		})
		leader.stop(syscall.SIGKILL)
		err := <-lost
		var partial *sinks.BatchError
		if sinks.IsPermanent(err) {
			t.Fatalf("Write without a leader gives %v", err)
		}
		t.Logf("connection lost: %v, a part refused: %v", errors.Is(err, sinks.ErrNotConnected), errors.As(err, &partial))
		// The two that are left choose a leader and go on.
		until(t, "two servers take the batch", func() bool {
			if s.Open(t.Context()) != nil {
				return false
			}
			return s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(uint64(confirmed), size)}) == nil
		})
		confirmed++
		leader.restart(t)
	}
	startWriting(t, s, nodes, c.Stream)
	count := map[string]int{}
	var list []*jetstream.RawStreamMsg
	until(t, "the stream can be read", func() bool { // the cluster is still coming together
		var err error
		list, err = read(t.Context(), nodes[0], c.Stream)
		return err == nil
	})
	for _, m := range list {
		count[m.Header.Get("Nats-Msg-Id")[:36]]++
	}
	for batch := range confirmed {
		for _, e := range sinktest.Events(uint64(batch), size) {
			if n := count[e.ID]; n != 1 {
				t.Fatalf("event %s of batch %d of %d is there %d times", e.ID, batch, confirmed, n)
			}
		}
	}
	if len(count) != confirmed*size {
		t.Errorf("%d events are stored, want %d", len(count), confirmed*size)
	}
}

// startWriting opens the sink once the stream has a leader with both followers
// at its side, and returns the leader.
func startWriting(t *testing.T, s *Sink, nodes []*instance, stream string) (leader *instance) {
	t.Helper()
	until(t, "the stream has a leader and two followers", func() bool {
		if s.Open(t.Context()) != nil {
			return false
		}
		info, err := streamInfo(nodes[0], stream)
		if err != nil || info.Cluster == nil || len(info.Cluster.Replicas) != 2 {
			return false
		}
		for _, r := range info.Cluster.Replicas {
			if !r.Current || r.Offline {
				return false
			}
		}
		for i, n := range nodes {
			if info.Cluster.Leader == fmt.Sprintf("n%d", i) {
				leader = n
			}
		}
		return leader != nil
	})
	return leader
}

func streamInfo(i *instance, stream string) (*jetstream.StreamInfo, error) {
	conn, err := i.connect()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	x, err := js.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	return x.CachedInfo(), nil
}

func messages(i *instance, stream string) (uint64, error) {
	info, err := streamInfo(i, stream)
	if err != nil {
		return 0, err
	}
	return info.State.Msgs, nil
}

// startCluster starts three servers at once: none is ready without another.
func startCluster(t *testing.T) (nodes []*instance) {
	t.Helper()
	var routes []string
	var ports []int
	for range 3 {
		port, err := daemon.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		ports, routes = append(ports, port), append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	program, started := need.Tool(t, "nats-server"), make(chan error, 3)
	nodes = make([]*instance, 3)
	for i := range nodes {
		settings := fmt.Sprintf("server_name: n%d\ncluster { name: weir, listen: 127.0.0.1:%d, routes: [%s] }\n%s", i, ports[i], strings.Join(routes, ", "), users)
		dir := t.TempDir()
		go func() {
			n, err := launch(program, dir, settings)
			nodes[i] = n
			started <- err
		}()
	}
	for range nodes {
		if err := <-started; err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, n := range nodes {
			n.stop(syscall.SIGKILL)
		}
	})
	return nodes
}

// until waits for a condition of a server.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
