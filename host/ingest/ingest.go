// Package ingest takes signed batches from edges. It answers 200 once the
// journal has synced them, and never before; a batch whose header asks for it
// is answered only when the required routes have delivered it, too.
package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"weir/edge/envelope"
	"weir/edge/signature"
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
	Append(ctx context.Context, batches ...journal.Batch) ([]journal.Stored, error)
	Settled(ctx context.Context, seq int64, routes ...string) error
	Ready(ctx context.Context) error
}

// Config says how a handler works. Store and Secrets are required.
type Config struct {
	Store      Store
	Secrets    [][]byte      // any of them verifies
	Rate       int           // events a second for each secret; 0 sets no bound
	MaxBody    int64         // bytes
	Arriving   int64         // bytes of bodies that are not verified yet, about
	Concurrent int           // verified requests that are stored at once, and that wait for delivery at once
	Timeout    time.Duration // of a body's arrival
	Required   []string      // the routes that ack "delivered" waits for
	AckWait    time.Duration // how long at most
	Log        *slog.Logger
	Now        func() time.Time // nil means time.Now
	Observe    func(Result)     // called after each request; may be nil
}

// Result is what became of one request.
type Result struct {
	Status     int
	Batches    int    // stored
	Duplicates int    // known already
	Events     int    // in the batches stored
	Failed     int    // those among them whose verdict was not good
	Filtered   int    // events of which the edge kept nothing: …
	Refused    int    // … those among them whose sender may not send them …
	Bots       int    // … and those of bots; a privacy rule stood against the others
	Ack        string // the mode that asks for most among the batches; empty when none was read
	Took       time.Duration
	Waited     time.Duration // for routes, as part of Took; 0 unless the ack is "delivered"
}

// Handler serves POST /v1/batches, /healthz and /readyz.
type Handler struct {
	cfg       Config
	arrivals  arrivals
	buckets   []bucket      // one for each secret
	warned    atomic.Int64  // when a signature that does not verify was last logged, Unix seconds
	storing   chan struct{} // one for each request that holds a slot
	waiting   chan struct{}
	accepting context.Context // ends, with the reason, when batches are refused
	refuse    context.CancelCauseFunc
	mux       *http.ServeMux
}

// New returns a handler that accepts batches.
func New(cfg Config) *Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Result) {}
	}
	h := &Handler{cfg: cfg, arrivals: arrivals{limit: cfg.Arriving}, storing: make(chan struct{}, cfg.Concurrent),
		waiting: make(chan struct{}, cfg.Concurrent), mux: http.NewServeMux()}
	h.buckets = make([]bucket, len(cfg.Secrets))
	for i := range h.buckets {
		h.buckets[i].rate = float64(cfg.Rate)
	}
	h.accepting, h.refuse = context.WithCancelCause(context.Background())
	h.mux.HandleFunc("POST "+Path, h.batches)
	h.mux.HandleFunc("GET /healthz", h.healthz)
	h.mux.HandleFunc("GET /readyz", h.readyz)
	return h
}

// Refuse makes the handler answer 503 to batches that arrive from now on or
// wait for their delivery, and fail /readyz with the reason.
func (h *Handler) Refuse(reason string) { h.refuse(errors.New(reason)) }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mux.ServeHTTP(w, r)
}

// batches handles one request: bound, verify, parse, store, wait if asked to,
// answer.
func (h *Handler) batches(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	res := Result{Status: http.StatusOK}
	accepted, err := h.take(w, r, &res)
	var answer any = accepted
	var refused *refusal
	if errors.As(err, &refused) {
		res.Status = refused.status
		if refused.retry > 0 {
			w.Header().Set("Retry-After", seconds(refused.retry))
		}
		answer = struct {
			Error string `json:"error"`
		}{refused.reason}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // strings, an int and a bool
	}
	res.Took = time.Since(start)
	h.cfg.Observe(res)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(res.Status)
	w.Write(text)
}

// retryAfter is when an edge may try again that was refused for want of room.
// Full journals resume as soon as a route has moved on, so the time is short.
const retryAfter = 5 * time.Second

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// Accepted is the body of a 200.
type Accepted struct {
	Batch     string `json:"batch"`     // the first one's id
	Events    int    `json:"events"`    // in all batches of the request
	Duplicate bool   `json:"duplicate"` // all batches were known already
}

// refusal is any other answer.
type refusal struct {
	status int
	reason string
	retry  time.Duration // whole seconds; 0 when trying again is useless
}

func (r *refusal) Error() string { return r.reason }

func unavailable(reason string) error {
	return &refusal{http.StatusServiceUnavailable, reason, retryAfter}
}

// take handles a request and counts in res. Its errors are refusals.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, res *Result) (Accepted, error) {
	if h.accepting.Err() != nil {
		return Accepted{}, unavailable(context.Cause(h.accepting).Error())
	}
	batches, err := h.receive(w, r)
	if err != nil {
		return Accepted{}, err
	}
	answer := Accepted{Batch: batches[0].Header.ID}
	last, err := h.keep(r.Context(), batches, res)
	if err != nil {
		return Accepted{}, err
	}
	for _, b := range batches {
		answer.Events += b.Header.Events
	}
	answer.Duplicate = res.Batches == 0 && answer.Events > 0
	if last > 0 {
		err = h.delivered(r.Context(), last, res)
	}
	return answer, err
}

// Keep stores batches that came another way than by [Path], and counts them. That
// edges have signed them is for the caller to know; no rate bounds them, and none
// waits for its delivery. The error may be told to whoever sent them.
func (h *Handler) Keep(ctx context.Context, batches []envelope.Batch) error {
	if h.accepting.Err() != nil {
		return unavailable(context.Cause(h.accepting).Error())
	}
	start := time.Now()
	res := Result{Status: http.StatusOK}
	_, err := h.keep(ctx, batches, &res)
	var refused *refusal
	if errors.As(err, &refused) {
		res.Status = refused.status
	}
	res.Took = time.Since(start)
	h.cfg.Observe(res)
	return err
}

// keep stores batches and counts in res. It returns where the last of them
// stands that asks to be delivered first, 0 if none does.
func (h *Handler) keep(ctx context.Context, batches []envelope.Batch, res *Result) (last int64, err error) {
	res.Ack = batches[0].Header.Ack.String()
	// A batch may say no more than how many events nothing was kept of.
	for _, b := range batches {
		res.Filtered += b.Header.Filtered
		res.Refused += b.Header.Refused
		res.Bots += b.Header.Bots
	}
	batches = slices.DeleteFunc(slices.Clone(batches), func(b envelope.Batch) bool { return b.Header.Events == 0 })
	if len(batches) == 0 {
		return 0, nil
	}
	stored, err := h.store(ctx, batches)
	if err != nil {
		return 0, err
	}
	for i, b := range batches {
		if b.Header.Ack == envelope.AckDelivered {
			res.Ack = envelope.AckDelivered.String()
			last = max(last, stored[i].Seq)
		}
		if stored[i].Known {
			res.Duplicates++
			continue
		}
		res.Batches++
		res.Events += b.Header.Events
		res.Failed += b.Header.Failed
	}
	return last, nil
}

// receive returns the batches of a request that an edge has signed.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) ([]envelope.Batch, error) {
	if mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mt != ContentType {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, reason: "Content-Type must be " + ContentType}
	}
	// Encodings are not covered by the signature.
	if r.Header.Get("Content-Encoding") != "" {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, reason: "Content-Encoding is not accepted"}
	}
	body, leave, err := h.read(w, r)
	defer leave()
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, reason: "the body exceeds " + strconv.FormatInt(h.cfg.MaxBody, 10) + " bytes"}
	case errors.Is(err, errCrowded):
		return nil, unavailable(err.Error())
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, reason: "the body could not be read in time"}
	}
	id := r.Header.Get(HeaderID)
	now := h.cfg.Now()
	// One at a time, to know whose it is.
	signer := slices.IndexFunc(h.cfg.Secrets, func(secret []byte) bool {
		return signature.Verify([][]byte{secret}, id, r.Header.Get(HeaderTimestamp), r.Header.Get(HeaderSignature), body, now) == nil
	})
	if signer < 0 {
		h.unverified(now)
		return nil, &refusal{status: http.StatusUnauthorized, reason: "unauthorized"}
	}
	batches, err := parse(id, body)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, reason: err.Error()}
	}
	events := 0
	for _, b := range batches {
		events += b.Header.Events
	}
	if wait := h.buckets[signer].take(events, now); wait > 0 {
		return nil, &refusal{http.StatusTooManyRequests, "more events than this secret may send", wait}
	}
	return batches, nil
}

// unverified tells operators that a signature does not verify, once a minute at
// most: anybody can send such requests, and an edge with a wrong secret sends
// nothing else.
func (h *Handler) unverified(now time.Time) {
	last := h.warned.Load()
	if now.Unix()-last >= 60 && h.warned.CompareAndSwap(last, now.Unix()) {
		h.cfg.Log.Warn("ingest: a batch's signature does not verify: the secret differs, or the clocks differ by more than 5m")
	}
}

// parse splits a body into its batches, at least one. The id that was signed
// must be that of the first.
func parse(id string, body []byte) ([]envelope.Batch, error) {
	var list []envelope.Batch
	for r := envelope.NewReader(body); ; {
		b, err := r.Next()
		switch {
		case err == io.EOF && len(list) == 0:
			return nil, errors.New("the body holds no batch")
		case err == io.EOF:
			return list, nil
		case err != nil:
			return nil, err
		case len(list) == 0 && b.Header.ID != id:
			return nil, errors.New("the id in the first header differs from " + HeaderID)
		}
		list = append(list, b)
	}
}

// healthz says that the process serves. It does not depend on sinks or disks:
// restarting would not mend those.
func (h *Handler) healthz(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }

// readyz says whether a batch would be accepted.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) {
	if h.accepting.Err() != nil {
		w.Header().Set("Retry-After", seconds(retryAfter))
		http.Error(w, context.Cause(h.accepting).Error(), http.StatusServiceUnavailable)
		return
	}
	if err := h.cfg.Store.Ready(r.Context()); err != nil {
		h.cfg.Log.Warn("ingest: not ready", "error", err)
		w.Header().Set("Retry-After", seconds(retryAfter))
		http.Error(w, "the journal does not accept batches", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}
