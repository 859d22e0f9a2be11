// Package mqtt is the sink that publishes events to an MQTT 5 broker, one
// message an event.
package mqtt

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "mqtt",
		Doc:  "Publishes events to an MQTT 5 broker, one message an event, and waits for its acknowledgement of each.",
		Config: func() any {
			return &Config{Topic: "weir/{verdict}/{app_id}/{event_name}", QoS: 1, Format: "envelope", InFlight: 1000}
		},
		New: func(config any, _ sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config)) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	Servers  []string      `yaml:"servers" required:"true" doc:"URLs of the brokers in order of preference: mqtts://host:8883, or mqtt://host:1883 in a network of one's own."`
	ClientID string        `yaml:"client_id" doc:"Client identifier. It must be this sink's alone: a broker hangs up on the first of two. Empty: the broker assigns one."`
	User     string        `yaml:"user" doc:"User to connect as."`
	Password sinks.Secret  `yaml:"password" doc:"The user's password, or token."`
	CA       string        `yaml:"ca" doc:"PEM file of the authorities that sign the brokers' certificates. The system's when not given."`
	Cert     string        `yaml:"cert" doc:"PEM file of this host's certificate, where brokers ask for one."`
	Key      string        `yaml:"key" doc:"PEM file with its private key."`
	Topic    string        `yaml:"topic" doc:"Topic of a message: text and {verdict} {app_id} {event_vendor} {event_name}, each within one level."`
	QoS      int           `yaml:"qos" doc:"Quality of service: 1, or 2 for subscribers that ask for it. 0 is acknowledged by nobody and therefore refused."`
	Retain   bool          `yaml:"retain" doc:"Have the broker keep the last message of each topic for later subscribers."`
	Expiry   time.Duration `yaml:"expiry" doc:"How long the broker keeps a message for a subscriber that is away, in whole seconds. 0: as long as its session lasts."`
	Format   string        `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"What a message holds: the envelope, a flat object, Snowplow analytics JSON or enriched TSV."`
	InFlight int           `yaml:"in_flight" doc:"Most messages sent and not acknowledged yet, at most 65535. The broker's Receive Maximum bounds it further."`
}

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Servers) == 0 {
		report("servers: required, for example mqtts://broker.example.com:8883")
	}
	for i, text := range c.Servers {
		if _, err := parseServer(text); err != nil {
			report("servers[%d]: %w", i, err)
		}
	}
	if !valid(c.ClientID) {
		report("client_id: not text that MQTT can carry")
	}
	if !valid(c.User) {
		report("user: not text that MQTT can carry")
	}
	if c.Password != "" && c.User == "" {
		report("password: give a user, too")
	}
	if (c.Cert == "") != (c.Key == "") {
		report("cert, key: give both or neither")
	}
	if _, err := parseTopic(c.Topic); err != nil {
		report("topic: %w", err)
	}
	switch c.QoS {
	case 1, 2:
	case 0:
		report("qos: 0 is acknowledged by nobody, so that no event could be called stored: use 1 or 2")
	default:
		report("qos: %d is neither 1 nor 2", c.QoS)
	}
	if c.Expiry < 0 || c.Expiry%time.Second != 0 || c.Expiry/time.Second > 1<<32-1 {
		report("expiry: must be whole seconds, from 0 to 4294967295")
	}
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	}
	if c.InFlight <= 0 || c.InFlight > 65535 {
		report("in_flight: must be from 1 to 65535")
	}
	return errors.Join(errs...)
}

// server is the address of a broker.
type server struct {
	address string // host:port; also what errors say
	name    string // the host's, for its certificate
	secure  bool
}

func parseServer(text string) (server, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts":
		// Not quoted: a password may have been put there.
		return server{}, errors.New("not a URL of mqtt or mqtts with a host, such as mqtts://broker.example.com:8883")
	case u.User != nil:
		return server{}, errors.New("move user and password to the keys of these names")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return server{}, errors.New("a URL of a broker ends with its port")
	}
	s := server{name: u.Hostname(), secure: u.Scheme == "mqtts"}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "1883", true: "8883"}[s.secure]
	}
	s.address = net.JoinHostPort(s.name, port)
	return s, nil
}

// tls reads the files that the configuration names.
func (c *Config) tls(name string) (*tls.Config, error) {
	t, err := sinks.ClientTLS(c.CA, c.Cert, c.Key)
	if err == nil {
		t.ServerName = name
	}
	return t, err
}
