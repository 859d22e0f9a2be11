// Package ingest takes signed batches from edges. It answers 200 once the
// journal has synced them, and never before.
package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
)

// Path is where batches are posted.
const Path = "/v1/batches"

// ContentType of a body of batches.
const ContentType = "application/x-ndjson"

// The headers of the Standard Webhooks specification.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Store is the journal as ingest uses it.
type Store interface {
	Append(ctx context.Context, batches ...journal.Batch) (known []bool, err error)
	Ready(ctx context.Context) error
}

// Config says how a handler works. Store and Secrets are required.
type Config struct {
	Store      Store
	Secrets    [][]byte // any of them verifies
	MaxBody    int64    // bytes
	Concurrent int      // requests at once
	Timeout    time.Duration
	Log        *slog.Logger
	Now        func() time.Time // nil means time.Now
	Observe    func(Result)     // called after each request; may be nil
}

// Result is what became of one request.
type Result struct {
	Status     int
	Batches    int // stored
	Duplicates int // known already
	Events     int // in the batches stored
	Failed     int // those among them whose verdict was not good
	Took       time.Duration
}

// Handler serves POST /v1/batches, /healthz and /readyz.
type Handler struct {
	cfg      Config
	slots    chan struct{}
	refusing atomic.Pointer[string] // why batches are refused; nil while they are accepted
	mux      *http.ServeMux
}

// New returns a handler that accepts batches.
func New(cfg Config) *Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Result) {}
	}
	h := &Handler{cfg: cfg, slots: make(chan struct{}, cfg.Concurrent), mux: http.NewServeMux()}
	h.mux.HandleFunc("POST "+Path, h.batches)
	h.mux.HandleFunc("GET /healthz", h.healthz)
	h.mux.HandleFunc("GET /readyz", h.readyz)
	return h
}

// Refuse makes the handler answer 503 to batches that arrive from now on and
// fail /readyz with the reason.
func (h *Handler) Refuse(reason string) { h.refusing.Store(&reason) }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mux.ServeHTTP(w, r)
}

// batches handles one request: bound, verify, parse, store, answer.
func (h *Handler) batches(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	res, answer := h.take(w, r)
	res.Took = time.Since(start)
	h.cfg.Observe(res)
	if res.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.WriteHeader(res.Status)
	w.Write(answer)
}

// retryAfter is when a refused edge may try again, in seconds. Full journals
// resume as soon as a route has moved on, so the time is short.
const retryAfter = "5"

// Accepted is the body of a 200.
type Accepted struct {
	Batch     string `json:"batch"`     // the first one's id
	Events    int    `json:"events"`    // in all batches of the request
	Duplicate bool   `json:"duplicate"` // all batches were known already
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request) (Result, []byte) {
	if reason := h.refusing.Load(); reason != nil {
		return refuse(http.StatusServiceUnavailable, *reason)
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return refuse(http.StatusServiceUnavailable, "too many requests at once")
	}
	if mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mt != ContentType {
		return refuse(http.StatusUnsupportedMediaType, "Content-Type must be "+ContentType)
	}
	// Encodings are not covered by the signature.
	if r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, "Content-Encoding is not accepted")
	}
	body, err := h.read(w, r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "the body exceeds "+strconv.FormatInt(h.cfg.MaxBody, 10)+" bytes")
	case err != nil:
		return refuse(http.StatusBadRequest, "the body could not be read in time")
	}
	id := r.Header.Get(HeaderID)
	if err := envelope.Verify(h.cfg.Secrets, id, r.Header.Get(HeaderTimestamp), r.Header.Get(HeaderSignature), body, h.cfg.Now()); err != nil {
		return refuse(http.StatusUnauthorized, "unauthorized")
	}
	batches, err := parse(id, body)
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	return h.store(r.Context(), id, batches)
}

// read reads the whole body within the limits of size and time.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.cfg.Timeout))
	limited := http.MaxBytesReader(w, r.Body, h.cfg.MaxBody)
	if r.ContentLength > h.cfg.MaxBody {
		return nil, &http.MaxBytesError{Limit: h.cfg.MaxBody}
	}
	// Memory grows with what has arrived, not with what was announced.
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), 64<<10) + bytes.MinRead))
	_, err := body.ReadFrom(limited)
	return body.Bytes(), err
}

// parse splits a body into its batches. The id that was signed must be that of
// the first.
func parse(id string, body []byte) ([]envelope.Batch, error) {
	var list []envelope.Batch
	for r := envelope.NewReader(body); ; {
		b, err := r.Next()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		if len(list) == 0 && b.Header.ID != id {
			return nil, errors.New("the id in the first header differs from " + HeaderID)
		}
		list = append(list, b)
	}
}

func (h *Handler) store(ctx context.Context, id string, batches []envelope.Batch) (Result, []byte) {
	list := make([]journal.Batch, len(batches))
	for i, b := range batches {
		key, err := journal.ParseID(b.Header.ID)
		if err != nil {
			return refuse(http.StatusBadRequest, err.Error())
		}
		list[i] = journal.Batch{ID: key, Frame: b.Frame, Events: b.Header.Events}
	}
	known, err := h.cfg.Store.Append(ctx, list...)
	switch {
	case err == nil:
		return accept(id, batches, known)
	case ctx.Err() != nil:
		return refuse(http.StatusServiceUnavailable, "the client went away")
	case errors.Is(err, journal.ErrFull):
		return refuse(http.StatusServiceUnavailable, "the journal is full")
	case errors.Is(err, journal.ErrBroken):
		h.Refuse("the journal's storage failed")
		fallthrough
	default:
		h.cfg.Log.Error("ingest: a batch was not stored", "batch", id, "error", err)
		return refuse(http.StatusServiceUnavailable, "the batch could not be stored")
	}
}

// accept answers 200 and counts.
func accept(id string, batches []envelope.Batch, known []bool) (Result, []byte) {
	res := Result{Status: http.StatusOK}
	answer := Accepted{Batch: id}
	for i, b := range batches {
		answer.Events += b.Header.Events
		if known[i] {
			res.Duplicates++
			continue
		}
		res.Batches++
		res.Events += b.Header.Events
		res.Failed += b.Header.Failed
	}
	answer.Duplicate = res.Batches == 0
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // a string, an int and a bool
	}
	return res, text
}

func refuse(status int, reason string) (Result, []byte) {
	answer, err := json.Marshal(struct {
		Error string `json:"error"`
	}{reason})
	if err != nil {
		panic(err) // a string
	}
	return Result{Status: status}, answer
}

// healthz says that the process serves. It does not depend on sinks or disks:
// restarting would not mend those.
func (h *Handler) healthz(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }

// readyz says whether a batch would be accepted.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) {
	if reason := h.refusing.Load(); reason != nil {
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, *reason, http.StatusServiceUnavailable)
		return
	}
	if err := h.cfg.Store.Ready(r.Context()); err != nil {
		h.cfg.Log.Warn("ingest: not ready", "error", err)
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, "the journal does not accept batches", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}
