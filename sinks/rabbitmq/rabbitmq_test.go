//go:build unix

package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/tidwall/gjson"

	"weir/edge/toolchain/need"
	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/rabbitmq/rabbittest"
	"weir/sinks/sinktest"
)

// shared is the one server of this package's tests, which takes long to start.
var shared struct {
	once   sync.Once
	server *rabbittest.Server
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s := shared.server; s != nil {
		if err := s.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// start returns the running server. On a machine without one the test is
// skipped by name, or fails if WEIR_REQUIRE asks for it.
func start(t testing.TB) *rabbittest.Server {
	t.Helper()
	program := need.Tool(t, "rabbitmq-server")
	shared.once.Do(func() { shared.server, shared.err = rabbittest.Launch(program) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// names counts the exchanges that tests made.
var names atomic.Int64

func TestKind(t *testing.T) { sinktest.RunKind(t, "rabbitmq") }

func TestSink(t *testing.T) { sinktest.Run(t, harness(start(t), amqp.QueueTypeClassic)) }

func harness(server *rabbittest.Server, queueType string) sinktest.Harness {
	crash := false // outages take turns
	return sinktest.Harness{Ordered: true, Shared: true, Start: func(t testing.TB) sinktest.Destination {
		place := newPlace(t, server, amqp.Table{amqp.QueueTypeArg: queueType})
		return sinktest.Destination{
			New:    func() sinks.Sink { return sink(t, server, func(c *Config) { c.Exchange = place.exchange }) },
			Stored: place.stored,
			Outage: func(t testing.TB, during func()) {
				if crash = !crash; crash {
					server.Crash(t, during)
				} else {
					server.Recess(t, during)
				}
			},
			Poison: func(t testing.TB, e sinks.Event) []sinks.Event {
				return append(sinktest.BrokenLines(t, e), sinktest.With(e, "page_title", strings.Repeat("x", rabbittest.Largest)))
			},
			Forbid: func(testing.TB) { place.exchange = "amq.topic" },
		}
	}}
}

// place is an exchange, and a queue that receives all of it.
type place struct {
	server   *rabbittest.Server
	exchange string
	queue    string
	got      []amqp.Delivery
}

func newPlace(t testing.TB, server *rabbittest.Server, queueArgs amqp.Table) *place {
	t.Helper()
	p := &place{server: server, exchange: fmt.Sprintf("test%d", names.Add(1))}
	p.queue = p.exchange
	channel := server.Channel(t)
	if err := channel.ExchangeDeclare(p.exchange, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := channel.QueueDeclare(p.queue, true, false, false, false, queueArgs); err != nil {
		t.Fatal(err)
	}
	if err := channel.QueueBind(p.queue, "#", p.exchange, false, nil); err != nil {
		t.Fatal(err)
	}
	channel.Close()
	return p
}

// messages takes what is in the queue so far.
func (p *place) messages(t testing.TB) []amqp.Delivery {
	t.Helper()
	channel := p.server.Channel(t)
	defer channel.Close()
	for {
		state, err := channel.QueueDeclarePassive(p.queue, true, false, false, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if state.Messages == 0 {
			return p.got
		}
		deliveries, err := channel.Consume(p.queue, "reader", false, false, false, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range state.Messages {
			m, ok := <-deliveries
			if !ok {
				t.Fatalf("the queue ended after %d messages", len(p.got))
			}
			if err := m.Ack(false); err != nil {
				t.Fatal(err)
			}
			p.got = append(p.got, m)
		}
		if err := channel.Cancel("reader", false); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *place) stored(t testing.TB) (list []sinktest.Stored) {
	t.Helper()
	for _, m := range p.messages(t) {
		list = append(list, sinktest.Stored{ID: gjson.GetBytes(m.Body, "event_id").Str, Object: m.Body})
	}
	return list
}

// sink is one that the writer uses, changed as the test wants it.
func sink(t testing.TB, server *rabbittest.Server, change func(*Config)) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("rabbitmq")
	c := kind.Config().(*Config)
	c.URL, c.MaxMessage = sinks.Secret(server.URL(rabbittest.Writer)), rabbittest.Largest
	change(c)
	s, err := kind.New(c, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

func open(t testing.TB, server *rabbittest.Server, change func(*Config)) *Sink {
	t.Helper()
	s := sink(t, server, change)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

// TestMessages looks at what consumers see of a message.
func TestMessages(t *testing.T) {
	server := start(t)
	p := newPlace(t, server, nil)
	e := sinktest.Events(1, 2)[1]
	e.App, e.Name = "a.b*c#d", "line\nfeed"
	for _, name := range format.Names {
		s := open(t, server, func(c *Config) {
			c.Exchange, c.Format, c.RoutingKey = p.exchange, name, "x.{app_id}.{event_vendor}.{event_name}.{verdict}"
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
		got := p.messages(t)
		m := got[len(got)-1]
		if string(m.Body) != string(want) || m.ContentType != f.ContentType() || m.DeliveryMode != amqp.Persistent {
			t.Errorf("%s: the message is %q of %s, mode %d", name, m.Body, m.ContentType, m.DeliveryMode)
		}
		if m.RoutingKey != "x.a_b_c_d.com_example.line_feed.good" {
			t.Errorf("the routing key is %q", m.RoutingKey)
		}
		if m.MessageId != e.ID || m.Headers["event_fingerprint"] != e.Fingerprint || m.Headers["schema"] != e.Schema || m.Headers["app_id"] != e.App || m.Timestamp.Unix() != e.Collected.Unix() {
			t.Errorf("id %q, time %v, headers %v", m.MessageId, m.Timestamp, m.Headers)
		}
	}
}

// failures are those of a BatchError, by index.
func failures(t *testing.T, err error) map[int]sinks.EventError {
	t.Helper()
	var partial *sinks.BatchError
	if !errors.As(err, &partial) {
		t.Fatalf("Write gives %v, want a *BatchError", err)
	}
	failed := map[int]sinks.EventError{}
	for _, f := range partial.Failed {
		failed[f.Index] = f
	}
	return failed
}

// TestUnroutable: an event that no queue receives has failed, until an operator binds one.
func TestUnroutable(t *testing.T) {
	server := start(t)
	p := newPlace(t, server, nil)
	channel := server.Channel(t)
	if err := errors.Join(channel.QueueUnbind(p.queue, "#", p.exchange, nil), channel.QueueBind(p.queue, "shop", p.exchange, false, nil)); err != nil {
		t.Fatal(err)
	}
	s := open(t, server, func(c *Config) { c.Exchange, c.RoutingKey, c.InFlight = p.exchange, "{app_id}", 7 })
	events := sinktest.Events(1, 50)
	want := []int{3, 4, 40}
	for _, i := range want {
		events[i].App = "other"
	}
	for range 3 {
		failed := failures(t, s.Write(t.Context(), sinks.Batch{Events: events}))
		if got := slices.Sorted(maps.Keys(failed)); !slices.Equal(got, want) {
			t.Errorf("failed are %v, want %v", got, want)
		}
		for _, f := range failed {
			if f.Permanent || !strings.Contains(f.Err.Error(), fmt.Sprintf("bind one to exchange %q for routing key \"other\"", p.exchange)) {
				t.Errorf("%+v", f)
			}
		}
	}
	if err := s.Write(t.Context(), sinks.Batch{Events: events[3:5]}); err == nil || sinks.IsPermanent(err) || !strings.Contains(err.Error(), "bind one") {
		t.Errorf("Write of nothing that is routed gives %v", err)
	}
	if err := channel.QueueBind(p.queue, "other", p.exchange, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), sinks.Batch{Events: events[3:5]}); err != nil {
		t.Errorf("Write gives %v after the queue was bound", err)
	}
	dropping := open(t, server, func(c *Config) { c.Exchange, c.RoutingKey, c.Mandatory = p.exchange, "nowhere", false })
	if err := dropping.Write(t.Context(), sinks.Batch{Events: events}); err != nil {
		t.Errorf("Write without mandatory gives %v", err)
	}
}

// TestFullQueue: a queue that takes no more refuses event by event.
func TestFullQueue(t *testing.T) {
	server := start(t)
	p := newPlace(t, server, amqp.Table{amqp.QueueMaxLenArg: 10, amqp.QueueOverflowArg: amqp.QueueOverflowRejectPublish})
	s := open(t, server, func(c *Config) { c.Exchange = p.exchange })
	failed := failures(t, s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 30)}))
	stored := p.stored(t)
	if len(failed) == 0 || len(stored) < 10 || len(stored)+len(failed) != 30 {
		t.Errorf("%d failed, %d are stored", len(failed), len(stored))
	}
	for i, f := range failed {
		if f.Permanent || !strings.Contains(f.Err.Error(), "nack") {
			t.Errorf("event %d: %+v", i, f)
		}
	}
}

// TestLargest: the broker closes the channel over a message that is too large,
// and says how large one may be. The guilty is told apart even so, and the next
// is not sent.
func TestLargest(t *testing.T) {
	server := start(t)
	p := newPlace(t, server, nil)
	s := open(t, server, func(c *Config) { c.Exchange, c.MaxMessage = p.exchange, 16<<20 })
	events := sinktest.Events(1, 20)
	events[11] = sinktest.With(events[11], "page_title", strings.Repeat("x", rabbittest.Largest))
	rest := events
	failed := failures(t, s.Write(t.Context(), sinks.Batch{Events: events}))
	if f := failed[11]; !f.Permanent || !strings.Contains(f.Err.Error(), fmt.Sprint(rabbittest.Largest)) {
		t.Errorf("the guilty event: %+v", f)
	}
	var left []sinks.Event
	for i, e := range rest {
		if f, ok := failed[i]; ok && !f.Permanent {
			left = append(left, e)
		} else if ok && i != 11 {
			t.Errorf("event %d: %+v", i, f)
		}
	}
	if len(left) > 0 {
		if err := s.Write(t.Context(), sinks.Batch{Events: left}); !errors.Is(err, sinks.ErrNotConnected) {
			t.Fatalf("Write on a closed channel gives %v", err)
		}
		if err := errors.Join(s.Open(t.Context()), s.Write(t.Context(), sinks.Batch{Events: left})); err != nil {
			t.Fatal(err)
		}
	}
	// Confirmations that were under way when the channel closed are lost, and
	// what they were for is sent again.
	stored := map[string]bool{}
	for _, s := range p.stored(t) {
		stored[s.ID] = true
	}
	if len(stored) != 19 || stored[events[11].ID] {
		t.Errorf("%d events are stored, want 19; the guilty one: %v", len(stored), stored[events[11].ID])
	}
	if failed := failures(t, s.Write(t.Context(), sinks.Batch{Events: events})); len(failed) != 1 || !failed[11].Permanent {
		t.Errorf("with the limit known, failed are %v", failed)
	}
}

// TestBlocked: while an alarm is on the sink waits for its end, and sends no more.
func TestBlocked(t *testing.T) {
	server := start(t)
	p := newPlace(t, server, nil)
	s := open(t, server, func(c *Config) { c.Exchange = p.exchange })
	if err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 5)}); err != nil {
		t.Fatal(err)
	}
	server.Eval(t, "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []})", server.Blocks(t))
	over := false
	clear := func(done func() bool) {
		over = true
		server.Eval(t, "rabbit_alarm:clear_alarm({resource_limit, memory, node()})", done)
	}
	defer func() {
		if !over {
			clear(func() bool { return true })
		}
	}()
	events := sinktest.Events(2, 200)
	for range 3 {
		err := s.Write(t.Context(), sinks.Batch{Events: events})
		if _, throttled := sinks.IsThrottled(err); !throttled || errors.Is(err, sinks.ErrNotConnected) || !strings.Contains(err.Error(), "alarm") {
			t.Fatalf("Write gives %v", err)
		}
	}
	blocked := s.conn.block()
	clear(func() bool { return s.conn.block() != blocked })
	if err := s.Write(t.Context(), sinks.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	got := p.stored(t)
	for _, x := range got {
		ids[x.ID] = true
	}
	if len(ids) != 205 || len(got) > 205+200 {
		t.Errorf("%d events are stored, %d of them different; want 205, sent again once at most", len(got), len(ids))
	}
}

// TestQueue declares one of each type, twice, and finds it again.
func TestQueue(t *testing.T) {
	server := start(t)
	for _, queueType := range []string{"quorum", "classic"} {
		p := newPlace(t, server, nil)
		p.queue = "test-" + queueType
		with := func(c *Config) {
			c.URL, c.Exchange, c.Queue, c.QueueType, c.Binding = sinks.Secret(server.URL(rabbittest.Owner)), p.exchange, p.queue, queueType, "good.#"
			c.RoutingKey = "{verdict}.{app_id}"
		}
		if err := sink(t, server, with).Check(t.Context()); err != nil {
			t.Errorf("Check before the queue is there: %v", err)
		}
		for n := range 2 {
			s := open(t, server, with)
			if err := errors.Join(s.Check(t.Context()), s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(uint64(n), 10)})); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.stored(t); len(got) != 20 {
			t.Errorf("%s: %d events are stored, want 20", queueType, len(got))
		}
		other := sink(t, server, func(c *Config) {
			with(c)
			c.QueueType = map[string]string{"quorum": "classic", "classic": "quorum"}[queueType]
		})
		if err := other.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "differ") {
			t.Errorf("Open with another type gives %v", err)
		}
	}
	direct := open(t, server, func(c *Config) {
		c.URL, c.Exchange, c.Queue, c.RoutingKey = sinks.Secret(server.URL(rabbittest.Owner)), "", "test-direct", "test-direct"
	})
	if err := errors.Join(direct.Check(t.Context()), direct.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 10)})); err != nil {
		t.Error(err)
	}
}

// TestExchange: one that is missing is named, when the sink opens and when it goes away later.
func TestExchange(t *testing.T) {
	server := start(t)
	for call, err := range map[string]error{
		"Open":  sink(t, server, func(c *Config) { c.Exchange = "test-missing" }).Open(t.Context()),
		"Check": sink(t, server, func(c *Config) { c.Exchange = "test-missing" }).Check(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), "test-missing") || !strings.Contains(err.Error(), "create the exchange") {
			t.Errorf("%s gives %v", call, err)
		}
	}
	p := newPlace(t, server, nil)
	s := open(t, server, func(c *Config) { c.Exchange = p.exchange })
	if err := server.Channel(t).ExchangeDelete(p.exchange, false, false); err != nil {
		t.Fatal(err)
	}
	err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 10)})
	if !errors.Is(err, sinks.ErrNotConnected) || !strings.Contains(err.Error(), "create the exchange") {
		t.Errorf("Write gives %v", err)
	}
	forbidden := open(t, server, func(c *Config) { c.Exchange = "amq.topic" })
	err = forbidden.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 10)})
	if !errors.Is(err, sinks.ErrNotConnected) || !strings.Contains(err.Error(), "set_permissions") {
		t.Errorf("Write without permission gives %v", err)
	}
}

func TestTLS(t *testing.T) {
	server := start(t)
	p := newPlace(t, server, nil)
	whole := func(c *Config) {
		c.URL, c.Exchange = sinks.Secret(fmt.Sprintf("amqps://%s:%s@127.0.0.1:%d/", rabbittest.Writer, rabbittest.Password, server.Secure)), p.exchange
		c.CA, c.Cert, c.Key = server.Path("ca.pem"), server.Path("client.pem"), server.Path("client.key")
	}
	s := open(t, server, whole)
	if err := errors.Join(s.Check(t.Context()), s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 200)})); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){ // the broker answers those it does not know after a pause
		"an unknown authority":  func(c *Config) { c.CA = "" },
		"no certificate":        func(c *Config) { c.Cert, c.Key = "", "" },
		"a file that is none":   func(c *Config) { c.CA = server.Path("enabled_plugins") },
		"a file that is absent": func(c *Config) { c.Cert = server.Path("nothing") },
		"a wrong password": func(c *Config) {
			c.URL = sinks.Secret(strings.Replace(server.URL(rabbittest.Writer), rabbittest.Password, "canary", 1))
		},
		"no vhost": func(c *Config) { c.URL = sinks.Secret(server.URL(rabbittest.Writer) + "nothing") },
	} {
		for call, do := range map[string]func(*Sink) error{
			"Open":  func(s *Sink) error { return s.Open(context.Background()) },
			"Check": func(s *Sink) error { return s.Check(context.Background()) },
		} {
			t.Run(name+", "+call, func(t *testing.T) {
				t.Parallel()
				err := do(sink(t, server, func(c *Config) { whole(c); spoil(c) }))
				if err == nil || strings.Contains(err.Error(), rabbittest.Password) || strings.Contains(err.Error(), "canary") {
					t.Errorf("%s gives %v", call, err)
				}
			})
		}
	}
}

func TestValidate(t *testing.T) {
	good := func() *Config {
		kind, _ := sinks.Lookup("rabbitmq")
		c := kind.Config().(*Config)
		c.URL = "amqps://u:p@rabbit.example.com"
		return c
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	faults := map[string]func(*Config){
		"url: required":                     func(c *Config) { c.URL = "" },
		"url: not a URL of amqp":            func(c *Config) { c.URL = "https://canary" },
		"url: its query":                    func(c *Config) { c.URL += "?cacertfile=/canary" },
		"cert, key: ":                       func(c *Config) { c.Key = "x" },
		"exchange: ":                        func(c *Config) { c.Exchange = strings.Repeat("x", 256) },
		"queue: not a name":                 func(c *Config) { c.Queue = "a\nb" },
		"queue: names that begin":           func(c *Config) { c.Queue = "amq.x" },
		"binding: ":                         func(c *Config) { c.Binding = "a\x00b" },
		"routing_key: {user_id} is none of": func(c *Config) { c.RoutingKey = "a.{user_id}.b" },
		"routing_key: {app is none of":      func(c *Config) { c.RoutingKey = "a.{app" },
		"routing_key: a } without":          func(c *Config) { c.RoutingKey = "a}" },
		"routing_key: at most":              func(c *Config) { c.RoutingKey = strings.Repeat("{app_id}", 5) },
		"routing_key: not text":             func(c *Config) { c.RoutingKey = "\xff" },
		"queue_type: ":                      func(c *Config) { c.QueueType = "stream" },
		"format: ":                          func(c *Config) { c.Format = "xml" },
		"max_message: ":                     func(c *Config) { c.MaxMessage = 0 },
		"in_flight: ":                       func(c *Config) { c.InFlight = 65536 },
	}
	for _, key := range slices.Sorted(maps.Keys(faults)) {
		c := good()
		faults[key](c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "canary") {
			t.Errorf("want an error with %q, got %v", key, err)
		}
	}
}
