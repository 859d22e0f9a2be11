// Package rabbitmq is the sink that publishes events to an exchange of
// RabbitMQ, or of another broker that speaks AMQP 0-9-1, one message an event.
package rabbitmq

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "rabbitmq",
		Doc:  "Publishes events to an exchange of RabbitMQ (AMQP 0-9-1), one persistent message an event, and waits for the broker's confirmation of each.",
		Config: func() any {
			return &Config{
				Exchange: "amq.topic", RoutingKey: "weir.{verdict}.{app_id}.{event_name}", QueueType: "quorum", Binding: "#",
				Mandatory: true, Format: "envelope", MaxMessage: 16 << 20, InFlight: 1000,
			}
		},
		New: func(config any, _ sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config)) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	URL        sinks.Secret `yaml:"url" required:"true" doc:"amqps://user:password@host:5671/vhost, or amqp:// in a network of one's own. Of a query it takes heartbeat and auth_mechanism."`
	CA         string       `yaml:"ca" doc:"PEM file of the authorities that sign the broker's certificate. The system's when not given."`
	Cert       string       `yaml:"cert" doc:"PEM file of this host's certificate, where the broker asks for one."`
	Key        string       `yaml:"key" doc:"PEM file with its private key."`
	Exchange   string       `yaml:"exchange" doc:"The exchange, which must exist. Empty: the default exchange, where the routing key is the name of a queue."`
	RoutingKey string       `yaml:"routing_key" doc:"Routing key of a message: text and {verdict} {app_id} {event_vendor} {event_name}, each within one word."`
	Queue      string       `yaml:"queue" doc:"A durable queue to declare, and to bind to the exchange, when the sink opens. Empty: queues are the operator's."`
	QueueType  string       `yaml:"queue_type" enum:"quorum,classic" doc:"Type of that queue: quorum is replicated, classic is on one node."`
	Binding    string       `yaml:"binding" doc:"Binding key of that queue; # is every message of a topic exchange."`
	Mandatory  bool         `yaml:"mandatory" doc:"Call an event that no queue receives a failure. Without, the broker drops it and confirms."`
	Format     string       `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"What a message holds: the envelope, a flat object, Snowplow analytics JSON or enriched TSV."`
	MaxMessage sinks.Size   `yaml:"max_message" doc:"Largest message to send, at most the broker's max_message_size. A larger one is a permanent failure."`
	InFlight   int          `yaml:"in_flight" doc:"Most messages sent and not confirmed yet, at most 65535."`
}

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.URL == "" {
		report("url: required, for example amqps://user:password@rabbit.example.com:5671/vhost")
	} else if _, err := parseURL(c.URL.Reveal()); err != nil {
		report("url: %w", err)
	}
	if (c.Cert == "") != (c.Key == "") {
		report("cert, key: give both or neither")
	}
	for _, n := range []struct{ key, name string }{{"exchange", c.Exchange}, {"queue", c.Queue}, {"binding", c.Binding}} {
		if len(n.name) > maxShort || strings.ContainsFunc(n.name, unprintable) {
			report("%s: not a name of at most %d bytes without control characters", n.key, maxShort)
		}
	}
	if strings.HasPrefix(c.Queue, "amq.") {
		report("queue: names that begin with amq. belong to the broker")
	}
	if _, err := parseKey(c.RoutingKey); err != nil {
		report("routing_key: %w", err)
	}
	if !slices.Contains([]string{"quorum", "classic"}, c.QueueType) {
		report("queue_type: %q is none of quorum, classic", c.QueueType)
	}
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	}
	if c.MaxMessage <= 0 {
		report("max_message: must be above 0")
	}
	if c.InFlight <= 0 || c.InFlight > 65535 {
		report("in_flight: must be from 1 to 65535")
	}
	return errors.Join(errs...)
}

// address is where to connect, without what is secret of it.
type address struct {
	host   string
	port   string
	secure bool
}

func (a address) String() string { return net.JoinHostPort(a.host, a.port) }

// parseURL says nothing of the URL in its errors: it holds a password.
func parseURL(text string) (address, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "amqp" && u.Scheme != "amqps" || u.Hostname() == "" {
		return address{}, errors.New("not a URL of amqp or amqps with a host")
	}
	for name := range u.Query() {
		if !slices.Contains([]string{"heartbeat", "auth_mechanism"}, name) {
			return address{}, errors.New("its query may hold heartbeat and auth_mechanism; for TLS see ca, cert and key")
		}
	}
	uri, err := amqp.ParseURI(text)
	if err != nil {
		return address{}, errors.New("not an AMQP URI: see that its password and vhost are percent-encoded")
	}
	return address{host: uri.Host, port: strconv.Itoa(uri.Port), secure: uri.Scheme == "amqps"}, nil
}

// tls reads the files that the configuration names.
func (c *Config) tls(name string) (*tls.Config, error) {
	t, err := sinks.ClientTLS(c.CA, c.Cert, c.Key)
	if err == nil {
		t.ServerName = name
	}
	return t, err
}
