//go:build unix

package kafka

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/sinks"
	"weir/sinks/kafka/kafkatest"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "kafka") }

// TestBroker holds all that needs no more than one broker, as each takes seconds to start.
func TestBroker(t *testing.T) {
	c := kafkatest.Start(t, 1)
	t.Run("sink", func(t *testing.T) { sinktest.Run(t, harness(c)) })
	t.Run("broker hangs", func(t *testing.T) { brokerHangs(t, c) })
	t.Run("beside", func(t *testing.T) {
		for name, test := range onBroker {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, c)
			})
		}
	})
}

// large is the size up to which the topic of a test takes events.
const large = 4 << 20

func harness(c *kafkatest.Cluster) sinktest.Harness {
	crash := false // outages take turns: a shutdown, a crash
	return sinktest.Harness{
		Ordered: true, Shared: true,
		Start: func(t testing.TB) sinktest.Destination {
			config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 1, 1, "max.message.bytes=4194304")}
			var made []*Sink
			return sinktest.Destination{
				New: func() sinks.Sink {
					made = append(made, sink(t, config))
					return made[len(made)-1]
				},
				Stored: func(t testing.TB) []sinktest.Stored { return stored(t, c, config.Topic) },
				// A limit that came after the sink has looked, and one that it knows.
				Poison: func(t testing.TB, e sinks.Event) []sinks.Event {
					c.Alter(t, config.Topic, "max.message.bytes", "100000")
					return append(sinktest.BrokenLines(t, e),
						sinktest.With(e, "page_title", noise(200_000)),
						sinktest.With(e, "page_title", noise(large)))
				},
				Outage: func(t testing.TB, during func()) {
					for _, s := range made { // what does not come needs no long wait
						s.config.Timeout = time.Second
						defer func() { s.config.Timeout = 30 * time.Second }()
					}
					if crash = !crash; crash {
						c.Kill(t, 0)
					} else {
						c.Stop(t, 0)
					}
					during()
					c.Restart(t, 0)
				},
				Forbid: func(t testing.TB) {
					config.Brokers, config.SASL = c.SASL(), SASL{Mechanism: "plain", User: kafkatest.Limited, Password: kafkatest.Limited}
				},
			}
		},
	}
}

// sink makes a sink with defaults where c says nothing.
func sink(t testing.TB, c Config) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("kafka")
	full := kind.Config().(*Config)
	full.Brokers, full.Topic, full.Topics, full.Fallback = c.Brokers, c.Topic, c.Topics, c.Fallback
	full.Create, full.Partitions, full.Replication = c.Create, c.Partitions, c.Replication
	full.SASL, full.TLS = c.SASL, c.TLS
	full.Timeout = 30 * time.Second
	for field, value := range map[*string]string{&full.Key: c.Key, &full.Format: c.Format, &full.Compression: c.Compression} {
		if value != "" {
			*field = value
		}
	}
	if c.InFlight > 0 {
		full.InFlight = c.InFlight
	}
	if c.Timeout > 0 {
		full.Timeout = c.Timeout
	}
	s, err := kind.New(full, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

func open(t testing.TB, c Config) *Sink {
	t.Helper()
	s := sink(t, c)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func stored(t testing.TB, c *kafkatest.Cluster, topic string) (list []sinktest.Stored) {
	for _, r := range records(t, c, topic) {
		list = append(list, sinktest.Stored{ID: gjson.GetBytes(r.Value, "event_id").Str, Object: r.Value})
	}
	return list
}

// records reads topics from their beginning to their end.
func records(t testing.TB, c *kafkatest.Cluster, topics ...string) (list []*kgo.Record) {
	t.Helper()
	admin := c.Admin()
	ends, err := admin.ListEndOffsets(t.Context(), topics...)
	if err != nil || ends.Error() != nil {
		t.Fatal(err, ends.Error())
	}
	left := 0
	from := map[string]map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left++
			if from[o.Topic] == nil {
				from[o.Topic] = map[int32]kgo.Offset{}
			}
			from[o.Topic][o.Partition] = kgo.NewOffset().AtStart()
		}
	})
	if left == 0 {
		return nil
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.ConsumePartitions(from), kgo.DisableClientMetrics())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for left > 0 {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			list = append(list, r)
			if end, _ := ends.Lookup(r.Topic, r.Partition); r.Offset == end.Offset-1 {
				left--
			}
		})
	}
	return list
}

// noise is text that no compression makes small.
var noise = func() func(int) string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
	text := sync.OnceValue(func() []byte {
		b, x := make([]byte, 5<<20), uint64(1)
		for i := range b {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			b[i] = letters[x%64]
		}
		return b
	})
	return func(n int) string { return string(text()[:n]) }
}()
