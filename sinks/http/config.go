// Package http is the sink that posts events to a URL, signed the Standard
// Webhooks way.
package http

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"weir/edge/signature"
	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "http",
		Doc:  "Posts events to a URL, signed the Standard Webhooks way.",
		Config: func() any {
			return &Config{Body: "ndjson", Format: "envelope", Timeout: 5 * time.Second, Events: 50, Bytes: 1 << 20, InFlight: 1}
		},
		New: func(config any, _ sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config)) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	URL       sinks.Secret            `yaml:"url" required:"true" doc:"Where to post: https, or http to an address in private. Its query is never logged."`
	Secret    sinks.Secret            `yaml:"secret" doc:"Standard Webhooks secret that signs each request: whsec_ and base64 of 24 to 64 random bytes. Empty: requests are not signed."`
	Headers   map[string]sinks.Secret `yaml:"headers" doc:"Further request headers, such as Authorization."`
	Body      string                  `yaml:"body" enum:"ndjson,array,event" doc:"Body of a request: ndjson, one event a line; array, a JSON array of events; event, one event a request, which lets the receiver refuse each on its own."`
	Format    string                  `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"How an event is spelled: its envelope, a flat object of columns, Snowplow analytics JSON, or Snowplow's enriched TSV, which cannot stand in an array."`
	Timeout   time.Duration           `yaml:"timeout" doc:"Longest time for one request, from dialling to the end of the answer."`
	Events    int                     `yaml:"events" doc:"Most events in a request."`
	Bytes     sinks.Size              `yaml:"bytes" doc:"Most bytes of events in a request. A larger event travels alone."`
	InFlight  int                     `yaml:"in_flight" doc:"Requests at a time. With more than 1 the order is lost."`
	Responses map[string]string       `yaml:"responses" doc:"What a status means, by number or class (409, 4xx): ok, retry, throttle or permanent. What is not listed keeps its meaning."`
	Private   []string                `yaml:"private" doc:"Networks (CIDR) to which the sink may connect although they are not public. All others that are not public are refused."`
}

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	// The URL may hold a token: no message quotes it.
	switch u, err := url.Parse(c.URL.Reveal()); {
	case c.URL == "":
		report("url: required, for example https://hooks.example.com/events")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		report("url: not an https URL with a host")
	case u.User != nil:
		report("url: move user and password to headers: Authorization")
	case u.Scheme == "http" && len(c.Private) == 0:
		report("url: plain http goes to addresses listed in private only: use https")
	}
	if _, err := signature.ParseSecret(c.Secret.Reveal()); c.Secret != "" && err != nil {
		report("secret: %w", err)
	}
	for name, value := range c.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value.Reveal()):
			report("headers: %q is not a header that can be sent", name)
		case slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)):
			report("headers: %s is set by the sink", name)
		}
	}
	if !slices.Contains([]string{"ndjson", "array", "event"}, c.Body) {
		report("body: %q is none of ndjson, array, event", c.Body)
	}
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	} else if c.Body == "array" && c.Format == "tsv" {
		report("body: an array holds JSON: use ndjson, a line for each event, with format: tsv")
	}
	if c.Timeout <= 0 {
		report("timeout: must be above 0")
	}
	if c.Events <= 0 || c.Bytes <= 0 || c.InFlight <= 0 {
		report("events, bytes, in_flight: must be above 0")
	}
	if _, err := newRules(c.Responses); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.private(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// ownHeaders are what a receiver relies on.
var ownHeaders = []string{"Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Host",
	"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}

func (c *Config) private() (list []netip.Prefix, err error) {
	for _, text := range c.Private {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("private: %q is not a network: write 10.1.0.0/16 or 127.0.0.1/32", text)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}
