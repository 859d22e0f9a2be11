//go:build unix

package nats

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"weir/sinks"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "nats") }

func TestSink(t *testing.T) { sinktest.Run(t, harness(sharedServer(t))) }

var streams atomic.Int64

// harness gives each test a stream of its own.
func harness(server *instance) sinktest.Harness {
	crash := false // outages take turns: a shutdown, a crash
	return sinktest.Harness{
		Unique: true, Ordered: true, Shared: true,
		Start: func(t testing.TB) sinktest.Destination {
			c := config(server)
			return sinktest.Destination{
				New: func() sinks.Sink { return sink(t, c) },
				Stored: func(t testing.TB) (list []sinktest.Stored) {
					for _, m := range stored(t, server, c.Stream) {
						list = append(list, sinktest.Stored{ID: m.Header.Get("Nats-Msg-Id")[:36], Object: m.Data})
					}
					return list
				},
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
					return append(sinktest.BrokenLines(t, e), sinktest.With(e, "page_title", strings.Repeat("x", 3<<20)))
				},
				Forbid: func(t testing.TB) {
					if err := sink(t, c).Open(t.Context()); err != nil { // the stream is there
						t.Fatal(err)
					}
					c.User, c.Password = "mute", "pw"
				},
			}
		},
	}
}

// config is that of a sink with a stream of its own.
func config(server *instance) Config {
	n := streams.Add(1)
	return Config{Servers: []string{server.url()}, User: "admin", Password: "admin", Stream: fmt.Sprintf("events%d", n),
		Subject: fmt.Sprintf("events%d.{verdict}.{app_id}", n), Format: "envelope", Create: true, Replicas: 1,
		Window: time.Hour, InFlight: 500, Timeout: patience}
}

func sink(t testing.TB, c Config) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("nats")
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

// stored reads a stream from its beginning.
func stored(t testing.TB, server *instance, name string) []*jetstream.RawStreamMsg {
	t.Helper()
	list, err := read(t.Context(), server, name)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(ctx context.Context, server *instance, name string) (list []*jetstream.RawStreamMsg, err error) {
	conn, err := server.connect()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(patience))
	if err != nil {
		return nil, err
	}
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, err
	}
	for left := stream.CachedInfo().State.Msgs; left > 0; {
		batch, err := consumer.Fetch(int(min(left, 1000)), jetstream.FetchMaxWait(patience))
		if err != nil {
			return nil, err
		}
		before := left
		for m := range batch.Messages() {
			list = append(list, &jetstream.RawStreamMsg{Subject: m.Subject(), Header: m.Headers(), Data: m.Data()})
			left--
		}
		if batch.Error() != nil || left == before {
			return nil, fmt.Errorf("reading stream %s: %v with %d messages left", name, batch.Error(), left)
		}
	}
	return list, nil
}

// TestMessage reads a message as a consumer does.
func TestMessage(t *testing.T) {
	server := sharedServer(t)
	for _, name := range []string{"envelope", "flat", "analytics", "tsv"} {
		c := config(server)
		c.Format, c.Subject = name, c.Stream+".{verdict}.x-{app_id}.{event_vendor}.{event_name}"
		s, e := opened(t, c), sinktest.Events(1, 2)[1]
		e.App = "shop\r\nEvil: 1.*.>"
		write(t, s, e)
		list := stored(t, server, c.Stream)
		if len(list) != 1 {
			t.Fatalf("%d messages, want 1", len(list))
		}
		m := list[0]
		if want := c.Stream + ".good.x-shop__Evil__1____.com_example.add_to_cart"; m.Subject != want {
			t.Errorf("the subject is %s, want %s", m.Subject, want)
		}
		text, err := s.format.Append(nil, e)
		if err != nil || !bytes.Equal(m.Data, text) {
			t.Errorf("%s: stored is %q, %v", name, m.Data, err)
		}
		for header, want := range map[string]string{"Nats-Msg-Id": e.ID + "-" + e.Fingerprint, "content-type": s.format.ContentType(),
			"verdict": "good", "schema": e.Schema, "Evil": ""} {
			if got := m.Header.Get(header); got != want {
				t.Errorf("header %s is %q, want %q", header, got, want)
			}
		}
		if got := m.Header.Get("app_id"); strings.ContainsAny(got, "\r\n") || !strings.HasPrefix(got, "shop") {
			t.Errorf("header app_id is %q", got)
		}
	}
}

func TestSubject(t *testing.T) {
	s, err := parseSubject("a.{verdict}.{app_id}.{event_vendor}.{event_name}")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		e    sinks.Event
		want string
	}{
		{sinks.Event{}, "a._._._._"},
		{sinks.Event{Verdict: "good", App: "shop-1", Schema: "iglu:com.acme/sale/jsonschema/1-0-0", Name: "sale"}, "a.good.shop-1.com_acme.sale"},
		{sinks.Event{Verdict: "failed", App: "$JS.API.>", Schema: "*"}, "a.failed._JS_API__._._"},
		{sinks.Event{App: "Zoë 日\x00\xff", Name: "x"}, "a._.Zo________._.x"},
		{sinks.Event{App: strings.Repeat("x", 500)}, "a._." + strings.Repeat("x", maxToken) + "._._"},
	} {
		got := string(s.Append(nil, &tt.e, appendToken))
		if strings.Count(got, ".") != 4 || strings.ContainsAny(got, "*> $\x00") {
			t.Errorf("%q is no subject of five tokens", got)
		}
		if tt.want != got && !strings.Contains(tt.e.App, "Zo") {
			t.Errorf("the subject is %q, want %q", got, tt.want)
		}
		if !covers(pattern(s), got) {
			t.Errorf("%q is beyond %q", got, pattern(s))
		}
	}
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		filter, pattern string
		want            bool
	}{
		{"a.b", "a.b", true}, {"a.*", "a.b", true}, {"a.*", "a.*", true}, {"a.>", "a.*.*", true}, {">", "a", true},
		{"a.b", "a.*", false}, {"a.>", "a", false}, {"a.*", "a.*.*", false}, {"a.*.*", "a.*", false}, {"b.>", "a.b", false}, {"*.b", "a.*", false},
	} {
		if got := covers(tt.filter, tt.pattern); got != tt.want {
			t.Errorf("%s covers %s: %v, want %v", tt.filter, tt.pattern, got, tt.want)
		}
	}
}

// TestRefusals has real servers refuse a batch. None is the events' fault, and
// none stores anything.
func TestRefusals(t *testing.T) {
	server := sharedServer(t)
	for _, tt := range []struct {
		name   string
		stream *jetstream.StreamConfig // nil: none
		change func(*Config)
		want   string
		check  string // if Check says something else
		gone   bool
		later  bool
	}{
		{name: "no stream", want: "no stream listens", check: "does not exist"},
		{name: "another stream", stream: &jetstream.StreamConfig{Name: "other-%s"}, want: "belong to another stream", check: "does not exist"},
		{name: "full", stream: &jetstream.StreamConfig{MaxMsgs: 1, Discard: jetstream.DiscardNew}, want: "stream is full", later: true, check: "full"},
		{name: "another subject", stream: &jetstream.StreamConfig{Subjects: []string{"%s.good.other"}}, want: "no stream listens", check: "add %s.*.*"},
		{name: "may not publish", stream: &jetstream.StreamConfig{}, change: func(c *Config) { c.User, c.Password = "mute", "pw" }, want: "may not publish", gone: true},
		{name: "may not hear", stream: &jetstream.StreamConfig{}, change: func(c *Config) { c.User, c.Password = "deaf", "pw" }, want: "_INBOX", gone: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, js := config(server), server.admin(t)
			c.Create = false
			if tt.change != nil {
				tt.change(&c)
			}
			if tt.stream != nil {
				set := *tt.stream
				if set.Name == "" {
					set.Name = c.Stream
				}
				if set.Subjects == nil {
					set.Subjects = []string{"%s.>"}
				}
				set.Name = strings.ReplaceAll(set.Name, "%s", c.Stream)
				set.Subjects = []string{strings.ReplaceAll(set.Subjects[0], "%s", c.Stream)}
				if _, err := js.CreateStream(t.Context(), set); err != nil {
					t.Fatal(err)
				}
				if set.Discard == jetstream.DiscardNew {
					if _, err := js.Publish(t.Context(), c.Stream+".x.y", nil); err != nil {
						t.Fatal(err)
					}
				}
			}
			s, events := opened(t, c), sinktest.Events(1, 20)
			err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
			var partial *sinks.BatchError
			if err == nil || sinks.IsPermanent(err) || errors.As(err, &partial) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Write gives %v, want %s", err, tt.want)
			}
			if errors.Is(err, sinks.ErrNotConnected) != tt.gone {
				t.Errorf("not connected: %v, want %v", !tt.gone, tt.gone)
			}
			if _, later := sinks.IsThrottled(err); later != tt.later {
				t.Errorf("throttled: %v, want %v", later, tt.later)
			}
			if err != nil && strings.Contains(err.Error(), "shop") {
				t.Errorf("Write quotes an event: %v", err)
			}
			want := tt.want
			if tt.check != "" {
				want = strings.ReplaceAll(tt.check, "%s", c.Stream)
			}
			if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Check gives %v, want %s", err, want)
			} else {
				t.Log(err)
			}
		})
	}
}

// TestGuilty: an event beyond the stream's max_msg_size is to blame alone.
func TestGuilty(t *testing.T) {
	server := sharedServer(t)
	c := config(server)
	c.Create = false
	if _, err := server.admin(t).CreateStream(t.Context(), jetstream.StreamConfig{Name: c.Stream, Subjects: []string{c.Stream + ".>"}, MaxMsgSize: 10_000}); err != nil {
		t.Fatal(err)
	}
	s, events := opened(t, c), sinktest.Events(1, 10)
	events[3] = sinktest.With(events[3], "page_title", strings.Repeat("x", 10_000))
	err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
	var partial *sinks.BatchError
	if !errors.As(err, &partial) || len(partial.Failed) != 1 || partial.Failed[0].Index != 3 || !partial.Failed[0].Permanent {
		t.Errorf("Write gives %v", err)
	}
	if n := len(stored(t, server, c.Stream)); n != 9 {
		t.Errorf("%d messages, want 9", n)
	}
}

// TestLeast connects as the user that the README describes.
func TestLeast(t *testing.T) {
	server := startServer(t, users)
	if _, err := server.admin(t).CreateStream(t.Context(), jetstream.StreamConfig{Name: "events", Subjects: []string{"events.>"}}); err != nil {
		t.Fatal(err)
	}
	c := config(server)
	c.Stream, c.Subject, c.Create, c.User, c.Password = "events", "events.{verdict}.{app_id}", false, "least", "pw"
	var log bytes.Buffer
	s := sink(t, c)
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	if err := s.Check(t.Context()); err != nil || !strings.Contains(log.String(), "STREAM.INFO.events") {
		t.Errorf("Check gives %v and logs %s", err, log.String())
	}
	write(t, opened(t, c), sinktest.Events(1, 10)...)
	if n := len(stored(t, server, "events")); n != 10 {
		t.Errorf("%d messages, want 10", n)
	}

	c.User, c.Password = "admin", "admin"
	log.Reset()
	s = sink(t, c)
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"one replica", "remembers events for 2m0s"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
	c.Password = "wrong"
	if err := sink(t, c).Open(t.Context()); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("Open with a wrong password gives %v", err)
	}
}

// TestHanging stops the server in its tracks and ends the context of a Write.
func TestHanging(t *testing.T) {
	server := startServer(t, users)
	s := opened(t, config(server))
	write(t, s, sinktest.Events(1, 1)...)
	if err := server.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	events := sinktest.Events(2, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if err := s.Write(ctx, sinks.Batch{ID: "b", Events: events}); !errors.Is(err, context.Canceled) {
		t.Errorf("Write gives %v", err)
	}
	s.config.Timeout = 10 * time.Millisecond
	s.Close(t.Context())
	if err := s.Open(t.Context()); err == nil {
		if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events}); !errors.Is(err, sinks.ErrNotConnected) {
			t.Errorf("Write without an answer gives %v", err)
		}
	}
}

func TestConfig(t *testing.T) {
	good := Config{Servers: []string{"nats://localhost:4222"}, Stream: "events", Subject: "events.{app_id}", Format: "envelope",
		Replicas: 3, Window: time.Hour, InFlight: 1, Timeout: time.Second}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"servers: required":   func(c *Config) { c.Servers = nil },
		"servers: write":      func(c *Config) { c.Servers = []string{"localhost:4222"} },
		"servers: move":       func(c *Config) { c.Servers = []string{"nats://weir:hunter2@localhost"} },
		"servers: one":        func(c *Config) { c.Servers = []string{"nats://a,nats://b"} },
		"user: needs":         func(c *Config) { c.User = "weir" },
		"cert: needs":         func(c *Config) { c.Key = "x" },
		"stream: ":            func(c *Config) { c.Stream = "a.b" },
		"subject: {event_id}": func(c *Config) { c.Subject = "a.{event_id}" },
		"subject: must be":    func(c *Config) { c.Subject = "" },
		"is empty":            func(c *Config) { c.Subject = "a..b" },
		"may hold":            func(c *Config) { c.Subject = "a.*" },
		"must begin":          func(c *Config) { c.Subject = "_INBOX.{app_id}" },
		"\"$JS\"":             func(c *Config) { c.Subject = "$JS" },
		"format: ":            func(c *Config) { c.Format = "xml" },
		"replicas: ":          func(c *Config) { c.Replicas = 2 },
		"window: ":            func(c *Config) { c.Window = 0 },
		"keep: ":              func(c *Config) { c.Keep = time.Minute },
		"max_bytes: ":         func(c *Config) { c.MaxBytes = -1 },
		"in_flight: ":         func(c *Config) { c.InFlight = 0 },
		"timeout: ":           func(c *Config) { c.Timeout = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Validate gives %v, want %q", err, want)
		}
	}
}
