//go:build unix

package mqtt

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/sinktest"
	"weir/sinks/sinktest/daemon"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "mqtt") }

func TestSink(t *testing.T) {
	server := start(t)
	for _, qos := range []int{1, 2} {
		t.Run(fmt.Sprintf("QoS %d", qos), func(t *testing.T) { sinktest.Run(t, harness(server, qos)) })
	}
}

func harness(server *mosquitto, qos int) sinktest.Harness {
	return sinktest.Harness{Ordered: true, Shared: true, Start: func(t testing.TB) sinktest.Destination {
		r, user := subscribe(t, server), writer
		return sinktest.Destination{
			New: func() sinks.Sink {
				return sink(t, server, func(c *Config) { c.User, c.QoS, c.Topic = user, qos, r.prefix+"/{verdict}/{app_id}/{event_name}" })
			},
			Stored: r.stored,
			Outage: server.outage,
			Poison: func(t testing.TB, e sinks.Event) []sinks.Event {
				return append(sinktest.BrokenLines(t, e), sinktest.With(e, "page_title", strings.Repeat("x", largest)))
			},
			Forbid: func(testing.TB) { user = limited },
		}
	}}
}

// sink is one that writer uses, changed as the test wants it.
func sink(t testing.TB, server *mosquitto, change func(*Config)) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("mqtt")
	c := kind.Config().(*Config)
	c.Servers, c.User, c.Password = []string{server.url()}, writer, password
	change(c)
	s, err := kind.New(c, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

func open(t testing.TB, server *mosquitto, change func(*Config)) *Sink {
	t.Helper()
	s := sink(t, server, change)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

// TestMessages looks at what subscribers see of a message.
func TestMessages(t *testing.T) {
	server := start(t)
	r := subscribe(t, server)
	e := sinktest.Events(1, 2)[1]
	e.Name, e.App = "a/b+c#d\x00e", "$SYS"
	for _, name := range format.Names {
		s := open(t, server, func(c *Config) {
			c.Topic, c.Format, c.Expiry = r.prefix+"/{app_id}/{event_vendor}/{event_name}/{verdict}", name, time.Hour
		})
		if err := s.Write(t.Context(), sinks.Batch{Events: []sinks.Event{e}}); err != nil {
			t.Fatal(err)
		}
		f, err := format.New(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := f.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		got := r.messages(t)
		m := got[len(got)-1]
		if string(m.Payload) != string(want) || m.Properties.ContentType != f.ContentType() {
			t.Errorf("%s: the message is %q of %s", name, m.Payload, m.Properties.ContentType)
		}
		if topic := r.prefix + "/$SYS/com.example/a_b_c_d_e/good"; m.Topic != topic {
			t.Errorf("the topic is %q, want %q", m.Topic, topic)
		}
		p := m.Properties
		if p.MessageExpiry == nil || *p.MessageExpiry == 0 || *p.MessageExpiry > 3600 || p.PayloadFormat == nil || *p.PayloadFormat != 1 {
			t.Errorf("expiry %v, payload format %v", p.MessageExpiry, p.PayloadFormat)
		}
		if p.User.Get("event_id") != e.ID || p.User.Get("event_fingerprint") != e.Fingerprint || p.User.Get("schema") != e.Schema {
			t.Errorf("the properties are %v", p.User)
		}
	}
}

func TestRetain(t *testing.T) {
	server := start(t)
	prefix := subscribe(t, server).prefix // and nobody else's
	s := open(t, server, func(c *Config) { c.Topic, c.Retain = prefix+"/{app_id}", true })
	events := sinktest.Events(1, 3)
	if err := s.Write(t.Context(), sinks.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	late := &subscriber{server: server, id: "late", prefix: prefix}
	got := make(chan *paho.Publish, 10)
	client := late.connect(t, true, func(p *paho.Publish) { got <- p })
	defer client.Disconnect(&paho.Disconnect{})
	if _, err := client.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: prefix + "/#", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	if m := <-got; string(m.Payload) != string(events[2].Envelope) || !m.Retain {
		t.Errorf("a late subscriber gets %q", m.Payload)
	}
}

// TestNobodyListens: that no subscription matches is the broker's business.
func TestNobodyListens(t *testing.T) {
	s := open(t, start(t), func(c *Config) { c.Topic = "test/nobody" })
	if err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 5)}); err != nil {
		t.Error(err)
	}
}

// TestRefusals: what the broker refuses is told apart event by event, although
// Mosquitto 2.0 hangs up after each. A missing permission can be cured, a
// message that is too large cannot.
func TestRefusals(t *testing.T) {
	server := startWith(t, "message_size_limit 20000")
	for _, qos := range []int{1, 2} {
		r := subscribe(t, server)
		s := open(t, server, func(c *Config) { c.QoS, c.Topic = qos, "{app_id}/"+strings.TrimPrefix(r.prefix, "test/") })
		events := sinktest.Events(1, 100)
		for i := range events {
			events[i].App = "test"
		}
		events[20].App, events[21].App = "elsewhere", "elsewhere"
		events[60] = sinktest.With(events[60], "page_title", strings.Repeat("x", 20000))
		refused := deliver(t, s, events)
		for i, want := range map[int]reason{20: notAuthorized, 21: notAuthorized, 60: tooLarge} {
			if f, ok := refused[i]; !ok || !errors.Is(f.Err, want) || f.Permanent != (want == tooLarge) {
				t.Errorf("event %d: %+v, want %v", i, f, want)
			}
			delete(refused, i)
		}
		if len(refused) > 0 {
			t.Errorf("refused are besides: %v", refused)
		}
		ids := map[string]bool{}
		for _, x := range r.stored(t) {
			ids[x.ID] = true
		}
		if len(ids) != 97 {
			t.Errorf("%d events got through, want 97", len(ids))
		}
	}
}

// TestAllRefused: when nothing gets through it is no event's fault.
func TestAllRefused(t *testing.T) {
	s := open(t, start(t), func(c *Config) { c.User, c.Topic = limited, "test/x" })
	err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)})
	var partial *sinks.BatchError
	if err == nil || errors.As(err, &partial) || sinks.IsPermanent(err) || !strings.Contains(err.Error(), "allow this user to publish") {
		t.Errorf("Write gives %v", err)
	}
}

// deliver writes until every event is stored or refused for a reason of its own,
// as delivery does, and returns the refused.
func deliver(t *testing.T, s *Sink, events []sinks.Event) map[int]sinks.EventError {
	t.Helper()
	refused, rest := map[int]sinks.EventError{}, make([]int, len(events))
	for i := range rest {
		rest[i] = i
	}
	for range 400 {
		batch := make([]sinks.Event, len(rest))
		for n, i := range rest {
			batch[n] = events[i]
		}
		err := s.Write(t.Context(), sinks.Batch{Events: batch})
		var partial *sinks.BatchError
		switch {
		case err == nil:
			return refused
		case errors.Is(err, sinks.ErrNotConnected):
			if err := s.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
		case errors.As(err, &partial):
			var left []int
			for _, f := range partial.Failed {
				if errors.Is(f.Err, sinks.ErrNotConnected) {
					left = append(left, rest[f.Index])
				} else {
					refused[rest[f.Index]] = f
				}
			}
			rest = left
		default: // nothing of the batch got through: alone, each shows what it is
			for _, i := range rest {
				err := s.Write(t.Context(), sinks.Batch{Events: events[i : i+1]})
				for range 400 {
					if !errors.Is(err, sinks.ErrNotConnected) {
						break
					}
					err = errors.Join(s.Open(t.Context()), s.Write(t.Context(), sinks.Batch{Events: events[i : i+1]}))
				}
				if errors.As(err, &partial) {
					refused[i] = partial.Failed[0]
				} else if err != nil {
					refused[i] = sinks.EventError{Err: err}
				}
			}
			return refused
		}
	}
	t.Fatalf("%d events are left after 400 tries", len(rest))
	return nil
}

// TestLimits holds the sink to what the broker announces.
func TestLimits(t *testing.T) {
	server := startWith(t, "max_inflight_messages 3\nmax_packet_size 20000\nretain_available false\nmax_qos 1")
	r := subscribe(t, server)
	s := open(t, server, func(c *Config) { c.Topic = r.prefix })
	if s.conn.window != 3 || s.conn.largest != 20000 {
		t.Errorf("window %d, largest %d", s.conn.window, s.conn.largest)
	}
	events := sinktest.Events(1, 50)
	events[7] = sinktest.With(events[7], "page_title", strings.Repeat("x", 20000))
	err := s.Write(t.Context(), sinks.Batch{Events: events})
	var partial *sinks.BatchError
	if !errors.As(err, &partial) || len(partial.Failed) != 1 || partial.Failed[0].Index != 7 || !partial.Failed[0].Permanent {
		t.Errorf("Write gives %v", err)
	}
	if got := r.messages(t); len(got) != 49 {
		t.Errorf("%d messages got through, want 49", len(got))
	}
	for want, change := range map[string]func(*Config){
		"set retain: false": func(c *Config) { c.Retain = true },
		"allows qos 1":      func(c *Config) { c.QoS = 2 },
	} {
		s := sink(t, server, func(c *Config) { c.Topic = r.prefix; change(c) })
		for name, err := range map[string]error{"Open": s.Open(t.Context()), "Check": s.Check(t.Context())} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s gives %v, want %q", name, err, want)
			}
		}
	}
}

// TestLargestPacket sends a message of exactly the size that the broker takes.
func TestLargestPacket(t *testing.T) {
	server := startWith(t, "max_packet_size 20000")
	s := open(t, server, func(c *Config) { c.Topic = "test" })
	e := sinktest.Events(1, 1)[0]
	for pad, failed := 20000-packetSize(t, s, sinktest.With(e, "page_title", "")), 0; failed < 2; pad++ {
		e := sinktest.With(e, "page_title", strings.Repeat("x", pad))
		err := s.Write(t.Context(), sinks.Batch{Events: []sinks.Event{e}})
		if over := packetSize(t, s, e) > 20000; over != (err != nil) || errors.Is(err, sinks.ErrNotConnected) {
			t.Fatalf("a packet of %d bytes gives %v", packetSize(t, s, e), err)
		} else if over {
			failed++
		}
	}
}

func packetSize(t *testing.T, s *Sink, e sinks.Event) int {
	m, err := s.message(&e)
	if err != nil {
		t.Fatal(err)
	}
	return size(m)
}

// TestTakenOver: of two clients of one name the broker hangs up on the first.
// Check is not one of them.
func TestTakenOver(t *testing.T) {
	server := start(t)
	named := func(c *Config) { c.ClientID, c.Topic = "twin", "test/twin" }
	first := open(t, server, named)
	if err := first.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)}); err != nil {
		t.Fatal(err)
	}
	open(t, server, named)
	<-first.conn.lost
	if err := first.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)}); !errors.Is(err, sinks.ErrNotConnected) {
		t.Errorf("Write gives %v", err)
	}
}

func TestServersInTurn(t *testing.T) {
	server := start(t)
	port, err := daemon.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, server, func(c *Config) {
		c.Servers, c.Topic = append([]string{fmt.Sprintf("mqtt://127.0.0.1:%d", port)}, c.Servers...), "test/second"
	})
	if err := errors.Join(s.Check(t.Context()), s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)})); err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	server := start(t)
	whole := func(c *Config) {
		c.Servers, c.Topic = []string{fmt.Sprintf("mqtts://127.0.0.1:%d", server.secure)}, "test/tls"
		c.CA, c.Cert, c.Key = server.path("ca.pem"), server.path("client.pem"), server.path("client.key")
	}
	s := open(t, server, whole)
	if err := errors.Join(s.Check(t.Context()), s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 200)})); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){
		"an unknown authority":  func(c *Config) { c.CA = "" },
		"no certificate":        func(c *Config) { c.Cert, c.Key = "", "" },
		"a file that is none":   func(c *Config) { c.CA = server.path("acl") },
		"a file that is absent": func(c *Config) { c.Cert = server.path("nothing") },
		"plain text":            func(c *Config) { c.Servers = []string{strings.Replace(c.Servers[0], "mqtts", "mqtt", 1)} },
	} {
		s := sink(t, server, func(c *Config) { whole(c); spoil(c) })
		for call, err := range map[string]error{"Open": s.Open(t.Context()), "Check": s.Check(t.Context())} {
			if err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("%s: %s gives %v", name, call, err)
			}
		}
		s.Close(t.Context())
	}
}

func TestCredentials(t *testing.T) {
	s := sink(t, start(t), func(c *Config) { c.Password = "canary" })
	for call, err := range map[string]error{"Open": s.Open(t.Context()), "Check": s.Check(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "not authorized") && !strings.Contains(err.Error(), "bad user name") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s gives %v", call, err)
		}
	}
}

func TestValidate(t *testing.T) {
	good := func() *Config {
		kind, _ := sinks.Lookup("mqtt")
		c := kind.Config().(*Config)
		c.Servers = []string{"mqtts://broker.example.com"}
		return c
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	faults := map[string]func(*Config){
		"servers: required":                func(c *Config) { c.Servers = nil },
		"servers[0]: not a URL of mqtt":    func(c *Config) { c.Servers = []string{"tcp://canary:1883"} },
		"servers[1]: move user":            func(c *Config) { c.Servers = append(c.Servers, "mqtt://u:canary@host") },
		"servers[0]: a URL of a broker":    func(c *Config) { c.Servers[0] += "/canary" },
		"client_id: ":                      func(c *Config) { c.ClientID = "a\x00b" },
		"user: ":                           func(c *Config) { c.User = "\xff" },
		"password: ":                       func(c *Config) { c.Password = "canary" },
		"cert, key: ":                      func(c *Config) { c.Cert = "x" },
		"topic: required":                  func(c *Config) { c.Topic = "" },
		"topic: + and #":                   func(c *Config) { c.Topic = "a/+" },
		"topic: topics that begin with $":  func(c *Config) { c.Topic = "$SYS/{app_id}" },
		"topic: not text":                  func(c *Config) { c.Topic = "a\x00" },
		"topic: {user_id} is none of":      func(c *Config) { c.Topic = "a/{user_id}/b" },
		"topic: {app is none of":           func(c *Config) { c.Topic = "a/{app" },
		"topic: a } without":               func(c *Config) { c.Topic = "a}/{app_id}" },
		"qos: 0 is acknowledged by nobody": func(c *Config) { c.QoS = 0 },
		"qos: 3 is neither":                func(c *Config) { c.QoS = 3 },
		"expiry: ":                         func(c *Config) { c.Expiry = 1500 * time.Millisecond },
		"format: ":                         func(c *Config) { c.Format = "xml" },
		"in_flight: ":                      func(c *Config) { c.InFlight = 65536 },
	}
	for _, key := range slices.Sorted(maps.Keys(faults)) {
		c := good()
		faults[key](c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "canary") {
			t.Errorf("want an error with %q, got %v", key, err)
		}
	}
}
