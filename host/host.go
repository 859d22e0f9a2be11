// Package host is the durable half of weir: it takes signed batches from
// edges, keeps them in a journal, and delivers them to sinks.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"weir/edge/listen"
	"weir/edge/signature"
	"weir/host/admin"
	"weir/host/config"
	"weir/host/delivery"
	"weir/host/failed"
	"weir/host/ingest"
	"weir/host/journal"
	"weir/host/judge"
	"weir/host/logstream"
	"weir/host/metrics"
	"weir/host/offer"
	"weir/host/replay"
	"weir/host/salt"
	"weir/host/tail"
	"weir/host/ui"
	"weir/host/window"
	"weir/sinks"
)

// Version of the binary; the linker sets it.
var Version = "dev"

// Host is one running host. What it holds on disk belongs to it alone.
type Host struct {
	cfg     *config.Config
	log     *slog.Logger
	secrets [][]byte
	secret  string

	journal  journal.Journal
	failed   *failed.Store
	tail     *tail.Tail
	metrics  *metrics.Metrics
	sinks    map[string]*delivery.Sink
	judge    *judge.Judge
	routes   []delivery.Route
	windows  []*window.Window
	delivery *delivery.Delivery
	ingest   *ingest.Handler
	salts    *salt.Keeper
	offer    *offer.Handler
	logs     *logstream.Handler // nil when no service's logs are taken
	admin    *admin.Handler

	public, private, scraped net.Listener
	certificate              *listen.Certificate // the public listener's; nil without TLS
	ready                    chan struct{}
	done                     chan struct{} // closed when the host begins to drain
}

// New opens the journal, builds the sinks and binds the listeners; Run serves
// them. Sinks are connected when they are first written to: one that is away
// does not keep the host from accepting. The host is not to be used after an
// error.
func New(cfg *config.Config, log *slog.Logger) (*Host, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	h := &Host{cfg: cfg, log: log, tail: new(tail.Tail), metrics: metrics.New(), sinks: map[string]*delivery.Sink{},
		ready: make(chan struct{}), done: make(chan struct{})}
	if err := h.open(); err != nil {
		return nil, errors.Join(err, h.release())
	}
	return h, nil
}

func (h *Host) open() error {
	if err := os.MkdirAll(h.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("creating the data directory (data_dir says where): %w", err)
	}
	if err := h.openJournal(); err != nil {
		return err
	}
	if err := h.openSecrets(); err != nil {
		return err
	}
	if err := h.openRoutes(); err != nil {
		return err
	}
	h.ingest = ingest.New(ingest.Config{
		Store: h.journal, Secrets: h.secrets, Rate: h.cfg.Edge.Rate, MaxBody: int64(h.cfg.Public.MaxBody), Arriving: int64(h.cfg.Public.Arriving),
		Concurrent: h.cfg.Public.Concurrent, Timeout: h.cfg.Public.Timeout, Required: h.required(), AckWait: h.cfg.Public.AckWait,
		Log: h.log, Observe: h.metrics.Ingested,
	})
	h.offer = offer.New(offer.Config{Secrets: h.secrets, Bundle: h.judge.Bundle, Salts: h.salts.Salts, Log: h.log})
	if services := h.cfg.Edge.Services; len(services) > 0 {
		h.logs = logstream.New(logstream.Config{Services: services, Secrets: h.secrets, Keep: h.ingest.Keep, Observe: h.metrics.LogLines, Log: h.log})
	}
	again := &failed.Retrier{Store: h.failed, Journal: h.journal, Judge: h.judge}
	if n, err := again.Resume(context.Background()); err != nil {
		h.log.Warn("host: failed events that passed when they were judged again are not handed over yet; weir failed retry goes on with it", "error", err)
	} else if n > 0 {
		h.log.Info("host: failed events that passed when they were judged again were handed over", "events", n)
	}
	h.metrics.Register(metrics.Gauges{Stats: h.journal.Stats, Status: h.Status})
	h.admin = admin.New(admin.Config{
		Version: Version, Started: time.Now(), Token: h.cfg.Admin.Token.Reveal(),
		UI: ui.Handler(), Metrics: h.metrics.Handler(), Totals: h.metrics.Totals, Journal: h.journal, Routes: h.Status,
		Failed: h.failed, Again: again, Replay: &replay.Replayer{Store: h.journal, Judge: h.judge.Event}, Dropped: func(n int) { h.metrics.Dropped("operator", n) }, Tail: h.tail, Log: h.log, Done: h.done,
	})
	return h.listen()
}

// required names the routes that ack "delivered" waits for.
func (h *Host) required() (names []string) {
	for _, r := range h.cfg.Routes {
		if r.Required {
			names = append(names, r.Name)
		}
	}
	return names
}

func (h *Host) openSecrets() error {
	list := h.cfg.Edge.Secrets
	if len(list) == 0 {
		path := h.cfg.Path("secret")
		secret, err := keptSecret(path)
		if err != nil {
			return err
		}
		h.log.Info("host: no secret is configured; edges need the generated one as "+config.SecretVariable, "file", path)
		list = []sinks.Secret{secret}
	}
	h.secret = list[0].Reveal()
	for _, s := range list {
		key, err := signature.ParseSecret(s.Reveal())
		if err != nil {
			return fmt.Errorf("reading the edges' secret: %w", err)
		}
		h.secrets = append(h.secrets, key)
	}
	return nil
}

func (h *Host) openRoutes() error {
	var err error
	if h.judge, err = judge.New(h.cfg.Schemas, h.schemasRead); err != nil {
		return err
	}
	for _, s := range h.cfg.Sinks {
		kind, ok := sinks.Lookup(s.Kind)
		if !ok {
			return fmt.Errorf("sink %s: this binary has no kind %q", s.Name, s.Kind)
		}
		dir := h.cfg.Path("sinks", s.Name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("sink %s: %w", s.Name, err)
		}
		sink, err := kind.New(s.Config, sinks.Env{Name: s.Name, Log: h.log.With("sink", s.Name), DataDir: dir})
		if err != nil {
			return fmt.Errorf("sink %s: %w", s.Name, err)
		}
		h.sinks[s.Name] = delivery.NewSink(s.Name, sink)
	}
	h.routes = []delivery.Route{h.observer()}
	for _, r := range h.cfg.Routes {
		route := delivery.Route{Settings: r, Sink: h.sinks[r.Sink]}
		if r.Dedupe.Keep > 0 {
			w, err := window.Open(h.cfg.Path("delivered", r.Name), window.Options{Keep: r.Dedupe.Keep, Max: r.Dedupe.Max, Log: h.log.With("route", r.Name)})
			if err != nil {
				return fmt.Errorf("route %s: %w", r.Name, err)
			}
			h.windows = append(h.windows, w)
			route.Window = w
		}
		h.routes = append(h.routes, route)
	}
	for i := range h.routes {
		r := &h.routes[i]
		if r.Journal, err = h.journal.Route(r.Settings.Name); err != nil {
			return err
		}
	}
	return nil
}

func (h *Host) listen() error {
	var err error
	if t := h.cfg.Public.TLS; t.Cert != "" {
		if h.certificate, err = listen.OpenCertificate(t.Cert, t.Key, h.log); err != nil {
			return err
		}
	}
	if h.public, err = net.Listen("tcp", h.cfg.Public.Listen); err != nil {
		return fmt.Errorf("opening the public listener (public.listen, in weir dev --host-listen): %w", err)
	}
	if at := h.cfg.Admin.Metrics; at != "" {
		if h.scraped, err = net.Listen("tcp", at); err != nil {
			return fmt.Errorf("opening the listener for metrics (admin.metrics): %w", err)
		}
	}
	if h.cfg.Admin.Listen == config.AdminOff {
		return nil
	}
	if h.private, err = net.Listen("tcp", h.cfg.Admin.Listen); err != nil {
		return fmt.Errorf("opening the admin listener (admin.listen, in weir dev --admin-listen): %w", err)
	}
	return nil
}

// expired takes the number of dead letters that retention has deleted.
func (h *Host) expired(n int) {
	h.metrics.Dropped("retention", n)
	h.log.Warn("host: dead letters were deleted because of their age or number: dead_letters.keep and max", "letters", n)
}

// schemasRead takes what came of reading schemas that had changed.
func (h *Host) schemasRead(err error) {
	h.metrics.SchemasRead(err)
	if err != nil {
		h.log.Error("host: schemas have changed and cannot be used; those read before still judge", "error", err)
		return
	}
	h.log.Info("host: schemas were read again")
}

// Refresh reads the schemas again. Faults are logged, and leave the schemas as
// they were.
func (h *Host) Refresh() { h.judge.Refresh() }

// Ready is closed once batches are accepted.
func (h *Host) Ready() <-chan struct{} { return h.ready }

// PublicAddr is the address that edges send to, port included.
func (h *Host) PublicAddr() string { return h.public.Addr().String() }

// AdminAddr is the address of the admin listener, empty when there is none.
func (h *Host) AdminAddr() string {
	if h.private == nil {
		return ""
	}
	return h.private.Addr().String()
}

// MetricsAddr is the address that serves metrics alone, empty when there is none.
func (h *Host) MetricsAddr() string {
	if h.scraped == nil {
		return ""
	}
	return h.scraped.Addr().String()
}

// Secret is the secret to configure edges with, in its whsec_ form.
func (h *Host) Secret() string { return h.secret }

// Announce tells the live page where trackers send to and where the demo page
// is. Either may be empty.
func (h *Host) Announce(collector, demo string) { h.admin.Announce(collector, demo) }

// Status describes every route.
func (h *Host) Status() []delivery.Status {
	if h.delivery == nil {
		return nil
	}
	return h.delivery.Status()
}
