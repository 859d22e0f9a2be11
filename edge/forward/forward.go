// Package forward delivers a signed batch from an edge to the first host that
// takes it.
package forward

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"weir/edge/signature"
)

// path is where a host takes batches; the signature does not cover it, so it is fixed.
const path = "/v1/batches"

// maxReceipt bounds what is read of a host's answer, in bytes.
const maxReceipt = 64 << 10

// Config says whom to deliver to and how long to try.
type Config struct {
	// Hosts are base URLs ("https://host.example") in order of preference.
	Hosts []string
	// Secret signs; see [signature.ParseSecret].
	Secret []byte
	// TryTimeout bounds one host, from dialling to the end of its answer. 0: 2 s.
	TryTimeout time.Duration
	// Deadline bounds all hosts together. 0: 4 s, which leaves a tracker that
	// gives up after 5 s time to hear of it.
	Deadline time.Duration
	// Transport carries the requests. nil: one with keep-alive and no proxy.
	Transport http.RoundTripper
	// Now is the clock of the signature. nil: time.Now.
	Now func() time.Time
}

// Forwarder delivers batches. It is safe for concurrent use.
type Forwarder struct {
	cfg    Config
	urls   []string
	client *http.Client
}

// New checks the configuration. Its errors name the host at fault.
func New(cfg Config) (*Forwarder, error) {
	if len(cfg.Hosts) == 0 {
		return nil, errors.New("forwarding: no host is configured: set WEIR_HOST to the base URL of one, or several separated by commas")
	}
	if len(cfg.Secret) == 0 {
		return nil, errors.New("forwarding: no secret is configured: set WEIR_SECRET to the host's whsec_… secret")
	}
	if cfg.TryTimeout <= 0 {
		cfg.TryTimeout = 2 * time.Second
	}
	if cfg.Deadline <= 0 {
		cfg.Deadline = 4 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy = nil
		t.MaxIdleConnsPerHost = 256
		cfg.Transport = t
	}
	f := &Forwarder{cfg: cfg}
	for n, host := range cfg.Hosts {
		u, err := url.Parse(host)
		if err != nil {
			return nil, fmt.Errorf("forwarding: host %d of %d is not a URL", n+1, len(cfg.Hosts))
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("forwarding: host %q is not a base URL such as https://host.example", u.Redacted())
		}
		f.urls = append(f.urls, strings.TrimSuffix(host, "/")+path)
	}
	f.client = &http.Client{
		Transport: cfg.Transport,
		// A host never redirects; following would take a signed batch elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return f, nil
}

// ParseHosts splits a comma-separated list as WEIR_HOST holds it.
func ParseHosts(list string) []string {
	var hosts []string
	for host := range strings.SplitSeq(list, ",") {
		if host = strings.TrimSpace(host); host != "" {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// Error says that no host took a batch.
type Error struct {
	Batch string
	Tries []Try
}

// Try is one host's refusal.
type Try struct {
	Host   string
	Status int   // 0 when the host gave no answer
	Err    error // why there was no answer, or why it was none
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "forwarding batch %s: no host took it", e.Batch)
	for _, t := range e.Tries {
		if t.Err != nil {
			fmt.Fprintf(&b, "; %s: %v", t.Host, t.Err)
		} else {
			fmt.Fprintf(&b, "; %s: answered %d", t.Host, t.Status)
			if t.Status == http.StatusUnauthorized {
				b.WriteString(" (is WEIR_SECRET the host's? are the clocks right?)")
			}
		}
	}
	return b.String()
}

func (e *Error) Unwrap() []error {
	var errs []error
	for _, t := range e.Tries {
		if t.Err != nil {
			errs = append(errs, t.Err)
		}
	}
	return errs
}

// Forward returns nil once a host has confirmed that it holds the batch, and
// an *[Error] when none did in time.
func (f *Forwarder) Forward(ctx context.Context, id string, batch []byte) error {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Deadline)
	defer cancel()
	now := f.cfg.Now().Unix()
	signed := signature.Sign(f.cfg.Secret, id, now, batch)
	failed := &Error{Batch: id}
	for n, u := range f.urls {
		status, err := f.post(ctx, u, id, strconv.FormatInt(now, 10), signed, batch)
		if err == nil && status == http.StatusOK {
			return nil
		}
		failed.Tries = append(failed.Tries, Try{Host: f.cfg.Hosts[n], Status: status, Err: err})
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

func (f *Forwarder) post(ctx context.Context, to, id, timestamp, signed string, batch []byte) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.TryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(batch))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", timestamp)
	req.Header.Set("webhook-signature", signed)
	// Hosts de-duplicate by batch id. The empty value is not sent: it tells
	// net/http that it may send again when a kept-alive connection turns out dead.
	req.Header["Idempotency-Key"] = nil
	resp, err := f.client.Do(req)
	if err != nil {
		return 0, withoutURL(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxReceipt))
	if err != nil {
		return resp.StatusCode, fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, nil
	}
	// Anything can answer 200: only a host knows which batch it took.
	var receipt struct{ Batch string }
	if json.Unmarshal(answer, &receipt) != nil || receipt.Batch != id {
		return resp.StatusCode, errNoReceipt
	}
	return resp.StatusCode, nil
}

var errNoReceipt = errors.New("answered 200 without naming the batch: is this a weir host?")

// withoutURL takes the URL out of an error: the host is named beside it.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
