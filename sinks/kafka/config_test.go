package kafka

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"weir/sinks"
	"weir/sinks/sinktest"
)

func good() *Config {
	kind, _ := sinks.Lookup("kafka")
	c := kind.Config().(*Config)
	c.Brokers, c.Topic = []string{"kafka:9092"}, "events"
	return c
}

func TestValidate(t *testing.T) {
	for _, tt := range []func(*Config){
		func(*Config) {},
		func(c *Config) { c.Key = "" },
		func(c *Config) { c.Headers = nil },
		func(c *Config) { c.Topic, c.Topics = "{app_id}", []string{"shop"} },
		func(c *Config) {
			c.Topic, c.Topics, c.Fallback = "{verdict}.{event_vendor}-{event_name}", []string{"a", "b"}, "c"
		},
		func(c *Config) { c.Create, c.Partitions, c.Replication = true, 12, 3 },
		func(c *Config) { c.SASL = SASL{Mechanism: "plain", User: "u", Password: "p"} },
		func(c *Config) { c.Brokers = []string{"[::1]:9092", "kafka.example.com:9092"} },
	} {
		c := good()
		tt(c)
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for key, spoil := range map[string]func(*Config){
		"brokers: required":         func(c *Config) { c.Brokers = nil },
		`brokers: "kafka"`:          func(c *Config) { c.Brokers = []string{"kafka"} },
		`brokers: ":9092"`:          func(c *Config) { c.Brokers = []string{":9092"} },
		"topic: required":           func(c *Config) { c.Topic = "" },
		`topic: "a b"`:              func(c *Config) { c.Topic = "a b" },
		`topic: ".."`:               func(c *Config) { c.Topic = ".." },
		`topic: "ü-"`:               func(c *Config) { c.Topic, c.Topics = "ü-{app_id}", []string{"a"} },
		"topic: {app is none":       func(c *Config) { c.Topic, c.Topics = "{app", []string{"a"} },
		"{user_id} is none of":      func(c *Config) { c.Topic, c.Topics = "{user_id}", []string{"a"} },
		"topics: required":          func(c *Config) { c.Topic = "{app_id}" },
		`topics: "a/b"`:             func(c *Config) { c.Topic, c.Topics = "{app_id}", []string{"a/b"} },
		"topics, fallback: are for": func(c *Config) { c.Fallback = "x" },
		`fallback: "` + strings.Repeat("x", 250): func(c *Config) {
			c.Topic, c.Topics, c.Fallback = "{app_id}", []string{"a"}, strings.Repeat("x", 250)
		},
		"partitions, replication: must": func(c *Config) { c.Create, c.Partitions = true, -1 },
		"partitions, replication: are":  func(c *Config) { c.Replication = 3 },
		"format: ":                      func(c *Config) { c.Format = "xml" },
		`headers: "user_id"`:            func(c *Config) { c.Headers = []string{"user_id"} },
		"compression: ":                 func(c *Config) { c.Compression = "brotli" },
		"sasl: mechanism: required":     func(c *Config) { c.SASL.User = "u" },
		"sasl: user, password":          func(c *Config) { c.SASL.Mechanism = "plain" },
		`sasl: mechanism: "gssapi"`:     func(c *Config) { c.SASL = SASL{Mechanism: "gssapi", User: "u", Password: "canary"} },
		"tls: cert and key":             func(c *Config) { c.TLS.Cert = "x" },
		"timeout: ":                     func(c *Config) { c.Timeout = 0 },
		"in_flight: ":                   func(c *Config) { c.InFlight = 0 },
	} {
		c := good()
		spoil(c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "canary") {
			t.Errorf("want an error with %q, got %v", key, err)
		}
	}
	secret := good()
	secret.SASL = SASL{Mechanism: "plain", User: "u", Password: "hunter2"}
	if text := fmt.Sprintf("%v %+v %#v", secret, secret, secret); strings.Contains(text, "hunter2") {
		t.Errorf("the password is shown: %s", text)
	}
}

func TestTopic(t *testing.T) {
	event := sinks.Event{App: "shop", Name: "add_to_cart", Schema: "iglu:com.acme/add_to_cart/jsonschema/1-0-0", Verdict: "good"}
	hostile := sinks.Event{App: "sh/op", Name: "ä\x00", Schema: "x", Verdict: "failed"}
	for _, tt := range []struct {
		template string
		topics   []string
		fallback string
		event    sinks.Event
		want     string
	}{
		{"events", nil, "", event, "events"},
		{"e.{app_id}", []string{"e.shop", "e.blog"}, "", event, "e.shop"},
		{"{event_vendor}-{event_name}.{verdict}", []string{"com.acme-add_to_cart.good"}, "", event, "com.acme-add_to_cart.good"},
		{"e.{app_id}", []string{"e.blog"}, "", event, ""},
		{"e.{app_id}", []string{"e.blog"}, "other", event, "other"},
		{"{app_id}.{event_name}", []string{"sh_op.__"}, "", hostile, "sh_op.__"},
		{"{event_vendor}x", []string{"xx"}, "", hostile, "xx"},
		{"e.{app_id}", []string{"e."}, "", sinks.Event{}, "e."},
	} {
		c := good()
		c.Topic, c.Topics, c.Fallback = tt.template, tt.topics, tt.fallback
		r, err := newRouter(c)
		if err != nil {
			t.Errorf("%s: %v", tt.template, err)
			continue
		}
		got, _, err := r.topic(&tt.event, nil)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s gives %q, %v; want %q", tt.template, got, err, tt.want)
		}
		if got != "" && !slices.Contains(r.all(), got) {
			t.Errorf("%s: %q is not among %q", tt.template, got, r.all())
		}
	}
}

func TestKey(t *testing.T) {
	e := sinktest.With(sinktest.Events(1, 2)[1], "user_id", nil, "geo_city", "")
	for key, want := range map[string]string{
		"event_id": e.ID, "app_id": "shop", "domain_sessionidx": "2", "unstruct_event.data.sku": "A-1", "contexts.1.data.sku": "A-2",
		"user_id": "<none>", "": "<none>", "geo_city": "", "br_cookies": "true",
	} {
		got, ok := (&writer{key: key}).keyOf(&e)
		if !ok {
			got = "<none>"
		}
		if got != want {
			t.Errorf("the key at %q is %q, want %q", key, got, want)
		}
	}
}

// TestAssess: what Check warns of, and what it refuses.
func TestAssess(t *testing.T) {
	facts := func(replicas int, configs ...string) topic {
		x := topic{name: "events", replicas: replicas, operations: []kadm.ACLOperation{kadm.OpWrite}, configs: map[string]string{}}
		for i := 0; i < len(configs); i += 2 {
			x.configs[configs[i]] = configs[i+1]
		}
		return x
	}
	const least = "min.insync.replicas"
	silent := facts(3, least, "2")
	silent.configs = nil
	forbidden := facts(3, least, "2")
	forbidden.operations = []kadm.ACLOperation{kadm.OpDescribe}
	leaderless := facts(3, least, "2")
	leaderless.leaderless = []int32{4}
	for _, tt := range []struct {
		topic      topic
		warns, err string
	}{
		{facts(3, least, "2"), "", ""},
		{facts(5, least, "3"), "", ""},
		{facts(3, least, "1"), "a leader acknowledges alone", ""},
		{facts(1, least, "1"), "one replica", ""},
		{facts(2, least, "2"), "while one of their brokers is away", ""},
		{facts(2, least, "3"), "brokers before 4.0 take no write", ""},
		{facts(3, least, "2", "cleanup.policy", "compact,delete"), "compacted", ""},
		{silent, "DESCRIBE_CONFIGS", ""},
		{forbidden, "", "WRITE"},
		{leaderless, "", "[4]"},
		{topic{name: "events", err: kerr.UnknownTopicOrPartition}, "", "create: true"},
	} {
		var log bytes.Buffer
		s := &Sink{config: *good(), log: slog.New(slog.NewTextHandler(&log, nil))}
		err := s.assess(tt.topic)
		if (tt.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%+v gives %v", tt.topic, err)
		}
		if (tt.warns == "") != (log.Len() == 0) || !strings.Contains(log.String(), tt.warns) {
			t.Errorf("%+v warns %s", tt.topic, &log)
		}
	}
}

// TestNobodyThere: a cluster that is away is found out at once, by the time-out at the latest.
func TestNobodyThere(t *testing.T) {
	c := good()
	c.Brokers, c.Timeout = []string{"127.0.0.1:1"}, 30*time.Second
	s, err := newSink(*c, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "connecting to Kafka") {
			t.Errorf("Open gives %v", err)
		}
	}
	if err := s.Check(t.Context()); err == nil {
		t.Error("Check finds nothing wrong")
	}
}
