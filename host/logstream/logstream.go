// Package logstream takes the batches that Fastly's real-time log streaming
// brings: what the program in edge/fastly could deliver to no host, it has
// written to a log endpoint. Fastly signs nothing, so that each line carries the
// signature of its batch.
package logstream

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"weir/edge/envelope"
	"weir/edge/signature"
)

// Where Fastly posts logs, and where it asks whether it may.
const (
	Path          = "/v1/logs/fastly"
	PathChallenge = "/.well-known/fastly/logging/challenge"
)

// Any in place of a service id stands for all services.
const Any = "*"

// Window is how old a line's signature may be: Fastly tries again for a while
// before it drops what it could not deliver. Within it a captured line can be
// played back, which the journal knows by its batch id.
const Window = 24 * time.Hour

const (
	// maxLine is the longest line, in bytes: four times what edges write.
	maxLine = 64 << 10
	// maxBody is what Fastly sends in a request at most, in bytes, and some.
	maxBody = 128 << 20
	// maxWrite is what is stored at once, in bytes of batches.
	maxWrite = 1 << 20
	// concurrent is how many requests are read at once: two buffers for each are
	// all the memory that an unknown sender can take.
	concurrent = 8
)

// Config says which services may send, and where their batches go.
type Config struct {
	Services []string // Fastly's service ids, or [Any]
	Secrets  [][]byte // any of them verifies
	// Keep stores batches, or returns an error that may be told to the sender.
	Keep    func(context.Context, []envelope.Batch) error
	Observe func(good, bad int) // called after each request with its lines
	Log     *slog.Logger
	Now     func() time.Time // nil means time.Now
}

// Handler serves [Path] and [PathChallenge].
type Handler struct {
	cfg       Config
	challenge string
	reading   chan struct{}
	mux       *http.ServeMux
}

// New returns a handler.
func New(cfg Config) *Handler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	h := &Handler{cfg: cfg, reading: make(chan struct{}, concurrent), mux: http.NewServeMux()}
	for _, id := range cfg.Services {
		if id != Any {
			sum := sha256.Sum256([]byte(id))
			id = hex.EncodeToString(sum[:])
		}
		h.challenge += id + "\n"
	}
	h.mux.HandleFunc("GET "+PathChallenge, h.prove)
	h.mux.HandleFunc("POST "+Path, h.lines)
	return h
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// prove tells Fastly whose logs this host takes.
func (h *Handler) prove(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, h.challenge)
}

// lines answers 200 once every good line is stored. A bad one is counted and
// not asked for again: it would be as bad the next time.
func (h *Handler) lines(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Content-Encoding") != "" {
		http.Error(w, "set the log endpoint's compression to none", http.StatusUnsupportedMediaType)
		return
	}
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	default:
		unavailable(w, "too many requests at once")
		return
	}
	good, bad, err := h.store(r.Context(), http.MaxBytesReader(w, r.Body, maxBody))
	h.cfg.Observe(good, bad)
	if bad > 0 {
		h.cfg.Log.Warn("logstream: lines that no edge has signed, or not within the last "+Window.String()+", were passed over", "lines", bad, "stored", good)
	}
	var refused *refusal
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case errors.As(err, &refused):
		unavailable(w, refused.Error())
	default:
		http.Error(w, "the body could not be read", http.StatusBadRequest)
	}
}

func unavailable(w http.ResponseWriter, reason string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, reason, http.StatusServiceUnavailable)
}

// refusal is why good lines were not stored.
type refusal struct{ error }

// store reads lines and keeps the good ones, some at a time. It returns how many
// were stored and how many were bad.
func (h *Handler) store(ctx context.Context, body io.Reader) (good, bad int, err error) {
	var batches []envelope.Batch
	size := 0
	flush := func() error {
		if len(batches) == 0 {
			return nil
		}
		if err := h.cfg.Keep(ctx, batches); err != nil {
			return &refusal{err}
		}
		good += len(batches)
		batches, size = nil, 0
		return nil
	}
	lines := bufio.NewReaderSize(body, maxLine)
	for {
		line, long, err := next(lines)
		if len(line) > 0 || long {
			batch, ok := envelope.Batch{}, false
			if !long {
				batch, ok = h.open(line)
			}
			if ok {
				batches = append(batches, batch)
				size += len(batch.Frame)
			} else {
				bad++
			}
		}
		if size >= maxWrite || err != nil {
			// What came whole before a connection broke is as good as any.
			if err := flush(); err != nil {
				return good, bad, err
			}
		}
		if err == io.EOF {
			return good, bad, nil
		}
		if err != nil {
			return good, bad, err
		}
	}
}

// next returns a line without its end, valid until the next call, or that it is
// too long.
func next(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		line, err = r.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			break
		}
		long = true
	}
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	} else if err != nil && err != io.EOF {
		line = nil // cut off
	}
	if long {
		line = nil
	}
	return line, long, err
}

// Line is a batch in a log.
type Line struct {
	ID        string `json:"id"`        // the batch's, webhook-id of Standard Webhooks
	Timestamp int64  `json:"timestamp"` // webhook-timestamp, Unix seconds
	Signature string `json:"signature"` // webhook-signature
	Batch     string `json:"batch"`     // the bytes that are signed, in base64
}

// open returns the batch of a line if an edge has signed it.
func (h *Handler) open(text []byte) (envelope.Batch, bool) {
	var line Line
	if json.Unmarshal(text, &line) != nil {
		return envelope.Batch{}, false
	}
	body, err := base64.StdEncoding.DecodeString(line.Batch)
	if err != nil || signature.VerifyWithin(Window, h.cfg.Secrets, line.ID, strconv.FormatInt(line.Timestamp, 10), line.Signature, body, h.cfg.Now()) != nil {
		return envelope.Batch{}, false
	}
	r := envelope.NewReader(body)
	batch, err := r.Next()
	if err != nil || batch.Header.ID != line.ID {
		return envelope.Batch{}, false
	}
	_, err = r.Next()
	return batch, err == io.EOF
}
