// Package refresh keeps the schemas and the salts of a running edge as its hosts
// have them. Package edge/abi specifies what hosts are asked.
package refresh

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"time"
)

// Engine takes what hosts give. An error of either says that everything is as
// it was.
type Engine interface {
	UseBundle(ctx context.Context, bundle []byte) error
	UseSalts(ctx context.Context, json []byte) error
}

// Config says whom to ask, for what and how often.
type Config struct {
	// Hosts are base URLs in order of preference; the first that answers counts.
	Hosts []string
	// Secret signs; see [signature.ParseSecret].
	Secret []byte
	Bundle bool // whether to ask for schemas
	Salts  bool // whether to ask for salts

	// Every is how often hosts are asked, give or take a fifth at random. 0: a minute.
	Every time.Duration
	// Timeout bounds one answer of one host. 0: 10 s.
	Timeout time.Duration
	// Transport carries the requests. nil: one with keep-alive and no proxy.
	Transport http.RoundTripper
	// Now is the clock of signatures and salts. nil: time.Now.
	Now func() time.Time
	// Log receives one line for each change, and one when hosts stop and begin to answer. nil: slog.Default.
	Log *slog.Logger
}

// Refresher asks hosts for what an engine is to work with. What it had stays
// until there is better: while no host answers, and when what one answers is refused.
type Refresher struct {
	cfg    Config
	engine Engine
	client *http.Client

	bundle, salts kept
	held          []salt // that the engine has
}

// kept is what an engine has of a kind.
type kept struct {
	tag   string // of the answer it took last
	fault string // what was wrong when it was asked for last, once logged
}

// New returns a refresher of an engine, which [Refresher.Once] and
// [Refresher.Run] set to work. Hosts have been checked by whoever forwards to them.
func New(cfg Config, engine Engine) *Refresher {
	if cfg.Every <= 0 {
		cfg.Every = time.Minute
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy = nil
		cfg.Transport = t
	}
	return &Refresher{cfg: cfg, engine: engine, client: &http.Client{
		Transport: cfg.Transport,
		// A host never redirects; following would take a signed request elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Run asks again and again until ctx ends.
func (r *Refresher) Run(ctx context.Context) {
	for {
		// Edges that were started together do not ask together.
		timer := time.NewTimer(time.Duration(float64(r.cfg.Every) * (0.8 + 0.4*mathrand.Float64())))
		select {
		case <-timer.C:
			r.Once(ctx)
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// Once asks for all that there is to ask for. What fails is logged, and left
// for the next time.
func (r *Refresher) Once(ctx context.Context) {
	if r.cfg.Salts {
		r.note(ctx, "salts", &r.salts, r.refreshSalts(ctx))
	}
	if r.cfg.Bundle {
		r.note(ctx, "schemas", &r.bundle, r.refreshBundle(ctx))
	}
}

// note logs a fault when it is another than the last, and that there is none any more.
func (r *Refresher) note(ctx context.Context, what string, k *kept, err error) {
	switch {
	case ctx.Err() != nil: // the edge stops
	case err != nil && err.Error() != k.fault:
		k.fault = err.Error()
		r.cfg.Log.Warn("refresh: the "+what+" of the hosts are not to be had; the edge keeps what it has", "error", err)
	case err == nil && k.fault != "":
		k.fault = ""
		r.cfg.Log.Info("refresh: the " + what + " of the hosts are to be had again")
	}
}

func (r *Refresher) refreshBundle(ctx context.Context) error {
	a, err := r.ask(ctx, "bundle", r.bundle.tag)
	if err != nil || a.status != http.StatusOK {
		return err // or nothing has changed
	}
	if err := r.engine.UseBundle(ctx, a.body); err != nil {
		return fmt.Errorf("%s: %w", a.host, err)
	}
	r.bundle.tag = a.tag
	r.cfg.Log.Info("refresh: the edge judges by the schemas of its host", "host", a.host, "bytes", len(a.body))
	return nil
}

func (r *Refresher) refreshSalts(ctx context.Context) error {
	return errors.Join(r.takeSalts(ctx), r.forget(ctx))
}

func (r *Refresher) takeSalts(ctx context.Context) error {
	a, err := r.ask(ctx, "salts", r.salts.tag)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusNotModified:
		return nil
	case a.status != http.StatusOK:
		return fmt.Errorf("%s: answered %d", a.host, a.status)
	}
	list, err := parseSalts(a.body)
	if err == nil {
		err = r.engine.UseSalts(ctx, a.body)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", a.host, err)
	}
	r.salts.tag, r.held = a.tag, list
	r.cfg.Log.Info("refresh: the edge has the salts of its host", "host", a.host, "salts", len(list))
	return nil
}

// nonce makes an id of a request, which says what the signature is good for.
func nonce(purpose string) string {
	var b [16]byte
	rand.Read(b[:])
	return purpose + "_" + hex.EncodeToString(b[:])
}
