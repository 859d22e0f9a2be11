//go:build unix

package redis

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// TestRefusals has real servers refuse a batch. None is the events' fault, none
// stores anything, and once it is cured the same batch is stored.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name            string
		breaks, repair  func(t testing.TB, s *instance, stream string)
		want            string
		gone, throttled bool // the connection; asked to wait
	}{
		{
			name:   "memory is full",
			breaks: func(t testing.TB, s *instance, _ string) { s.do(t, "CONFIG SET maxmemory 1") },
			repair: func(t testing.TB, s *instance, _ string) { s.do(t, "CONFIG SET maxmemory 0") },
			want:   "OOM", throttled: true,
		},
		{
			name:   "turned into a replica",
			breaks: func(t testing.TB, s *instance, _ string) { s.do(t, "REPLICAOF 127.0.0.1 1") },
			repair: func(t testing.TB, s *instance, _ string) { s.do(t, "REPLICAOF NO ONE") },
			want:   "READONLY", gone: true,
		},
		{
			name: "replica without its primary",
			breaks: func(t testing.TB, s *instance, _ string) {
				s.do(t, "CONFIG SET replica-serve-stale-data no")
				s.do(t, "REPLICAOF 127.0.0.1 1")
			},
			repair: func(t testing.TB, s *instance, _ string) { s.do(t, "REPLICAOF NO ONE") },
			want:   "replica", gone: true,
		},
		{
			name:   "too few replicas",
			breaks: func(t testing.TB, s *instance, _ string) { s.do(t, "CONFIG SET min-replicas-to-write 1") },
			repair: func(t testing.TB, s *instance, _ string) { s.do(t, "CONFIG SET min-replicas-to-write 0") },
			want:   "NOREPLICAS",
		},
		{
			name:   "not a stream",
			breaks: func(t testing.TB, s *instance, stream string) { s.do(t, "SET "+stream+" x") },
			repair: func(t testing.TB, s *instance, stream string) { s.do(t, "DEL "+stream) },
			want:   "WRONGTYPE",
		},
		{
			name:   "a command is taken away",
			breaks: func(t testing.TB, s *instance, _ string) { s.do(t, "ACL SETUSER writer -xadd") },
			repair: func(t testing.TB, s *instance, _ string) { s.do(t, "ACL SETUSER writer +xadd") },
			want:   "README",
		},
		{
			name:   "the user is deleted",
			breaks: func(t testing.TB, s *instance, _ string) { s.do(t, "ACL DELUSER writer") },
			repair: func(t testing.TB, s *instance, _ string) { s.do(t, "ACL SETUSER writer on >pw ~* +@all") },
			gone:   true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, span := range []time.Duration{time.Hour, 0} {
				server := startServer(t)
				server.do(t, "ACL SETUSER writer on >pw ~* +@all")
				c, events := config(server), sinktest.Events(1, 250)
				c.User, c.Password, c.UniqueFor = "writer", "pw", span
				s := opened(t, c)
				tt.breaks(t, server, c.Stream)
				err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
				var partial *sinks.BatchError
				if err == nil || sinks.IsPermanent(err) || errors.As(err, &partial) {
					t.Fatalf("Write gives %v", err)
				}
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Write gives %v, want %s", err, tt.want)
				}
				if errors.Is(err, sinks.ErrNotConnected) != tt.gone {
					t.Errorf("not connected: %v, want %v: %v", !tt.gone, tt.gone, err)
				}
				if _, ok := sinks.IsThrottled(err); ok != tt.throttled {
					t.Errorf("throttled: %v, want %v: %v", ok, tt.throttled, err)
				}
				if tt.gone {
					if err := s.Open(t.Context()); err == nil {
						t.Error("Open finds nothing wrong")
					}
				}
				if err := sink(t, c).Check(t.Context()); err == nil {
					t.Error("Check finds nothing wrong")
				} else if secretive(err, events) {
					t.Errorf("Check quotes: %v", err)
				}
				if secretive(err, events) {
					t.Errorf("Write quotes: %v", err)
				}
				t.Log(err)
				tt.repair(t, server, c.Stream)
				if err := s.Open(t.Context()); err != nil {
					t.Fatal(err)
				}
				write(t, s, events...)
				if n := len(stored(t, server, c.Stream)); n != len(events) {
					t.Errorf("%d entries, want %d", n, len(events))
				}
			}
		})
	}
}

// secretive reports whether an error says more than it may.
func secretive(err error, events []sinks.Event) bool {
	return strings.Contains(err.Error(), events[0].ID) || strings.Contains(err.Error(), ">pw")
}

// TestAnswers has the server give answers that are hard to come by.
func TestAnswers(t *testing.T) {
	server := sharedServer(t)
	for answer, want := range map[string]struct {
		text                       string
		gone, throttled, permanent bool
	}{
		"LOADING Redis is loading the dataset in memory":                     {text: "still reading", throttled: true},
		"BUSY Redis is busy running a script":                                {text: "somebody's script", throttled: true},
		"MISCONF Redis is configured to save RDB snapshots":                  {text: "see its log"},
		"NOAUTH Authentication required.":                                    {text: "user and password", gone: true},
		"MOVED 12 10.0.0.1:6379":                                             {text: "another node", gone: true},
		"TRYAGAIN Multiple keys request during rehashing of slot":            {text: "moving", throttled: true},
		"ERR unknown command 'EVAL', with args beginning with: 'page_title'": {text: "unknown command"},
		"ERR Protocol error: invalid bulk length":                            {text: "invalid bulk", permanent: true},
	} {
		c, events := config(server), sinktest.Events(1, 3)
		c.Addresses = []string{startProxy(t, server, func(command []string) (string, bool) {
			return "-" + answer + "\r\n", strings.HasPrefix(command[0], "EVAL")
		})}
		s := opened(t, c)
		err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
		_, throttled := sinks.IsThrottled(err)
		if err == nil || !strings.Contains(err.Error(), want.text) || strings.Contains(err.Error(), "page_title") ||
			errors.Is(err, sinks.ErrNotConnected) != want.gone || throttled != want.throttled || sinks.IsPermanent(err) != want.permanent {
			t.Errorf("%s becomes %v", answer, err)
		}
		s.Close(t.Context())
	}
}

// TestHanging ends the context of a Write that the server never answers.
func TestHanging(t *testing.T) {
	server := sharedServer(t)
	c := config(server)
	c.Timeout = time.Hour
	sent := make(chan struct{}, 1)
	c.Addresses = []string{startProxy(t, server, func(command []string) (string, bool) {
		if strings.HasPrefix(command[0], "EVAL") {
			sent <- struct{}{}
			return "", true
		}
		return "", false
	})}
	s := opened(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-sent
		cancel()
	}()
	if err := s.Write(ctx, sinks.Batch{ID: "b", Events: sinktest.Events(1, 3)}); !errors.Is(err, sinks.ErrNotConnected) || !errors.Is(err, context.Canceled) {
		t.Errorf("Write gives %v", err)
	}
}

// TestPermissions takes from the user that the README describes one command
// after another.
func TestPermissions(t *testing.T) {
	server := startServer(t)
	const least = "ACL SETUSER writer reset on >pw ~events ~{events}:* +xadd +eval +evalsha +set +del"
	c := config(server)
	c.Stream, c.User, c.Password = "events", "writer", "pw"
	server.do(t, least)
	if err := sink(t, c).Check(t.Context()); err != nil {
		t.Errorf("the least user does not do: %v", err)
	}
	write(t, opened(t, c), sinktest.Events(1, 3)...)
	for _, less := range []string{"-xadd", "-eval", "-evalsha", "-set", "-del", "resetkeys ~events", "resetkeys ~{events}:*", ">other off"} {
		server.do(t, least+" "+less)
		err := sink(t, c).Check(t.Context())
		if err == nil {
			t.Errorf("Check does not miss %s", less)
		} else {
			t.Logf("%s: %v", less, err)
		}
	}
}
