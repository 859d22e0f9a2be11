// Package redis is the sink that appends events to a stream of Redis or Valkey.
package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	// The client library tells its own story on stderr. What it has to say is in
	// the errors that it returns.
	client.SetLogger(&logging.VoidLogger{})
	sinks.Register(sinks.Kind{
		Name: "redis",
		Doc:  "Appends events to a stream of Redis or Valkey, each event once within a span.",
		Config: func() any {
			return &Config{Stream: "events", Format: "envelope", UniqueFor: 24 * time.Hour, Timeout: 5 * time.Second}
		},
		New: func(config any, env sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config), env.Log) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	Addresses []string      `yaml:"addresses" required:"true" doc:"host:port of the server. Of several, the first that answers and takes writes is used: a primary and its replicas, or some nodes of a cluster."`
	Cluster   bool          `yaml:"cluster" doc:"The addresses are nodes of a Redis Cluster: ask them which one holds the stream."`
	User      string        `yaml:"user" doc:"ACL user to connect as. Empty: default."`
	Password  sinks.Secret  `yaml:"password" doc:"The user's password."`
	Database  int           `yaml:"database" doc:"Number of the database. A cluster of Redis has 0 alone."`
	TLS       bool          `yaml:"tls" doc:"Speak TLS, 1.2 or later."`
	CA        string        `yaml:"ca" doc:"PEM file of the authorities that sign the server's certificate. The system's when not given."`
	Cert      string        `yaml:"cert" doc:"PEM file of this host's certificate, where the server asks for one."`
	Key       string        `yaml:"key" doc:"PEM file with its private key."`
	Stream    string        `yaml:"stream" doc:"Key of the stream: letters, digits and : . _ - /, and in a cluster {tag} to choose its slot."`
	Format    string        `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"How the field event spells an event: as envelope, flat object, Snowplow analytics JSON or enriched TSV."`
	MaxLength int           `yaml:"max_length" doc:"Entries the stream keeps, about (MAXLEN ~). Older ones are deleted, read or not. 0 sets no bound."`
	Keep      time.Duration `yaml:"keep" doc:"How long the stream keeps entries, about (MINID ~). Older ones are deleted, read or not. 0 sets no bound."`
	UniqueFor time.Duration `yaml:"unique_for" doc:"How long the server remembers an event, so that it is stored once: one small key an event. 0 turns it off, and what is written again is there again."`
	Replicas  int           `yaml:"replicas" doc:"Replicas that must have a batch before it counts as stored (WAIT)."`
	Fsync     bool          `yaml:"fsync" doc:"Count a batch as stored once it is on the server's disk, and on that of as many replicas: by WAITAOF (Redis 7.2, Valkey), or where the server has appendfsync always."`
	MaxEvent  sinks.Size    `yaml:"max_event" doc:"Largest event that the server takes. 0: what it says itself (proto-max-bulk-len), or 512MiB when it does not say."`
	Timeout   time.Duration `yaml:"timeout" doc:"Longest time to connect, to wait for an answer, and for replicas and disks to confirm."`
}

var (
	plainStream  = regexp.MustCompile(`^[A-Za-z0-9:._/-]{1,200}$`)
	taggedStream = regexp.MustCompile(`^[A-Za-z0-9:._/-]{0,100}\{[A-Za-z0-9:._/-]{1,100}\}[A-Za-z0-9:._/-]{0,100}$`)
)

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Addresses) == 0 {
		report("addresses: required, for example [localhost:6379]")
	}
	for _, a := range c.Addresses {
		_, port, err := net.SplitHostPort(a)
		if n, err2 := strconv.Atoi(port); err != nil || err2 != nil || n < 1 || n > 65535 {
			// A URL may hold a password: no message quotes it.
			report("addresses: write host:port, such as localhost:6379; what goes before and behind has keys of its own")
			break
		}
	}
	if c.User != "" && c.Password == "" {
		report("user: needs password")
	}
	if c.Database < 0 {
		report("database: must not be negative")
	}
	if (c.Cert == "") != (c.Key == "") {
		report("cert: needs key, and the other way round")
	}
	if !c.TLS && (c.CA != "" || c.Cert != "") {
		report("tls: ca and cert are given, so set it to true, or remove them")
	}
	if !plainStream.MatchString(c.Stream) && !taggedStream.MatchString(c.Stream) {
		report("stream: must be 1 to 200 letters, digits and : . _ - / with at most one {tag}")
	}
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	}
	if c.MaxLength < 0 {
		report("max_length: must not be negative")
	}
	if c.Keep != 0 && c.Keep < time.Second {
		report("keep: must be 0 or at least 1s")
	}
	if c.UniqueFor != 0 && c.UniqueFor < time.Second {
		report("unique_for: must be 0 or at least 1s")
	}
	if c.Replicas < 0 {
		report("replicas: must not be negative")
	}
	if c.MaxEvent < 0 {
		report("max_event: must not be negative")
	}
	if c.Timeout < 10*time.Millisecond {
		report("timeout: must be at least 10ms")
	}
	return errors.Join(errs...)
}

// tls reads the files and returns nil when TLS is off.
func (c *Config) tls() (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	return sinks.ClientTLS(c.CA, c.Cert, c.Key)
}

// hashTag returns what of the stream's name decides its slot in a cluster.
func (c *Config) hashTag() string {
	if _, rest, ok := strings.Cut(c.Stream, "{"); ok {
		tag, _, _ := strings.Cut(rest, "}")
		return tag
	}
	return c.Stream
}
