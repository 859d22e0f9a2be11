//go:build unix

package redis

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// TestReplicas takes the replica away that has to confirm. What is written
// again without it is not confirmed, either, and in the end is there once.
func TestReplicas(t *testing.T) {
	server := startServer(t)
	replica := startServer(t, "--replicaof", "127.0.0.1 "+fmt.Sprint(server.port))
	c := config(server)
	c.Replicas, c.Timeout = 1, patience
	if err := sink(t, c).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, events := opened(t, c), sinktest.Events(1, 20)
	write(t, s, events[:10]...)
	if n := len(stored(t, replica, c.Stream)); n != 10 {
		t.Errorf("confirmed, and the replica has %d entries, want 10", n)
	}

	replica.stop(syscall.SIGKILL)
	s.config.Timeout = 50 * time.Millisecond
	for range 2 {
		err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
		if err == nil || sinks.IsPermanent(err) || errors.Is(err, sinks.ErrNotConnected) || !strings.Contains(err.Error(), "0 of 1 replicas") {
			t.Errorf("Write without the replica gives %v", err)
		}
		s.Close(t.Context())
		if err := s.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "0 of 1 answer") {
		t.Errorf("Check gives %v", err)
	}

	replica.restart(t)
	s.config.Timeout = patience
	write(t, s, events...)
	for _, i := range []*instance{server, replica} {
		if n := len(stored(t, i, c.Stream)); n != 20 {
			t.Errorf("%d entries, want 20", n)
		}
	}
}

// TestFsync asks servers for what they can and cannot do. WAITAOF is younger
// than the server in Debian: a proxy answers it.
func TestFsync(t *testing.T) {
	memory, everysec, always := startServer(t), startServer(t, "--appendonly", "yes"), sharedServer(t)
	var local atomic.Int64
	var asked atomic.Int64
	waitAOF := func(command []string) (string, bool) {
		if !strings.EqualFold(command[0], "WAITAOF") {
			return "", false
		}
		if command[1] == "1" {
			asked.Add(1)
		}
		return fmt.Sprintf("*2\r\n:%d\r\n:0\r\n", local.Load()), true
	}

	fsync := func(server *instance) Config {
		c := config(server)
		c.Fsync = true
		return c
	}
	if err := sink(t, fsync(memory)).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "appendonly yes") {
		t.Errorf("Open on a server without a log gives %v", err)
	}
	write(t, opened(t, fsync(always)), sinktest.Events(1, 3)...)

	if old := sink(t, fsync(everysec)); !strings.HasPrefix(everysec.do(t, "INFO server").(string), "# Server\r\nredis_version:7.0") {
		t.Log("this server has WAITAOF itself")
		write(t, opened(t, fsync(everysec)), sinktest.Events(1, 3)...)
	} else if err := old.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "Redis 7.0.") || !strings.Contains(err.Error(), "WAITAOF") {
		t.Errorf("Open on a server without WAITAOF gives %v", err)
	} else if err := old.Check(t.Context()); err == nil {
		t.Error("Check finds nothing wrong")
	}

	c := fsync(everysec)
	c.Addresses = []string{startProxy(t, everysec, waitAOF)}
	s := opened(t, c)
	err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 3)})
	if err == nil || errors.Is(err, sinks.ErrNotConnected) || !strings.Contains(err.Error(), "0 of 1 disk") {
		t.Errorf("Write that is not on disk gives %v", err)
	}
	local.Store(1)
	write(t, s, sinktest.Events(1, 3)...)
	if n := asked.Load(); n != 2 {
		t.Errorf("WAITAOF was sent %d times, want 2", n)
	}
	if n := len(stored(t, everysec, c.Stream)); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
}

// TestKilled kills the server again and again in the midst of writes. What was
// not confirmed is written again; in the end every event is there once, in both
// the stream and the keys that remember.
func TestKilled(t *testing.T) {
	server := startServer(t, "--appendonly", "yes", "--appendfsync", "always")
	c := config(server)
	s := opened(t, c)
	const size = 1000          // a pipeline that the server reads in parts
	confirmed, unknown := 0, 0 // batches; lives that left a part of one behind
	lives := 3
	if os.Getenv("WEIR_TORTURE") != "" {
		lives = 100
	}
	admin := server.admin(t)
	for range lives {
		lost := make(chan error)
		begun := confirmed
		go func() {
			for {
				err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(uint64(confirmed), size)})
				if err != nil {
					lost <- err
					return
				}
				confirmed++
			}
		}()
		until(t, "a part of a batch is stored", func() bool {
			n := int(admin.XLen(t.Context(), c.Stream).Val()) - begun*size
			return n > size && n%size != 0 || n > 20*size
		})
		server.stop(syscall.SIGKILL)
		if err := <-lost; !errors.Is(err, sinks.ErrNotConnected) {
			t.Fatalf("Write to a killed server gives %v", err)
		}
		server.restart(t)
		if admin.XLen(t.Context(), c.Stream).Val() > int64(confirmed*size) {
			unknown++
		}
		if err := s.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(t, s, sinktest.Events(uint64(confirmed), size)...)
	confirmed++
	count := map[string]int{}
	for _, e := range stored(t, server, c.Stream) {
		count[e.ID]++
	}
	for batch := range confirmed {
		for _, e := range sinktest.Events(uint64(batch), size) {
			if n := count[e.ID]; n != 1 {
				t.Fatalf("event %s of batch %d of %d is there %d times", e.ID, batch, confirmed, n)
			}
		}
	}
	if keys := admin.DBSize(t.Context()).Val(); keys != int64(len(count))+1 {
		t.Errorf("%d keys for %d events", keys, len(count))
	}
	t.Logf("%d batches, %d kills, %d of them left behind what nobody confirmed", confirmed, lives, unknown)
}
