package http

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"weir/edge/signature"
	"weir/sinks"
	"weir/sinks/format"
)

// maxAnswer bounds what is read of an answer, so that its connection can be used again.
const maxAnswer = 64 << 10

// Sink posts to one URL.
type Sink struct {
	config Config
	format format.Format
	url    *url.URL
	secret []byte // nil: requests are not signed
	rules  rules
	dialer *net.Dialer
	tls    *tls.Config // nil: the system's roots

	client atomic.Pointer[http.Client] // nil while closed
}

func newSink(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Sink{config: c}
	var err error
	if s.format, err = format.New(c.Format); err != nil {
		return nil, err
	}
	if s.url, err = url.Parse(c.URL.Reveal()); err != nil {
		return nil, errors.New("url: not a URL")
	}
	if c.Secret != "" {
		if s.secret, err = signature.ParseSecret(c.Secret.Reveal()); err != nil {
			return nil, fmt.Errorf("secret: %w", err)
		}
	}
	if s.rules, err = newRules(c.Responses); err != nil {
		return nil, err
	}
	private, err := c.private()
	if err != nil {
		return nil, err
	}
	g := guard{private: private, public: s.url.Scheme == "https"}
	s.dialer = &net.Dialer{Timeout: c.Timeout, Control: g.control}
	return s, nil
}

// Limits bounds a batch and says how many Writes may run at a time.
func (s *Sink) Limits() sinks.Limits {
	return sinks.Limits{Events: s.config.Events, Bytes: int(s.config.Bytes), InFlight: s.config.InFlight}
}

// Open prepares a client. There is no connection to hold: each request finds its own.
func (s *Sink) Open(context.Context) error {
	if s.client.Load() != nil {
		return nil
	}
	s.client.Store(&http.Client{
		Timeout:       s.config.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // not even the environment's: it would dial for us
			DialContext:            s.dialer.DialContext,
			TLSClientConfig:        s.tls,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    s.config.InFlight,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: maxAnswer,
			DisableCompression:     true, // an answer may not grow beyond what was sent
		},
	})
	return nil
}

// Write posts the batch: in one request, or in one for each event.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	client := s.client.Load()
	if client == nil {
		return sinks.ErrNotConnected
	}
	if s.config.Body == "event" {
		return s.postEach(ctx, client, b)
	}
	body, failed := s.body(b)
	if len(failed) < len(b.Events) {
		if err := s.post(ctx, client, b.ID, body); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return ctx.Err()
}

// postEach posts one event after another. When the receiver is in trouble the
// rest of the batch fails with it for now, and what was taken is not sent again.
func (s *Sink) postEach(ctx context.Context, client *http.Client, b sinks.Batch) error {
	var failed []sinks.EventError
	var text []byte
	posted := false
	for i, e := range b.Events {
		var err error
		if text, err = s.format.Append(text[:0], e); err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		first := !posted
		posted = true
		err = s.post(ctx, client, e.ID+"-"+e.Fingerprint, text)
		switch {
		case err == nil:
			continue
		case sinks.IsPermanent(err):
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		case first || ctx.Err() != nil:
			return err
		}
		for rest := i; rest < len(b.Events); rest++ {
			failed = append(failed, sinks.EventError{Index: rest, Err: err})
		}
		break
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return ctx.Err()
}

// body spells a batch as one request, without the events that cannot be spelled.
func (s *Sink) body(b sinks.Batch) (body []byte, failed []sinks.EventError) {
	size := 2
	for i := range b.Events {
		size += len(b.Events[i].Envelope) + 1
	}
	body = make([]byte, 0, size)
	separator := byte('\n')
	if s.config.Body == "array" {
		body, separator = append(body, '['), ','
	}
	for i, e := range b.Events {
		text, err := s.format.Append(body, e)
		if err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		body = append(text, separator)
	}
	if s.config.Body == "array" && body[len(body)-1] == separator {
		body[len(body)-1] = ']'
	}
	return body, failed
}

// contentType is what the receiver is told about a body.
func (s *Sink) contentType() string {
	if s.config.Body == "ndjson" && s.config.Format != "tsv" {
		return "application/x-ndjson"
	}
	return s.format.ContentType()
}

// post sends one request. Its error says nothing of the URL's query or of the
// answer's body, either of which may hold secrets or events.
func (s *Sink) post(ctx context.Context, client *http.Client, id string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("posting to %s: %w", s.url.Host, bare(err))
	}
	now := time.Now()
	for name, value := range s.config.Headers {
		request.Header.Set(name, value.Reveal())
	}
	request.Header.Set("Content-Type", s.contentType())
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	// Present without a value it is not sent, and lets the client repeat a request
	// that found an idle connection dead: webhook-id makes that harmless.
	request.Header["Idempotency-Key"] = nil
	if s.secret != nil {
		request.Header.Set("Webhook-Signature", signature.Sign(s.secret, id, now.Unix(), body))
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("posting to %s: %w", s.url.Host, bare(err))
	}
	// What cannot be read costs the connection, not the answer.
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	response.Body.Close()

	err = fmt.Errorf("%s answered %d", s.url.Host, response.StatusCode)
	switch s.rules.judge(response.StatusCode) {
	case ok:
		return nil
	case permanent:
		return sinks.Permanent(err)
	case throttle:
		return sinks.Throttled(err, retryAfter(response.Header, now))
	default:
		return err
	}
}

// bare takes the URL off an error of the client.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Check resolves, dials and, for https, shakes hands. It sends no request.
func (s *Sink) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	port := s.url.Port()
	if port == "" {
		port = s.url.Scheme // names are ports, too
	}
	address := net.JoinHostPort(s.url.Hostname(), port)
	var conn net.Conn
	var err error
	if s.url.Scheme == "https" {
		conn, err = (&tls.Dialer{NetDialer: s.dialer, Config: s.tls}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = s.dialer.DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return fmt.Errorf("checking %s: %w", s.url.Host, err)
	}
	return conn.Close()
}

// Close lets go of idle connections.
func (s *Sink) Close(context.Context) error {
	if client := s.client.Swap(nil); client != nil {
		client.CloseIdleConnections()
	}
	return nil
}
