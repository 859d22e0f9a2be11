package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"weir/host/failed"
)

// FailedEvents is the answer of GET /api/failed: the latest failed events, those
// with numbers below the parameter before, of one app, that name a schema, or
// the one with the number id.
type FailedEvents struct {
	Events []json.RawMessage `json:"events"`
	IDs    []int64           `json:"ids"`    // of each: its number
	Stored []time.Time       `json:"stored"` // of each
}

func (h *Handler) failed(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	before, beforeErr := numberOf(r, "before")
	id, idErr := numberOf(r, "id")
	if err := errors.Join(err, beforeErr, idErr); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q := failed.Query{App: r.FormValue("app"), Schema: r.FormValue("schema"), Before: before, Limit: limit}
	if id > 0 {
		q.IDs = []int64{id}
	}
	list, err := h.cfg.Failed.List(r.Context(), q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := FailedEvents{make([]json.RawMessage, len(list)), make([]int64, len(list)), make([]time.Time, len(list))}
	for i, e := range list {
		answer.Events[i], answer.IDs[i], answer.Stored[i] = e.Envelope, e.ID, e.Stored
	}
	reply(w, answer)
}

// FailedRetry is the body of POST /api/failed/retry, which judges a part of the
// selection again and answers with a failed.Retried. The next step goes on
// after that, up to the event that the first step named.
type FailedRetry struct {
	failed.Selection
	DryRun bool `json:"dry_run"`
}

func (h *Handler) retryFailed(w http.ResponseWriter, r *http.Request) {
	var s FailedRetry
	if !read(w, r, &s, `{"schema":"iglu:com.example/*"} or {"ids":[1,2]}`) {
		return
	}
	done, err := h.cfg.Again.Step(r.Context(), s.Selection, s.DryRun)
	if !s.DryRun && (done.Passed+done.Resumed > 0 || err != nil) {
		h.cfg.Log.Info("admin: an operator has had failed events judged again", "judged", done.Judged, "passed", done.Passed+done.Resumed, "error", err)
	}
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	reply(w, done)
}
