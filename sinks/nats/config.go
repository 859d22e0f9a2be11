// Package nats is the sink that publishes events to a stream of NATS JetStream.
package nats

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "nats",
		Doc:  "Publishes events to a stream of NATS JetStream, each event once within the stream's window.",
		Config: func() any {
			return &Config{Stream: "events", Subject: "events.{verdict}.{app_id}", Format: "envelope",
				Replicas: 3, Window: 20 * time.Minute, InFlight: 500, Timeout: 5 * time.Second}
		},
		New: func(config any, env sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config), env.Log) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	Servers     []string      `yaml:"servers" required:"true" doc:"URLs of the servers, such as nats://10.0.0.1:4222, or tls://."`
	Credentials string        `yaml:"credentials" doc:"A .creds file with a user's JWT and key."`
	Token       sinks.Secret  `yaml:"token" doc:"Token to connect with."`
	User        string        `yaml:"user" doc:"User to connect as."`
	Password    sinks.Secret  `yaml:"password" doc:"The user's password."`
	CA          string        `yaml:"ca" doc:"PEM file of the authorities that sign the servers' certificates. The system's when not given."`
	Cert        string        `yaml:"cert" doc:"PEM file of this host's certificate, where servers ask for one."`
	Key         string        `yaml:"key" doc:"PEM file with its private key."`
	Stream      string        `yaml:"stream" doc:"The stream that has to store the events: letters, digits, - and _, at most 32."`
	Subject     string        `yaml:"subject" doc:"Subject of an event: tokens between dots, of letters, digits, -, _ and {app_id} {event_vendor} {event_name} {verdict}. What of an event no token may hold becomes _."`
	Format      string        `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"How a message spells an event: as envelope, flat object, Snowplow analytics JSON or enriched TSV."`
	Create      bool          `yaml:"create" doc:"Create the stream if it does not exist, with the settings below and every subject that subject can give. A stream that exists is left as it is."`
	Replicas    int           `yaml:"replicas" doc:"Servers that hold each event of a stream that is created: 1, 3 or 5. With 1 a lost disk loses events."`
	Window      time.Duration `yaml:"window" doc:"How long a stream that is created remembers events, so that each is stored once: about 280 bytes of each server's memory an event. At least 1s."`
	MaxBytes    sinks.Size    `yaml:"max_bytes" doc:"Size of a stream that is created, beyond which the oldest events are deleted, read or not. 0 sets no bound."`
	Keep        time.Duration `yaml:"keep" doc:"Age at which a stream that is created deletes events, read or not. 0 sets no bound."`
	InFlight    int           `yaml:"in_flight" doc:"Events that are on their way to the servers without an acknowledgement."`
	Timeout     time.Duration `yaml:"timeout" doc:"Longest time to connect to a server, and to wait for the next acknowledgement."`
}

var validStream = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Servers) == 0 {
		report("servers: required, for example [nats://localhost:4222]")
	}
	for _, s := range c.Servers {
		// A URL may hold a password: no message quotes it.
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" && u.Scheme != "ws" && u.Scheme != "wss":
			report("servers: write URLs such as nats://localhost:4222 or tls://nats.example.com:4222")
		case u.User != nil:
			report("servers: move user and password to the keys user and password, or token")
		case strings.Contains(s, ","):
			report("servers: one URL each")
		}
	}
	if (c.User == "") != (c.Password == "") {
		report("user: needs password, and the other way round")
	}
	if (c.Cert == "") != (c.Key == "") {
		report("cert: needs key, and the other way round")
	}
	if !validStream.MatchString(c.Stream) {
		report("stream: must be 1 to 32 letters, digits, - and _")
	}
	if _, err := parseSubject(c.Subject); err != nil {
		errs = append(errs, err)
	}
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	}
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		report("replicas: must be 1, 3 or 5")
	}
	if c.Window < time.Second {
		report("window: must be at least 1s")
	}
	if c.Keep != 0 && c.Keep < c.Window {
		report("keep: must be 0 or at least window")
	}
	if c.MaxBytes < 0 {
		report("max_bytes: must not be negative")
	}
	if c.InFlight < 1 {
		report("in_flight: must be above 0")
	}
	if c.Timeout < 10*time.Millisecond {
		report("timeout: must be at least 10ms")
	}
	return errors.Join(errs...)
}
