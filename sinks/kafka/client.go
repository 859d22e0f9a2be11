package kafka

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"weir/sinks"
)

const (
	// tries bounds how often the producer repeats what certainly was not stored:
	// enough to find a partition's next leader, the rest is delivery's. What may
	// have been stored it repeats until the write's time-out, under the same
	// sequence numbers.
	tries = 4
	// wait is how long the producer waits before it looks for leaders again.
	wait = 250 * time.Millisecond
	// defaultBatch is what brokers take when nothing else is set or may be read.
	defaultBatch = 1_000_012
	// maxBatch keeps a batch below what a broker reads in one request.
	maxBatch = 64 << 20
)

// options are what every client needs.
func (s *Sink) options() ([]kgo.Opt, error) {
	c := &s.config
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ClientID(c.ClientID),
		kgo.SoftwareNameAndVersion("weir", "1"),
		kgo.RequestTimeoutOverhead(max(100*time.Millisecond, min(c.Timeout, 10*time.Second))),
		kgo.RetryTimeout(c.Timeout),
		kgo.RequestRetries(tries),
		kgo.MetadataMinAge(wait),
		kgo.DisableClientMetrics(),
	}
	if m, err := mechanism(c.SASL); err != nil {
		return nil, err
	} else if m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

// connect makes a client, which dials when it is used.
func (s *Sink) connect(opts []kgo.Opt) (*client, error) {
	encrypt, err := s.config.TLS.config()
	if err != nil {
		return nil, err
	}
	d := newDialer(s.config.Timeout, encrypt)
	if s.wrap != nil {
		d.network = s.wrap(d.network)
	}
	c, err := newClient(d, opts)
	if err != nil {
		return nil, fmt.Errorf("configuring the Kafka client: %w", err)
	}
	return c, nil
}

// producerOptions are options and what makes a producer of it: acknowledged by
// all replicas in sync, idempotent, batched by write and never by time.
func (s *Sink) producerOptions(known topics) ([]kgo.Opt, error) {
	opts, err := s.options()
	if err != nil {
		return nil, err
	}
	compression, err := codec(s.config.Compression)
	if err != nil {
		return nil, err
	}
	return append(opts,
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(compression),
		kgo.ProducerBatchMaxBytesFn(known.batchBytes),
		kgo.BrokerMaxWriteBytes(2*maxBatch),
		kgo.ManualFlushing(),
		kgo.MaxBufferedRecords(1<<30), // a write is as large as delivery makes it
		kgo.RecordRetries(tries),
		kgo.ProduceRequestTimeout(s.config.Timeout),
	), nil
}

func codec(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	}
	return kgo.NoCompression(), fmt.Errorf("compression: %q is none of none, gzip, snappy, lz4, zstd", name)
}

// mechanism is nil when the client is not to log in.
func mechanism(c SASL) (sasl.Mechanism, error) {
	if c.Mechanism == "" {
		if c.User != "" || c.Password != "" {
			return nil, errors.New("sasl: mechanism: required with user and password: plain, scram-sha-256 or scram-sha-512")
		}
		return nil, nil
	}
	if c.User == "" || c.Password == "" {
		return nil, errors.New("sasl: user, password: required")
	}
	switch c.Mechanism {
	case "plain":
		return plain.Auth{User: c.User, Pass: c.Password.Reveal()}.AsMechanism(), nil
	case "scram-sha-256":
		return scram.Auth{User: c.User, Pass: c.Password.Reveal()}.AsSha256Mechanism(), nil
	case "scram-sha-512":
		return scram.Auth{User: c.User, Pass: c.Password.Reveal()}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("sasl: mechanism: %q is none of plain, scram-sha-256, scram-sha-512", c.Mechanism)
}

// config is nil when connections are not encrypted. Files are read anew each
// time, so that a certificate can be renewed under a running host.
func (t TLS) config() (*tls.Config, error) {
	if !t.enabled() {
		return nil, nil
	}
	config, err := sinks.ClientTLS(t.CA, t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	config.ServerName = t.ServerName
	return config, nil
}
