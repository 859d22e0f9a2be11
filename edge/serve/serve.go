// Package serve runs the collector behind net/http: requests in, signed
// batches out, answers back.
package serve

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"weir/edge/abi"
	"weir/edge/collector"
	"weir/edge/envelope"
)

// Engine handles one request and passes the outcome to use, which copies what
// it keeps. An error means that the request was not taken.
type Engine interface {
	Collect(ctx context.Context, in *collector.Input, use func(*collector.Outcome)) error
}

// Forwarder delivers a batch; nil means that a host holds it.
type Forwarder interface {
	Forward(ctx context.Context, id string, batch []byte) error
}

// Config says what a [Handler] runs and within which bounds.
type Config struct {
	Engine  Engine
	Forward Forwarder

	// MaxBody is the most of a body that is read, in bytes. 0: 1 MiB.
	MaxBody int
	// BodyTimeout cuts a client that sends its body too slowly. 0: 25 s.
	BodyTimeout time.Duration
	// TrustedProxies are the peers whose X-Forwarded-For and X-Forwarded-Proto
	// are believed. Empty: the client's address is the peer's.
	TrustedProxies []netip.Prefix
	// MaxBackground is how many batches may be under way after their answers,
	// in ack mode fast; beyond it answers wait. 0: 1024.
	MaxBackground int

	// PerAddress bounds the requests of one address, of a /64 for IPv6, and
	// PerApp the events of one app. Beyond it the answer is 429 with Retry-After.
	PerAddress, PerApp Rate

	Log *slog.Logger     // nil: slog.Default
	Now func() time.Time // nil: time.Now
}

// Handler answers trackers. It is safe for concurrent use.
type Handler struct {
	cfg        Config
	current    current
	exchanges  sync.Pool     // of *exchange
	background chan struct{} // a token per batch that is forwarded after its answer
	outage     outage

	addresses *buckets[netip.Prefix] // nil for no bound
	apps      *buckets[string]
	shed      shed
}

// New returns a handler. Engine and Forward are required.
func New(cfg Config) (*Handler, error) {
	if cfg.Engine == nil || cfg.Forward == nil {
		return nil, errors.New("serving: an engine and a forwarder are required")
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.BodyTimeout <= 0 {
		cfg.BodyTimeout = 25 * time.Second
	}
	if cfg.MaxBackground <= 0 {
		cfg.MaxBackground = 1024
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	h := &Handler{cfg: cfg, background: make(chan struct{}, cfg.MaxBackground)}
	h.addresses, h.apps = newBuckets[netip.Prefix](cfg.PerAddress), newBuckets[string](cfg.PerApp)
	h.current.set(cfg.Engine, cfg.MaxBody)
	h.exchanges.New = func() any { return new(exchange) }
	return h, nil
}

// NewServer returns a server around h that cuts slow clients. It speaks
// HTTP/1.1 and HTTP/2, the latter without TLS as well (h2c, RFC 9113 section
// 3.3), as some proxies do.
func NewServer(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		// From the end of the header to that of the answer: more than a slow body
		// and a slow host take together.
		WriteTimeout:   time.Minute,
		IdleTimeout:    10 * time.Minute,
		MaxHeaderBytes: 64 << 10,
		Protocols:      &protocols,
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: 100},
		// OPTIONS * gets the same answer as any other preflight.
		DisableGeneralOptionsHandler: true,
	}
}

// exchange is the room that one request takes. The outcome is copied into it,
// so that the engine is free again while the batch is under way.
type exchange struct {
	in      collector.Input
	body    []byte
	maxBody int
	outcome collector.Outcome
	frame   []byte // what outcome refers to
}

// keep copies an outcome, in the form that crosses memories anyway.
func (x *exchange) keep(out *collector.Outcome) {
	x.frame = abi.AppendOutcome(x.frame[:0], out)
	abi.DecodeOutcome(&x.outcome, x.frame)
}

// ServeHTTP answers one request as its protocol expects, once its batch is as
// safe as its ack mode asks.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := h.exchanges.Get().(*exchange)
	defer h.exchanges.Put(x)

	if len(r.TransferEncoding) > 0 && r.ProtoMajor == 1 {
		// There may have been a Content-Length, too, which net/http passes over
		// without a word: what follows may be meant as part of this request by
		// whoever passed it on (RFC 9112 section 6.1).
		w.Header().Set("Connection", "close")
	}
	now := h.cfg.Now()
	if h.addresses != nil {
		if wait := h.addresses.take(now, map[netip.Prefix]int{network(h.client(r)): 1}); wait > 0 {
			h.shed.note(h.cfg.Log, now, "address")
			refuse(w, r, http.StatusTooManyRequests, seconds(wait))
			return
		}
	}
	g := h.current.take()
	x.maxBody = g.maxBody
	if err := h.read(x, w, r); err != nil {
		g.users.Done()
		// Too slow, hung up, or broken off: half a body is no event, and a
		// tracker that still listens keeps what it has for another try.
		refuse(w, r, http.StatusRequestTimeout, retryAfter)
		return
	}
	err := g.engine.Collect(r.Context(), &x.in, x.keep)
	g.users.Done()
	if err != nil {
		h.cfg.Log.Error("a request was not taken", "error", err)
		refuse(w, r, http.StatusServiceUnavailable, retryAfter)
		return
	}
	out := &x.outcome
	if h.apps != nil && len(out.Batch) > 0 {
		if wait := h.apps.take(now, countApps(out.Batch)); wait > 0 {
			h.shed.note(h.cfg.Log, now, "app")
			tooMany(out, wait)
			answer(w, &out.Refusal)
			return
		}
	}
	switch {
	case len(out.Batch) == 0,
		out.Ack == envelope.AckFast && h.later(out),
		h.forward(out.BatchID, out.Batch):
		answer(w, &out.Response)
	default:
		answer(w, &out.Refusal)
	}
}

// forward delivers a batch and reports whether a host holds it. A tracker that
// hangs up meanwhile does not take back what it sent.
func (h *Handler) forward(id string, batch []byte) bool {
	err := h.cfg.Forward.Forward(context.Background(), id, batch)
	h.outage.note(h.cfg.Log, err)
	return err == nil
}

// later forwards a copy of the batch after the answer, and reports false when
// too many are under way for another.
func (h *Handler) later(out *collector.Outcome) bool {
	select {
	case h.background <- struct{}{}:
	default:
		return false
	}
	id, batch := string([]byte(out.BatchID)), append([]byte(nil), out.Batch...)
	go func() {
		h.forward(id, batch)
		<-h.background
	}()
	return true
}

// Drain waits until no batch is under way, or ctx ends. It is called once the
// server has shut down; a request that comes later waits for its host.
func (h *Handler) Drain(ctx context.Context) error {
	for range cap(h.background) {
		select {
		case h.background <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
