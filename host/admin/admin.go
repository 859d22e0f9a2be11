// Package admin serves operators on a listener of its own: metrics, the live
// page and the API that the page and the command line read. What the page reads
// is specified in package ui, what the command line sends beside its handlers.
package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"weir/host/deadletter"
	"weir/host/delivery"
	"weir/host/failed"
	"weir/host/journal"
	"weir/host/metrics"
	"weir/host/replay"
	"weir/host/tail"
)

// Config is what the handlers show. All members but Token are required.
type Config struct {
	Version string
	Started time.Time
	Token   string // bearer token; empty asks for none
	UI      http.Handler
	Metrics http.Handler
	Totals  func() metrics.Totals
	Journal Journal
	Routes  func() []delivery.Status
	Failed  Failed
	Again   *failed.Retrier
	Replay  *replay.Replayer
	Dropped func(letters int) // called when an operator has dropped dead letters
	Tail    *tail.Tail
	Log     *slog.Logger
	// Done ends the streams, so that the listener can be shut down.
	Done <-chan struct{}
}

// Journal is the journal as operators see it.
type Journal interface {
	Stats(ctx context.Context) (journal.Stats, error)
	deadletter.Store
}

// Failed lists failed events.
type Failed interface {
	List(ctx context.Context, q failed.Query) ([]failed.Event, error)
}

// Handler serves the admin listener.
type Handler struct {
	cfg Config
	in  http.Handler

	links atomic.Pointer[links]
}

// New returns a handler over cfg.
func New(cfg Config) *Handler {
	h := &Handler{cfg: cfg}
	h.Announce("", "")
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", cfg.Metrics)
	mux.HandleFunc("GET /api/status", h.status)
	mux.HandleFunc("GET /api/tail", h.tail)
	mux.HandleFunc("GET /api/failed", h.failed)
	mux.HandleFunc("POST /api/failed/retry", h.retryFailed)
	mux.HandleFunc("GET /api/deadletters", h.deadLetters)
	mux.HandleFunc("POST /api/deadletters/retry", h.retry)
	mux.HandleFunc("POST /api/deadletters/drop", h.drop)
	mux.HandleFunc("POST /api/replay", h.replay)
	mux.HandleFunc("POST /api/replay/events", h.replayEvents)
	mux.HandleFunc("/api/", http.NotFound)
	mux.Handle("/", cfg.UI)
	// A page elsewhere must not make an operator's browser act here.
	h.in = headers(http.NewCrossOriginProtection().Handler(h.authorise(mux)))
	return h
}

// Announce sets the addresses of the collector and the demo page that the live
// page shows.
func (h *Handler) Announce(collector, demo string) { h.links.Store(&links{collector, demo}) }

type links struct{ collector, demo string }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.in.ServeHTTP(w, r) }

// policy lets an answer that is not a page do nothing at all. Pages set their own.
const policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// headers sets what every answer carries.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// authorise asks for the token when there is one: as a bearer token, or as the
// password of basic authentication, which is what a browser can ask for.
func (h *Handler) authorise(next http.Handler) http.Handler {
	if h.cfg.Token == "" {
		return localOnly(next)
	}
	want := sha256.Sum256([]byte(h.cfg.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			_, token, _ = r.BasicAuth()
		}
		// Hashes have one length, which the comparison needs to be constant in time.
		got := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="weir"`)
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localOnly refuses requests for a host that is neither an address nor
// localhost: a page elsewhere could have its own name resolve to a loopback
// address and read from here.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, "without admin.token this listener answers to addresses and localhost only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func reply(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(text, '\n'))
}
