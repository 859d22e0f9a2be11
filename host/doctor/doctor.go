// Package doctor examines a running edge from outside, as trackers and browsers
// meet it, follows an event of its own to the host, and says what to do about
// what it finds.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says what to examine. Only Edge is required; what else is known lets
// more be found out.
type Config struct {
	Edge   string // base URL that trackers are given
	Path   string // where they post to; empty: Snowplow's /com.snowplowanalytics.snowplow/tp2
	Origin string // origin of a page with a tracker; empty: https://weir-doctor.example

	Host   string // base URL of the host's public listener
	Secret []byte // the host's, in bytes
	Admin  string // base URL of the host's admin listener
	Token  string // its token, if it wants one

	// Schema and Data are the self-describing event that is sent, the latter
	// JSON. Empty: a link_click, which the schemas out of the box know.
	Schema, Data string
	// Wait is how long the event may take from the edge's answer to the host's
	// admin listener. 0: 15 s.
	Wait time.Duration
	// Bundle is the hash of this program's schemas, for comparison. Empty: unknown.
	Bundle string
	// Version is that of this program.
	Version string

	Client *http.Client     // nil: one with a time-out of 10 s that follows no redirect
	Now    func() time.Time // nil: time.Now
}

// AppID is the app_id of events that the doctor sends.
const AppID = "weir-doctor"

// examination is one run.
type examination struct {
	cfg    Config
	edge   *url.URL
	report Report

	reached  bool          // the edge answered
	skew     time.Duration // of the edge's clock to this machine's
	hostSkew time.Duration
	// hostKnown says that the host answered; hostTold that its secret is the one given.
	hostKnown, hostTold bool
}

// Run examines. An error says that it could not begin; what is wrong with the
// edge stands in the report.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	x := &examination{cfg: cfg}
	if err := x.prepare(); err != nil {
		return nil, err
	}
	x.report.Edge = x.cfg.Edge
	if x.resolve(ctx) && x.secure(ctx) && x.health(ctx) {
		x.reached = true
		x.preflight(ctx)
	}
	x.host(ctx)
	x.clocks()
	watch := x.admin(ctx)
	if watch != nil {
		defer watch.close()
	}
	if x.reached {
		x.event(ctx, watch)
	}
	return &x.report, nil
}

func (x *examination) prepare() (err error) {
	cfg := &x.cfg
	if x.edge, err = baseURL("the edge", &cfg.Edge); err != nil {
		return err
	}
	for what, base := range map[string]*string{"the host": &cfg.Host, "the admin listener": &cfg.Admin} {
		if *base == "" {
			continue
		}
		if _, err := baseURL(what, base); err != nil {
			return err
		}
	}
	if cfg.Path == "" {
		cfg.Path = "/com.snowplowanalytics.snowplow/tp2"
	}
	if cfg.Origin == "" {
		cfg.Origin = "https://weir-doctor.example"
	}
	if (cfg.Schema == "") != (cfg.Data == "") {
		return errors.New("a schema and data belong together")
	}
	if cfg.Schema == "" {
		cfg.Schema = "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1"
		cfg.Data = `{"targetUrl":"https://weir-doctor.example/"}`
	}
	if cfg.Wait <= 0 {
		cfg.Wait = 15 * time.Second
	}
	if cfg.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy = nil
		cfg.Client = &http.Client{Transport: t, Timeout: 10 * time.Second}
	}
	follow := *cfg.Client
	// A redirect is a finding: trackers do not post twice.
	follow.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.Client = &follow
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return nil
}

// baseURL parses *text and cuts a slash at its end off.
func baseURL(what string, text *string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(*text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the address of %s must be a base URL such as https://events.example.com", what)
	}
	*text = u.String()
	return u, nil
}

// isLocal reports whether a host is this machine, where nobody listens in.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// cause is an error without the URL that net/http repeats in it.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
