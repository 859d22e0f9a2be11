//go:build unix

package redis

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "redis") }

func TestSink(t *testing.T) { sinktest.Run(t, harness(sharedServer(t), nil)) }

var streams atomic.Int64

// harness gives each test a stream of its own.
func harness(server *instance, change func(*Config)) sinktest.Harness {
	crash := false // outages take turns: a shutdown, a crash
	return sinktest.Harness{
		Unique: true, Ordered: true, Shared: true,
		Start: func(t testing.TB) sinktest.Destination {
			c := config(server)
			if change != nil {
				change(&c)
			}
			return sinktest.Destination{
				New:    func() sinks.Sink { return sink(t, c) },
				Stored: func(t testing.TB) []sinktest.Stored { return stored(t, server, c.Stream) },
				Outage: func(t testing.TB, during func()) {
					sig := syscall.SIGTERM
					if crash = !crash; crash {
						sig = syscall.SIGKILL
					}
					server.stop(sig)
					during()
					server.restart(t)
				},
				Poison: func(t testing.TB, e sinks.Event) []sinks.Event {
					return append(sinktest.BrokenLines(t, e), sinktest.With(e, "page_title", strings.Repeat("x", 5<<20)))
				},
				Forbid: func(t testing.TB) {
					server.do(t, "ACL SETUSER limited on >pw ~* +@all -xadd")
					c.User, c.Password = "limited", "pw"
				},
			}
		},
	}
}

// config is that of a sink with a stream of its own.
func config(server *instance) Config {
	return Config{Addresses: []string{server.address()}, Stream: fmt.Sprintf("events%d", streams.Add(1)),
		Format: "envelope", UniqueFor: time.Hour, Timeout: 10 * time.Second}
}

func sink(t testing.TB, c Config) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("redis")
	s, err := kind.New(&c, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

// opened returns an open sink that is closed when the test ends.
func opened(t testing.TB, c Config) *Sink {
	t.Helper()
	s := sink(t, c)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func write(t testing.TB, s *Sink, events ...sinks.Event) {
	t.Helper()
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events}); err != nil {
		t.Fatal(err)
	}
}

func stored(t testing.TB, server *instance, stream string) (list []sinktest.Stored) {
	t.Helper()
	entries, err := server.admin(t).XRange(t.Context(), stream, "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, sinktest.Stored{ID: e.Values["event_id"].(string), Object: []byte(e.Values["event"].(string))})
	}
	return list
}

// TestEntry reads an entry as a consumer does.
func TestEntry(t *testing.T) {
	server := sharedServer(t)
	for _, name := range []string{"envelope", "flat", "analytics", "tsv"} {
		for _, span := range []time.Duration{0, time.Hour} {
			c := config(server)
			c.Format, c.UniqueFor = name, span
			s, e := opened(t, c), sinktest.Events(1, 2)[1]
			write(t, s, e)
			entries, err := server.admin(t).XRange(t.Context(), c.Stream, "-", "+").Result()
			if err != nil || len(entries) != 1 {
				t.Fatal(entries, err)
			}
			text, err := s.format.Append(nil, e)
			if err != nil {
				t.Fatal(err)
			}
			for field, want := range map[string]string{"event_id": e.ID, "event_fingerprint": e.Fingerprint, "app_id": e.App,
				"event_name": e.Name, "schema": e.Schema, "verdict": e.Verdict, "event": string(text)} {
				if got := entries[0].Values[field]; got != want || want == "" {
					t.Errorf("%s, unique_for %v: field %s is %q, want %q", name, span, field, got, want)
				}
			}
			if len(entries[0].Values) != 7 {
				t.Errorf("the entry has %d fields", len(entries[0].Values))
			}
		}
	}
}

// TestRemembers looks at the keys that remember events, and forgets one.
func TestRemembers(t *testing.T) {
	server := sharedServer(t)
	c, events := config(server), sinktest.Events(1, 3)
	s, admin := opened(t, c), server.admin(t)
	write(t, s, events...)
	server.do(t, "SCRIPT FLUSH") // as a restart does
	write(t, s, events...)
	if n := len(stored(t, server, c.Stream)); n != 3 {
		t.Fatalf("%d entries, want 3", n)
	}
	for _, e := range events {
		left, err := admin.PTTL(t.Context(), seenKey(c.seenPrefix(), &e)).Result()
		if err != nil || left <= c.UniqueFor/2 || left > c.UniqueFor {
			t.Errorf("an event is remembered for %v, %v", left, err)
		}
	}
	admin.Del(t.Context(), seenKey(c.seenPrefix(), &events[1]))
	write(t, s, events...)
	if n := len(stored(t, server, c.Stream)); n != 4 {
		t.Errorf("%d entries once one is forgotten, want 4", n)
	}
}

func TestNotUnique(t *testing.T) {
	server := sharedServer(t)
	c, events := config(server), sinktest.Events(1, 3)
	c.UniqueFor = 0
	s := opened(t, c)
	write(t, s, events...)
	write(t, s, events...)
	if n := len(stored(t, server, c.Stream)); n != 6 {
		t.Errorf("%d entries, want 6", n)
	}
	if keys := server.do(t, "KEYS {"+c.Stream+"}*").([]any); len(keys) != 0 {
		t.Errorf("keys remember events: %v", keys)
	}
}

func TestTrims(t *testing.T) {
	server := sharedServer(t)
	for _, span := range []time.Duration{0, time.Hour} {
		c := config(server)
		c.UniqueFor, c.MaxLength = span, 500
		s := opened(t, c)
		for i := range 5 {
			write(t, s, sinktest.Events(uint64(i), 1000)...)
		}
		// Nodes of 100 entries are deleted whole.
		if n := len(stored(t, server, c.Stream)); n < 500 || n > 700 {
			t.Errorf("unique_for %v: %d entries are kept, want about 500", span, n)
		}

		c = config(server)
		c.UniqueFor, c.MaxLength, c.Keep = span, 100_000, time.Hour
		for i := range 300 {
			server.do(t, fmt.Sprintf("XADD %s %d-0 event old", c.Stream, i+1)) // of 1970
		}
		s = opened(t, c)
		write(t, s, sinktest.Events(1, 1)...)
		write(t, s, sinktest.Events(2, 1)...)
		if n := len(server.do(t, "XRANGE "+c.Stream+" - +").([]any)); n < 2 || n > 102 {
			t.Errorf("unique_for %v: %d entries are kept, want the 2 of today and a part of a node", span, n)
		}
	}
}

// TestCheckTells reads what the log says about a server's durability.
func TestCheckTells(t *testing.T) {
	disk, memory := sharedServer(t), startServer(t)
	memory.do(t, "ACL SETUSER blind on >pw ~* +@all -config")
	memory.do(t, "CONFIG SET maxmemory-policy allkeys-lru")
	for _, tt := range []struct {
		server *instance
		user   string
		want   []string
	}{
		{disk, "", []string{"INFO", "has a batch on disk before"}},
		{memory, "", []string{"WARN", "keeps nothing on disk", "may delete the whole stream"}},
		{memory, "blind", []string{"WARN", "does not tell how it persists"}},
	} {
		c := config(tt.server)
		if c.User = tt.user; tt.user != "" {
			c.Password = "pw"
		}
		var log bytes.Buffer
		s := sink(t, c)
		s.log = slog.New(slog.NewTextHandler(&log, nil))
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %q: %s", want, log.String())
			}
		}
	}
}
