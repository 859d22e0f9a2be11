// Package kafka is the sink that produces events to topics of Apache Kafka,
// Redpanda and what else speaks their protocol.
package kafka

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"time"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "kafka",
		Doc:  "Produces events to topics of Apache Kafka or Redpanda, acknowledged by all replicas in sync.",
		Config: func() any {
			return &Config{Key: "event_id", Format: "envelope", Headers: slices.Clone(headers), Compression: "zstd",
				ClientID: "weir", Timeout: 20 * time.Second, InFlight: 1}
		},
		New: func(config any, env sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config), env) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	Brokers     []string      `yaml:"brokers" required:"true" doc:"Some of the cluster's brokers, host:port each. The others are found through them."`
	Topic       string        `yaml:"topic" required:"true" doc:"Topic of the events, or a template of it with {app_id}, {event_vendor}, {event_name} or {verdict}, such as events.{app_id}. In what an event puts there, other characters than letters, digits, dot, - and _ become _."`
	Topics      []string      `yaml:"topics" doc:"The topics that a template may give. What an event says never makes another one."`
	Fallback    string        `yaml:"fallback" doc:"Topic of the events for which the template gives none of topics. Without it they become dead letters."`
	Create      bool          `yaml:"create" doc:"Create topics that do not exist."`
	Partitions  int           `yaml:"partitions" doc:"Partitions of a created topic. 0 is the cluster's default."`
	Replication int           `yaml:"replication" doc:"Replicas of each partition of a created topic. 0 is the cluster's default."`
	Key         string        `yaml:"key" doc:"Key of a record: a gjson path into the envelope, such as event_id, app_id, domain_userid or contexts.0.data.id. Records of one key are in one partition, in order. Empty, or nothing at the path: no key, and partitions take turns."`
	Format      string        `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"Value of a record; see sinks/format."`
	Headers     []string      `yaml:"headers" doc:"Headers of a record, of event_id, event_fingerprint, schema, app_id, verdict and content-type. Empty ones are left out."`
	Compression string        `yaml:"compression" enum:"none,gzip,snappy,lz4,zstd" doc:"Compression of record batches. zstd needs Kafka 2.1."`
	SASL        SASL          `yaml:"sasl" doc:"Who to log in as."`
	TLS         TLS           `yaml:"tls" doc:"Encryption of the connections."`
	ClientID    string        `yaml:"client_id" doc:"Name of this client in the brokers' logs, metrics and quotas."`
	Timeout     time.Duration `yaml:"timeout" doc:"Longest time for one write, the producer's own repetitions included. More than the cluster takes to notice that a broker is gone (about 10s) spares duplicates; less than the route's retry.timeout gives the better error."`
	InFlight    int           `yaml:"in_flight" doc:"Writes at a time, each on connections of its own. With more than 1 only the route's order_by keeps the order of a key."`
}

// SASL is how the client logs in.
type SASL struct {
	Mechanism string       `yaml:"mechanism" enum:"plain,scram-sha-256,scram-sha-512" doc:"How to log in. Not at all when not given. plain sends the password as it is: use it with tls only."`
	User      string       `yaml:"user" doc:"User to log in as."`
	Password  sinks.Secret `yaml:"password" doc:"The user's password."`
}

// TLS is how connections are encrypted.
type TLS struct {
	Enabled    bool   `yaml:"enabled" doc:"Encrypt connections. Implied by the other settings."`
	CA         string `yaml:"ca" doc:"PEM file of the authorities that sign the brokers' certificates. The system's when not given."`
	Cert       string `yaml:"cert" doc:"PEM file of this client's certificate, where brokers ask for one."`
	Key        string `yaml:"key" doc:"PEM file with its private key."`
	ServerName string `yaml:"server_name" doc:"Name in the brokers' certificates, if it is not the one they are reached by."`
}

func (t TLS) enabled() bool { return t != TLS{} }

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		report("brokers: required, for example [kafka-1:9092, kafka-2:9092]")
	}
	for _, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			report("brokers: %q is not host:port", b)
		}
	}
	if _, err := newRouter(c); err != nil {
		errs = append(errs, err)
	}
	if c.Partitions < 0 || c.Partitions > math.MaxInt32 || c.Replication < 0 || c.Replication > math.MaxInt16 {
		report("partitions, replication: must not be below 0, nor beyond what Kafka can count")
	}
	if !c.Create && (c.Partitions > 0 || c.Replication > 0) {
		report("partitions, replication: are for topics that are created: set create: true")
	}
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	}
	for _, h := range c.Headers {
		if !slices.Contains(headers, h) {
			report("headers: %q is none of %v", h, headers)
		}
	}
	if _, err := codec(c.Compression); err != nil {
		errs = append(errs, err)
	}
	if _, err := mechanism(c.SASL); err != nil {
		errs = append(errs, err)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		report("tls: cert and key belong together")
	}
	if c.Timeout <= 0 {
		report("timeout: must be above 0")
	}
	if c.InFlight <= 0 {
		report("in_flight: must be above 0")
	}
	return errors.Join(errs...)
}
