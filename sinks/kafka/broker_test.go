//go:build unix

package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kadm"

	"weir/sinks"
	"weir/sinks/kafka/kafkatest"
	"weir/sinks/sinktest"
)

// onBroker is what is tested on a real broker beside the suite, and at the same time.
var onBroker = map[string]func(*testing.T, *kafkatest.Cluster){
	"record": record, "order by key": orderByKey, "order around the guilty": orderAroundGuilty, "template": templated, "create": create,
	"logins": logins, "TLS": encrypted, "least privilege": leastPrivilege, "compacted": compacted,
	"topic deleted": topicDeleted, "answer lost": answerLost, "answers lost for long": answersLost,
	"writes at a time": writesAtATime, "compressions": compressions, "certificate renewed": certificateRenewed,
}

func write(t *testing.T, s *Sink, events []sinks.Event) {
	t.Helper()
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events}); err != nil {
		t.Fatal(err)
	}
}

// record looks at all that a record has.
func record(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 1, 1), Format: "tsv"}
	e := sinktest.Events(1, 2)[1]
	before := time.Now().Truncate(time.Millisecond)
	write(t, open(t, config), []sinks.Event{e, sinktest.With(e, "app_id", nil)})
	all := records(t, c, config.Topic)
	if len(all) != 2 {
		t.Fatalf("%d records", len(all))
	}
	r := all[0]
	if string(r.Key) != e.ID {
		t.Errorf("the key is %q", r.Key)
	}
	if r.Timestamp.Before(before) || r.Timestamp.After(time.Now()) {
		t.Errorf("the timestamp is %s", r.Timestamp)
	}
	if columns := strings.Split(string(r.Value), "\t"); len(columns) != 131 || columns[6] != e.ID {
		t.Errorf("the value is no enriched event: %.200q", r.Value)
	}
	var got []string
	for _, h := range r.Headers {
		got = append(got, h.Key+"="+string(h.Value))
	}
	want := []string{"event_id=" + e.ID, "event_fingerprint=" + e.Fingerprint, "schema=iglu:com.example/add_to_cart/jsonschema/1-0-2",
		"app_id=shop", "verdict=good", "content-type=text/tab-separated-values"}
	if !slices.Equal(got, want) {
		t.Errorf("headers %q, want %q", got, want)
	}
}

// orderByKey: the events of a visitor are in one partition, as they were written.
func orderByKey(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 6, 1), Key: "domain_userid"}
	s, events := open(t, config), sinktest.Events(1, 600)
	for i := 0; i < len(events); i += 75 {
		write(t, s, events[i:i+75])
	}
	want := map[string][]string{}
	for _, e := range events {
		visitor := gjson.GetBytes(e.Envelope, "domain_userid").Str
		want[visitor] = append(want[visitor], e.ID)
	}
	got, in, used := map[string][]string{}, map[string]int32{}, map[int32]bool{}
	for _, r := range records(t, c, config.Topic) {
		visitor := string(r.Key)
		if p, ok := in[visitor]; ok && p != r.Partition {
			t.Fatalf("key %s is in partitions %d and %d", visitor, p, r.Partition)
		}
		in[visitor], used[r.Partition] = r.Partition, true
		got[visitor] = append(got[visitor], gjson.GetBytes(r.Value, "event_id").Str)
	}
	if len(used) != 6 {
		t.Errorf("%d of 6 partitions are used", len(used))
	}
	for visitor, ids := range want {
		if !slices.Equal(got[visitor], ids) {
			t.Errorf("events of %s are stored as %v, written were %v", visitor, got[visitor], ids)
		}
	}
}

// orderAroundGuilty: what is sent again to find the guilty stays in order.
func orderAroundGuilty(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 1, 1)}
	s, events := open(t, config), sinktest.Events(1, 200)
	c.Alter(t, config.Topic, "max.message.bytes", "60000")
	var want []string
	for i, e := range events {
		if i%37 == 5 {
			events[i] = sinktest.With(e, "page_title", noise(100_000))
		} else {
			want = append(want, e.ID)
		}
	}
	err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
	var some *sinks.BatchError
	if !errors.As(err, &some) || len(some.Failed) != len(events)-len(want) {
		t.Fatalf("Write gives %v", err)
	}
	var got []string
	for _, x := range stored(t, c, config.Topic) {
		got = append(got, x.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("stored are %d events, in another order than the %d written", len(got), len(want))
	}
}

// templated: topics are those configured, whatever events say.
func templated(t *testing.T, c *kafkatest.Cluster) {
	shop, other := c.Topic(t, 1, 1), c.Topic(t, 1, 1)
	prefix, _, _ := strings.Cut(shop, "-")
	config := Config{Brokers: c.Brokers(), Topic: prefix + "-{app_id}", Topics: []string{shop}}
	app := func(e sinks.Event, app string) sinks.Event {
		e = sinktest.With(e, "app_id", app)
		e.App = app
		return e
	}
	events := sinktest.Events(1, 4)
	number := strings.TrimPrefix(shop, prefix+"-")
	batch := []sinks.Event{app(events[0], number), app(events[1], "../"+number), app(events[2], "nobody"), app(events[3], "")}

	err := open(t, config).Write(t.Context(), sinks.Batch{ID: "b", Events: batch})
	var some *sinks.BatchError
	if !errors.As(err, &some) || len(some.Failed) != 3 || some.Failed[0].Index != 1 || !some.Failed[0].Permanent || strings.Contains(err.Error(), "nobody") {
		t.Errorf("Write gives %v", err)
	}
	config.Fallback = other
	write(t, open(t, config), batch)
	if n := len(records(t, c, shop)); n != 2 {
		t.Errorf("%d events in the listed topic, want 2", n)
	}
	if n := len(records(t, c, other)); n != 3 {
		t.Errorf("%d events in the fallback, want 3", n)
	}
}

// create: topics are made when asked for, by whichever host is first.
func create(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Name()}
	for what, f := range map[string]func(context.Context) error{"Open": sink(t, config).Open, "Check": sink(t, config).Check} {
		if err := f(t.Context()); err == nil || !strings.Contains(err.Error(), "create: true") {
			t.Errorf("%s of a missing topic gives %v", what, err)
		}
	}
	config.Create, config.Partitions = true, 3
	if err := sink(t, config).Check(t.Context()); err != nil {
		t.Errorf("Check gives %v", err)
	}
	config.Replication = 2
	if err := sink(t, config).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "INVALID_REPLICATION_FACTOR") {
		t.Errorf("Check with more replicas than brokers gives %v", err)
	}
	config.Replication = 1
	if d, err := c.Admin().ListTopics(t.Context(), config.Topic); err != nil || d.Has(config.Topic) {
		t.Errorf("Check left %v, %v", d, err)
	}
	events := sinktest.Events(1, 6)
	var wait sync.WaitGroup
	for i := range events {
		s := sink(t, config)
		wait.Go(func() {
			if err := errors.Join(s.Open(t.Context()), s.Write(t.Context(), sinks.Batch{ID: "b", Events: events[i : i+1]}), s.Close(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	d, err := c.Admin().ListTopics(t.Context(), config.Topic)
	if err != nil || len(d[config.Topic].Partitions) != 3 {
		t.Errorf("created was %v, %v", d, err)
	}
	if n := len(records(t, c, config.Topic)); n != len(events) {
		t.Errorf("%d events are stored", n)
	}
	migrated := sink(t, Config{Brokers: c.Brokers(), Topic: c.Name()})
	for range 2 {
		if err := errors.Join(migrated.Migrate(t.Context()), migrated.Check(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

// allow gives a user permissions on a topic.
func allow(t *testing.T, c *kafkatest.Cluster, user, topic string, operations ...kadm.ACLOperation) {
	t.Helper()
	results, err := c.Admin().CreateACLs(t.Context(), kadm.NewACLs().Allow("User:"+user).AllowHosts().Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral).Operations(operations...))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// logins: each mechanism, and each with a wrong password, which is not shown.
func logins(t *testing.T, c *kafkatest.Cluster) {
	topic := c.Topic(t, 1, 1)
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		made, err := c.Admin().AlterUserSCRAMs(t.Context(), nil, []kadm.UpsertSCRAM{{User: kafkatest.Writer, Mechanism: m, Iterations: 4096, Password: kafkatest.Writer}})
		if err != nil || made.Error() != nil {
			t.Fatal(err, made.Error())
		}
	}
	allow(t, c, kafkatest.Writer, topic, kadm.OpWrite, kadm.OpDescribe)
	for i, m := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		config := Config{Brokers: c.SASL(), Topic: topic, SASL: SASL{Mechanism: m, User: kafkatest.Writer, Password: kafkatest.Writer}}
		eventually(t, func() error { return sink(t, config).Check(t.Context()) }) // credentials reach a broker in a moment
		write(t, open(t, config), sinktest.Events(uint64(i), 1))
		config.SASL.Password = "hunter2"
		for what, f := range map[string]func(context.Context) error{"Open": sink(t, config).Open, "Check": sink(t, config).Check} {
			if err := f(t.Context()); err == nil || !strings.Contains(err.Error(), "sasl") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s by %s with a wrong password gives %v", what, m, err)
			}
		}
	}
	if n := len(records(t, c, topic)); n != 3 {
		t.Errorf("%d events are stored", n)
	}
}

func eventually(t *testing.T, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func encrypted(t *testing.T, c *kafkatest.Cluster) {
	files := c.Files()
	config := Config{Brokers: c.TLS(), Topic: c.Topic(t, 1, 1), TLS: TLS{CA: files.CA, Cert: files.Cert, Key: files.Key}}
	if err := sink(t, config).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, open(t, config), sinktest.Events(1, 3))
	if n := len(records(t, c, config.Topic)); n != 3 {
		t.Errorf("%d events are stored", n)
	}
	config.Timeout = time.Second
	for what, settings := range map[string]TLS{
		"an unknown authority":  {Enabled: true, Cert: files.Cert, Key: files.Key},
		"no client certificate": {CA: files.CA},
		"another name":          {CA: files.CA, Cert: files.Cert, Key: files.Key, ServerName: "kafka.example.com"},
		"a missing file":        {CA: files.CA + ".not", Cert: files.Cert, Key: files.Key},
		"no authority":          {CA: files.Key},
		"no TLS":                {},
	} {
		config.TLS = settings
		if err := sink(t, config).Check(t.Context()); err == nil {
			t.Errorf("Check with %s finds nothing wrong", what)
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
}

// certificateRenewed: Open reads the files again.
func certificateRenewed(t *testing.T, c *kafkatest.Cluster) {
	files, dir := c.Files(), t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	copyFile := func(from string) {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(ca, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	copyFile(files.Cert)
	s := sink(t, Config{Brokers: c.TLS(), Topic: c.Topic(t, 1, 1), TLS: TLS{CA: ca, Cert: files.Cert, Key: files.Key}})
	if err := s.Open(t.Context()); err == nil {
		t.Fatal("Open takes a certificate of another authority")
	}
	copyFile(files.CA)
	if err := errors.Join(s.Open(t.Context()), s.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

// leastPrivilege writes with what the README asks for, and is told what is missing.
func leastPrivilege(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.SASL(), Topic: c.Topic(t, 1, 1), SASL: SASL{Mechanism: "plain", User: kafkatest.Writer, Password: kafkatest.Writer}}
	allow(t, c, kafkatest.Writer, config.Topic, kadm.OpDescribe)
	eventually(t, func() error { return sink(t, config).Open(t.Context()) })
	if err := sink(t, config).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "grant it WRITE") {
		t.Errorf("Check without WRITE gives %v", err)
	}
	s := open(t, config)
	events := sinktest.Events(1, 3)
	err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
	if err == nil || !strings.Contains(err.Error(), "grant it WRITE") || sinks.IsPermanent(err) || errors.Is(err, sinks.ErrNotConnected) {
		t.Errorf("Write without WRITE gives %v", err)
	}
	allow(t, c, kafkatest.Writer, config.Topic, kadm.OpWrite)
	eventually(t, func() error { return sink(t, config).Check(t.Context()) })
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, events)
	if n := len(records(t, c, config.Topic)); n != 3 {
		t.Errorf("%d events are stored", n)
	}
	config.Topic, config.Create = c.Name(), true
	for what, f := range map[string]func(context.Context) error{"Open": sink(t, config).Open, "Check": sink(t, config).Check} {
		if err := f(t.Context()); err == nil || !strings.Contains(err.Error(), config.Topic) || !strings.Contains(err.Error(), "permission") {
			t.Errorf("%s without CREATE gives %v", what, err)
		}
	}
}

// compacted: such a topic takes no record without a key.
func compacted(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 1, 1, "cleanup.policy=compact"), Key: "user_id"}
	if err := sink(t, config).Check(t.Context()); err != nil {
		t.Errorf("Check gives %v", err)
	}
	events := sinktest.Events(1, 20)
	var guilty []int
	for i, e := range events {
		if i%9 == 3 {
			guilty = append(guilty, i)
		} else {
			events[i] = sinktest.With(e, "user_id", fmt.Sprint("u", i))
		}
	}
	err := open(t, config).Write(t.Context(), sinks.Batch{ID: "b", Events: events})
	var some *sinks.BatchError
	if !errors.As(err, &some) {
		t.Fatalf("Write gives %v", err)
	}
	var got []int
	for _, f := range some.Failed {
		got = append(got, f.Index)
		if !f.Permanent || !strings.Contains(f.Err.Error(), "compacted") {
			t.Errorf("event %d: %v", f.Index, f.Err)
		}
	}
	if !slices.Equal(got, guilty) {
		t.Errorf("failed are %v, want %v", got, guilty)
	}
	if n := len(records(t, c, config.Topic)); n != len(events)-len(guilty) {
		t.Errorf("%d events are stored", n)
	}
	kind, _ := sinks.Lookup("kafka")
	keyless := kind.Config().(*Config)
	keyless.Brokers, keyless.Topic, keyless.Key = config.Brokers, config.Topic, ""
	s, err := kind.New(keyless, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.(sinks.Checker).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "set key") {
		t.Errorf("Check without a key gives %v", err)
	}
}

func topicDeleted(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 1, 1)}
	s, events := open(t, config), sinktest.Events(1, 4)
	write(t, s, events[:2])
	if _, err := c.Admin().DeleteTopic(t.Context(), config.Topic); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil && t.Context().Err() == nil { // the broker hears of it in a moment
		err = s.Write(t.Context(), sinks.Batch{ID: "b", Events: events[2:]})
	}
	if err == nil || !strings.Contains(err.Error(), "create it") || sinks.IsPermanent(err) {
		t.Errorf("Write to a deleted topic gives %v", err)
	}
	if _, err := c.Admin().CreateTopic(t.Context(), 1, 1, nil, config.Topic); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return s.Open(t.Context()) })
	write(t, s, events[2:])
	if n := len(records(t, c, config.Topic)); n != 2 {
		t.Errorf("%d events are stored", n)
	}
}

// brokerHangs: its connections stay and nothing comes. Write returns with its
// context, or with the sink's own time-out.
func brokerHangs(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 1, 1)}
	events := sinktest.Events(1, 20)
	s, p := open(t, config), open(t, config)
	write(t, s, events[:5])
	write(t, p, events[5:10])
	s.config.Timeout, p.config.Timeout = time.Second, time.Hour
	func() {
		c.Pause(t, 0)
		defer c.Resume(t, 0)
		if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events[10:15]}); !errors.Is(err, sinks.ErrNotConnected) || !strings.Contains(err.Error(), "within 1s") {
			t.Errorf("Write gives %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := p.Write(ctx, sinks.Batch{ID: "b", Events: events[15:]}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a cancelled Write gives %v", err)
		}
		if err := s.Open(t.Context()); err == nil {
			t.Error("Open succeeds")
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	s.config.Timeout = 30 * time.Second
	for _, again := range []struct {
		s      *Sink
		events []sinks.Event
	}{{s, events[10:15]}, {p, events[15:]}} {
		eventually(t, func() error { return again.s.Open(t.Context()) })
		write(t, again.s, again.events)
	}
	holdsAll(t, c, config.Topic, events)
}

// holdsAll looks for every event and returns how many are there more than once.
func holdsAll(t *testing.T, c *kafkatest.Cluster, topic string, events []sinks.Event) (twice int) {
	t.Helper()
	n := count(t, c, topic)
	for _, e := range events {
		switch {
		case n[e.ID] == 0:
			t.Errorf("event %s is not stored", e.ID)
		case n[e.ID] > 1:
			twice++
		}
	}
	return twice
}

// count says how often each event is stored.
func count(t *testing.T, c *kafkatest.Cluster, topic string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, x := range stored(t, c, topic) {
		n[x.ID]++
	}
	return n
}

// answerLost: the connection breaks when a broker has stored records and before
// it says so. The producer asks again under the same sequence numbers, and each is there once.
func answerLost(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 3, 1)}
	s, events := sink(t, config), sinktest.Events(1, 300)
	cut := &cutter{}
	s.wrap = cut.wrap
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	write(t, s, events[:100])
	cut.left.Store(1)
	write(t, s, events[100:200])
	if cut.left.Load() != 0 {
		t.Fatal("no answer was lost")
	}
	write(t, s, events[200:])
	if twice := holdsAll(t, c, config.Topic, events); twice > 0 {
		t.Errorf("%d events are stored more than once", twice)
	}
}

// answersLost: no answer comes through for longer than the write may take. What
// is stored is unknown, the same batch again with a new producer makes
// duplicates, and what follows it does not.
func answersLost(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 3, 1)}
	s, events := sink(t, config), sinktest.Events(1, 300)
	cut := &cutter{}
	s.wrap = cut.wrap
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	write(t, s, events[:100])
	cut.left.Store(1 << 30)
	s.config.Timeout = time.Second
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events[100:200]}); !errors.Is(err, sinks.ErrNotConnected) {
		t.Fatalf("Write gives %v", err)
	}
	cut.left.Store(0)
	s.config.Timeout = 30 * time.Second
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, events[100:200])
	write(t, s, events[200:])
	if twice := holdsAll(t, c, config.Topic, events[100:200]); twice != 100 {
		t.Errorf("%d of 100 events are stored twice: the fault was another than meant", twice)
	}
	if twice := holdsAll(t, c, config.Topic, append(events[:100:100], events[200:]...)); twice > 0 {
		t.Errorf("%d events are stored more than once", twice)
	}
}

// writesAtATime: what one write comes to is nothing to the others.
func writesAtATime(t *testing.T, c *kafkatest.Cluster) {
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 2, 1), InFlight: 4}
	s := open(t, config)
	if got := s.Limits(); got.InFlight != 4 {
		t.Errorf("limits %+v", got)
	}
	c.Alter(t, config.Topic, "max.message.bytes", "100000")
	var all []sinks.Event
	var wait sync.WaitGroup
	for n := range 4 {
		events := sinktest.Events(uint64(n), 400)
		all = append(all, events...)
		wait.Go(func() {
			for i := 0; i < len(events); i += 50 {
				batch := slices.Clone(events[i : i+50])
				if n == 0 {
					batch = append(batch, sinktest.With(batch[0], "page_title", noise(200_000)))
				}
				err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: batch})
				var some *sinks.BatchError
				if n == 0 && (!errors.As(err, &some) || len(some.Failed) != 1 || some.Failed[0].Index != 50) || n != 0 && err != nil {
					t.Errorf("write %d of lane %d gives %v", i, n, err)
				}
			}
		})
	}
	wait.Wait()
	if twice := holdsAll(t, c, config.Topic, all); twice > 0 {
		t.Errorf("%d events are stored more than once", twice)
	}
}

func compressions(t *testing.T, c *kafkatest.Cluster) {
	for _, compression := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 1, 1), Compression: compression}
		events := sinktest.Events(1, 100)
		write(t, open(t, config), events)
		holdsAll(t, c, config.Topic, events)
		if r := records(t, c, config.Topic)[0]; kgoCodec[r.Attrs.CompressionType()] != compression {
			t.Errorf("%s is stored as %s", compression, kgoCodec[r.Attrs.CompressionType()])
		}
	}
}

var kgoCodec = map[uint8]string{0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
