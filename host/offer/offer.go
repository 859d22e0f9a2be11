// Package offer hands to edges what they need of a host: its schemas, so that
// events whose schema was unknown at the edge are judged there, and the salts of
// visitors' ids. Package edge/abi specifies the requests.
package offer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/edge/signature"
	"weir/host/salt"
)

// Where edges ask.
const (
	Prefix     = "/v1/edge/"
	pathBundle = Prefix + "bundle"
	pathSalts  = Prefix + "salts"
)

// retryAfter is when an edge may ask again that could not be answered, in seconds.
const retryAfter = "5"

// Config says what is offered, and to whom.
type Config struct {
	Secrets [][]byte // any of them verifies
	// Bundle returns compiled schemas that nobody changes; nil for none.
	Bundle func() []byte
	Salts  func(context.Context) ([]salt.Salt, error)
	Log    *slog.Logger
	Now    func() time.Time // nil means time.Now
}

// Handler serves GET below [Prefix].
type Handler struct {
	cfg    Config
	mux    *http.ServeMux
	warned atomic.Int64 // when a signature that does not verify was last logged, Unix seconds

	mu     sync.Mutex
	tagged []byte // the bundle that tag is of
	tag    string
}

// New returns a handler.
func New(cfg Config) *Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	h := &Handler{cfg: cfg, mux: http.NewServeMux()}
	h.mux.HandleFunc("GET "+pathBundle, h.bundle)
	h.mux.HandleFunc("GET "+pathSalts, h.salts)
	return h
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// bundle answers with the schemas.
func (h *Handler) bundle(w http.ResponseWriter, r *http.Request) {
	if !h.verified(w, r, "bundle_") {
		return
	}
	text := h.cfg.Bundle()
	if text == nil {
		refuse(w, http.StatusNotFound, "this host has no schemas")
		return
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	answer(w, r, "application/octet-stream", h.bundleTag(text), text)
}

// salts answers with the salts. They are nothing for a cache to keep.
func (h *Handler) salts(w http.ResponseWriter, r *http.Request) {
	if !h.verified(w, r, "salts_") {
		return
	}
	list, err := h.cfg.Salts(r.Context())
	if err != nil {
		h.cfg.Log.Error("offer: there are no salts to hand out; edges make no ids of visitors when theirs have ended", "error", err)
		w.Header().Set("Retry-After", retryAfter)
		refuse(w, http.StatusServiceUnavailable, "there are no salts")
		return
	}
	text := encode(list)
	w.Header().Set("Cache-Control", "no-store")
	answer(w, r, "application/json", tag(sha256.Sum256(text)), text)
}

// Salts is the body of an answer with salts.
type Salts struct {
	Salts []Salt `json:"salts"`
}

// Salt makes ids from From to Until, the end excluded.
type Salt struct {
	ID     string    `json:"id"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Secret []byte    `json:"secret"`
}

func encode(list []salt.Salt) []byte {
	body := Salts{Salts: []Salt{}}
	for _, s := range list {
		body.Salts = append(body.Salts, Salt{s.ID, s.From.UTC(), s.Until.UTC(), s.Secret})
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts, bytes, and times of this century
	}
	for _, s := range list {
		clear(s.Secret)
	}
	return text
}

// bundleTag hashes a bundle once for all who ask for it.
func (h *Handler) bundleTag(text []byte) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.tagged) == 0 || &h.tagged[0] != &text[0] {
		h.tagged, h.tag = text, tag(sha256.Sum256(text))
	}
	return h.tag
}

func tag(sum [sha256.Size]byte) string { return `"` + hex.EncodeToString(sum[:16]) + `"` }

// answer sends the text, or says that the edge has it.
func answer(w http.ResponseWriter, r *http.Request, kind, tag string, text []byte) {
	w.Header().Set("ETag", tag)
	for _, known := range r.Header.Values("If-None-Match") {
		for one := range strings.SplitSeq(known, ",") {
			// A proxy that compresses answers makes tags weak (RFC 9110, section 13.1.2).
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Write(text)
}

// verified answers 401 unless an edge has signed the request for this purpose.
func (h *Handler) verified(w http.ResponseWriter, r *http.Request, purpose string) bool {
	id, now := r.Header.Get("Webhook-Id"), h.cfg.Now()
	// The signature is of an empty body: one that is sent is nothing an edge has signed.
	if strings.HasPrefix(id, purpose) && r.ContentLength == 0 &&
		signature.Verify(h.cfg.Secrets, id, r.Header.Get("Webhook-Timestamp"), r.Header.Get("Webhook-Signature"), nil, now) == nil {
		return true
	}
	last := h.warned.Load()
	if now.Unix()-last >= 60 && h.warned.CompareAndSwap(last, now.Unix()) {
		h.cfg.Log.Warn("offer: the signature of a request for " + strings.TrimSuffix(purpose, "_") + " does not verify: the secret differs, or the clocks differ by more than 5m")
	}
	refuse(w, http.StatusUnauthorized, "unauthorized")
	return false
}

func refuse(w http.ResponseWriter, status int, reason string) {
	text, err := json.Marshal(struct {
		Error string `json:"error"`
	}{reason})
	if err != nil {
		panic(err) // a string
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write(text)
}
