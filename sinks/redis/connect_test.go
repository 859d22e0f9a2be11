//go:build unix

package redis

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/sinktest"
	"weir/sinks/sinktest/authority"
	"weir/sinks/sinktest/daemon"
)

// TestCluster writes to a node that does not hold the stream, and goes on when
// its slot has moved.
func TestCluster(t *testing.T) {
	flags := []string{"--cluster-enabled", "yes", "--cluster-allow-replica-migration", "no"}
	a, b := startServer(t, flags...), startServer(t, flags...)
	c := config(a)
	c.Cluster, c.Stream = true, "shop:{events}"
	admin := a.admin(t)
	slot, err := admin.ClusterKeySlot(t.Context(), c.Stream).Result()
	if err != nil {
		t.Fatal(err)
	}
	if other, err := admin.ClusterKeySlot(t.Context(), seenKey(c.seenPrefix(), &sinktest.Events(1, 1)[0])).Result(); err != nil || other != slot {
		t.Errorf("the stream is in slot %d, its keys in %d, %v", slot, other, err)
	}
	// b has the stream's slot, a has all others.
	b.do(t, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", slot, slot))
	a.do(t, fmt.Sprintf("CLUSTER ADDSLOTSRANGE 0 %d %d 16383", slot-1, slot+1))
	b.do(t, "CLUSTER SET-CONFIG-EPOCH 2")
	a.do(t, "CLUSTER SET-CONFIG-EPOCH 1")
	a.do(t, fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d", b.port))
	until(t, "the cluster is complete", func() bool {
		return strings.Contains(a.do(t, "CLUSTER INFO").(string), "cluster_state:ok") && strings.Contains(b.do(t, "CLUSTER INFO").(string), "cluster_state:ok")
	})

	s, events := opened(t, c), sinktest.Events(1, 400)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	write(t, s, events[:200]...)
	if n := len(stored(t, b, c.Stream)); n != 200 {
		t.Errorf("%d entries, want 200", n)
	}
	alone := c
	alone.Cluster = false
	if err := sink(t, alone).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "set cluster to true") {
		t.Errorf("Open of another node gives %v", err)
	}

	// As a resharding does, in one step: the keys first, then the slot.
	for _, key := range b.do(t, fmt.Sprintf("CLUSTER GETKEYSINSLOT %d 10000", slot)).([]any) {
		dump, err := b.admin(t).Dump(t.Context(), key.(string)).Result()
		if err != nil {
			t.Fatal(err)
		}
		a.do(t, fmt.Sprintf("CLUSTER SETSLOT %d IMPORTING %s", slot, b.do(t, "CLUSTER MYID")))
		p := a.admin(t).Pipeline()
		p.Do(t.Context(), "ASKING")
		restored := p.Do(t.Context(), "RESTORE", key, 0, dump)
		if _, err := p.Exec(t.Context()); err != nil {
			t.Fatal(err, restored.Err())
		}
		b.do(t, "DEL "+key.(string))
	}
	for _, i := range []*instance{a, b} {
		i.do(t, fmt.Sprintf("CLUSTER SETSLOT %d NODE %s", slot, a.do(t, "CLUSTER MYID")))
	}
	err = s.Write(t.Context(), sinks.Batch{ID: "b", Events: events[100:]})
	if !errors.Is(err, sinks.ErrNotConnected) || !strings.Contains(err.Error(), "MOVED") {
		t.Errorf("Write after the slot has moved gives %v", err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, events[100:]...)
	if n := len(stored(t, a, c.Stream)); n != 400 {
		t.Errorf("%d entries, want 400", n)
	}
}

// TestAddresses finds the primary among the addresses, also when it changes.
func TestAddresses(t *testing.T) {
	a := startServer(t)
	b := startServer(t, "--replicaof", "127.0.0.1 "+fmt.Sprint(a.port))
	c := config(a)
	c.Addresses = []string{"127.0.0.1:1", b.address(), a.address()}
	s, events := opened(t, c), sinktest.Events(1, 2)
	write(t, s, events...)
	until(t, "the replica has caught up", func() bool { return b.admin(t).XLen(t.Context(), c.Stream).Val() == 2 })
	b.do(t, "REPLICAOF NO ONE")
	a.do(t, fmt.Sprintf("REPLICAOF 127.0.0.1 %d", b.port))
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(2, 2)}); !errors.Is(err, sinks.ErrNotConnected) {
		t.Fatalf("Write to what has become a replica gives %v", err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, sinktest.Events(2, 2)...)
	if n := len(stored(t, b, c.Stream)); n != 4 {
		t.Errorf("%d entries, want 4", n)
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	if err := authority.Write(dir); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	port, err := daemon.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	server := startServer(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", in("server.pem"), "--tls-key-file", in("server.key"), "--tls-ca-cert-file", in("ca.pem"))
	c := config(server)
	c.Addresses = []string{fmt.Sprintf("127.0.0.1:%d", port)}
	c.TLS, c.CA, c.Cert, c.Key = true, in("ca.pem"), in("client.pem"), in("client.key")
	write(t, opened(t, c), sinktest.Events(1, 3)...)
	for name, change := range map[string]func(*Config){
		"an authority that it does not know": func(c *Config) { c.CA = "" },
		"without a certificate of its own":   func(c *Config) { c.Cert, c.Key = "", "" },
		"a file that is not there":           func(c *Config) { c.CA += ".gone" },
		"plain":                              func(c *Config) { c.TLS, c.CA, c.Cert, c.Key = false, "", "", "" },
	} {
		wrong := c
		wrong.Timeout = 2 * time.Second
		change(&wrong)
		if err := sink(t, wrong).Open(t.Context()); err == nil {
			t.Errorf("%s: Open succeeds", name)
		}
	}
}

// until waits for a condition of a server.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

func TestConfig(t *testing.T) {
	good := Config{Addresses: []string{"localhost:6379"}, Stream: "events", Format: "envelope", Timeout: time.Second}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"addresses: required": func(c *Config) { c.Addresses = nil },
		"addresses: write":    func(c *Config) { c.Addresses = []string{"redis://weir:hunter2@localhost"} },
		"user: needs":         func(c *Config) { c.User = "weir" },
		"database: must":      func(c *Config) { c.Database = -1 },
		"cert: needs":         func(c *Config) { c.TLS, c.Cert = true, "x" },
		"tls: ":               func(c *Config) { c.CA = "x" },
		"stream: ":            func(c *Config) { c.Stream = "a b" },
		"at most one {tag}":   func(c *Config) { c.Stream = "a{b}c}" },
		"format: ":            func(c *Config) { c.Format = "xml" },
		"max_length: ":        func(c *Config) { c.MaxLength = -1 },
		"keep: ":              func(c *Config) { c.Keep = time.Millisecond },
		"unique_for: ":        func(c *Config) { c.UniqueFor = time.Millisecond },
		"replicas: ":          func(c *Config) { c.Replicas = -1 },
		"max_event: ":         func(c *Config) { c.MaxEvent = -1 },
		"timeout: ":           func(c *Config) { c.Timeout = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Validate gives %v, want %q", err, want)
		}
	}
}
