package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"weir/host/failed"
	"weir/host/journal"
	"weir/host/metrics"
	"weir/host/replay"
)

// Status is the answer of GET /api/status.
type Status struct {
	Version   string         `json:"version"`
	Started   time.Time      `json:"started"`
	Collector string         `json:"collector,omitempty"`
	Demo      string         `json:"demo,omitempty"`
	Counters  metrics.Totals `json:"counters"`
	Journal   JournalStatus  `json:"journal"`
	Routes    []RouteStatus  `json:"routes"`
}

// JournalStatus describes the journal.
type JournalStatus struct {
	Bytes       int64 `json:"bytes"`
	Limit       int64 `json:"limit"`
	Records     int64 `json:"records"` // batches kept
	DeadLetters int64 `json:"deadletters"`
	Quarantined int64 `json:"quarantined"`
}

// RouteStatus describes a route.
type RouteStatus struct {
	Name      string    `json:"name"`
	Sink      string    `json:"sink"`
	Position  int64     `json:"position"` // the last batch settled
	Lag       int64     `json:"lag"`      // batches not settled
	Oldest    time.Time `json:"oldest,omitzero"`
	Breaker   string    `json:"breaker"`
	Delivered int64     `json:"delivered"`
	Dead      int64     `json:"dead"`
	Error     string    `json:"error,omitempty"`
	FailedAt  time.Time `json:"failed_at,omitzero"`
}

func (h *Handler) status(w http.ResponseWriter, r *http.Request) {
	stats, err := h.cfg.Journal.Stats(r.Context())
	if err != nil {
		http.Error(w, "reading the journal: "+err.Error(), http.StatusInternalServerError)
		return
	}
	at := h.links.Load()
	s := Status{Version: h.cfg.Version, Started: h.cfg.Started, Collector: at.collector, Demo: at.demo,
		Counters: h.cfg.Totals(), Journal: JournalStatus{Bytes: stats.Bytes, Limit: stats.Limit,
			DeadLetters: stats.DeadLetters, Quarantined: stats.Quarantined}}
	if stats.Oldest > 0 {
		s.Journal.Records = stats.Head - stats.Oldest + 1
	}
	positions := map[string]journal.RouteStats{}
	for _, r := range stats.Routes {
		positions[r.Name] = r
	}
	for _, d := range h.cfg.Routes() {
		r := positions[d.Route]
		s.Routes = append(s.Routes, RouteStatus{Name: d.Route, Sink: d.Sink, Position: r.Next.Seq - 1, Lag: r.Lag, Oldest: r.Oldest,
			Breaker: d.Breaker, Delivered: d.Delivered, Dead: d.Dead, Error: d.LastError, FailedAt: d.FailedAt})
	}
	reply(w, s)
}

// read decodes a request's body, or answers what it must be like. An empty one
// leaves the zero value.
func read(w http.ResponseWriter, r *http.Request, into any, such string) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil && err != io.EOF {
		http.Error(w, "the body must be such as "+such+": "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// statusOf tells what an operator can cure from what the host cannot do.
func statusOf(err error) int {
	var unknown *journal.UnknownRouteError
	var request *replay.RequestError
	var schemas *failed.SchemasError
	switch {
	case errors.As(err, &schemas):
		return http.StatusConflict
	case errors.As(err, &request):
		return http.StatusBadRequest
	case errors.As(err, &unknown), errors.Is(err, journal.ErrRetried):
		return http.StatusConflict
	case errors.Is(err, journal.ErrFull), errors.Is(err, journal.ErrBusy):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// limitOf reads the query parameter limit.
func limitOf(r *http.Request) (int, error) {
	n, err := numberOf(r, "limit")
	switch {
	case err == nil && n == 0:
		return 100, nil
	case err != nil || n > 10_000:
		return 0, fmt.Errorf("limit must be a number from 1 to 10000")
	}
	return int(n), nil
}

// numberOf reads a query parameter that is a number above 0, and 0 when it is not given.
func numberOf(r *http.Request, name string) (int64, error) {
	text := r.FormValue(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s must be a number above 0", name)
	}
	return n, nil
}
