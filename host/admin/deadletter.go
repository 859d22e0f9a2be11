package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"weir/host/deadletter"
	"weir/host/journal"
)

// DeadLetter is one of the answer of GET /api/deadletters: the latest ones, of
// a route, app, schema and reason, with numbers below the parameter before, or
// the one with the number id. Those that were retried come with retried=true.
type DeadLetter struct {
	ID       int64           `json:"id"`
	Route    string          `json:"route"`
	Sink     string          `json:"sink"`
	Error    string          `json:"error"`
	Attempts int             `json:"attempts"`
	At       time.Time       `json:"at"`
	Retried  time.Time       `json:"retried,omitzero"`
	Envelope json.RawMessage `json:"envelope,omitempty"`
}

func (h *Handler) deadLetters(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	before, beforeErr := numberOf(r, "before")
	id, idErr := numberOf(r, "id")
	if err := errors.Join(err, beforeErr, idErr); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q := journal.Query{Route: r.FormValue("route"), App: r.FormValue("app"), Schema: r.FormValue("schema"), Reason: r.FormValue("reason"),
		Retried: r.FormValue("retried") == "true", Limit: limit}
	switch {
	case before == 1:
		reply(w, deadLetters{DeadLetters: []DeadLetter{}})
		return
	case before > 1:
		q.UpTo = before - 1
	}
	if id > 0 {
		q.IDs, q.Retried = []int64{id}, true
	}
	list, err := h.cfg.Journal.DeadLetters(r.Context(), q)
	if err != nil {
		http.Error(w, "reading dead letters: "+err.Error(), http.StatusInternalServerError)
		return
	}
	letters := make([]DeadLetter, len(list))
	for i, d := range list {
		letters[i] = DeadLetter{ID: d.ID, Route: d.Route, Sink: d.Sink, Error: d.Reason, Attempts: d.Tries, At: d.Died, Retried: d.Retried}
		if json.Valid(d.Envelope) {
			letters[i].Envelope = d.Envelope
		}
	}
	reply(w, deadLetters{letters})
}

type deadLetters struct {
	DeadLetters []DeadLetter `json:"deadletters"`
}

// Selection is the body of POST /api/deadletters/retry and /api/deadletters/drop:
// which of the letters that were not retried, all that are not told apart by
// what is empty.
type Selection struct {
	Route  string  `json:"route,omitempty"`
	App    string  `json:"app,omitempty"`
	Schema string  `json:"schema,omitempty"` // a trailing * matches any rest
	Reason string  `json:"reason,omitempty"` // a part of it
	IDs    []int64 `json:"ids,omitempty"`
	Limit  int     `json:"limit,omitempty"` // the oldest so many; 0 means all
	After  int64   `json:"after,omitempty"` // to go on where a limit ended it, as the answer says
	UpTo   int64   `json:"up_to,omitempty"`
}

// Retried is the answer of POST /api/deadletters/retry.
type Retried struct {
	Retried int   `json:"retried"`
	Waiting int64 `json:"waiting"` // dead letters of all routes that wait still
	Rest
}

// Dropped is the answer of POST /api/deadletters/drop.
type Dropped struct {
	Dropped int   `json:"dropped"`
	Waiting int64 `json:"waiting"` // dead letters of all routes that wait still
	Rest
}

// Rest says what a request has left.
type Rest struct {
	Unreadable int      `json:"unreadable,omitempty"` // letters that never were events: they can only be dropped
	Unknown    []string `json:"unknown,omitempty"`    // routes that are not configured, whose letters stay; without a limit that is an error
	More       bool     `json:"more,omitempty"`       // the limit was reached
	After      int64    `json:"after,omitempty"`      // for the next request, if there is more
	UpTo       int64    `json:"up_to,omitempty"`
}

func (h *Handler) retry(w http.ResponseWriter, r *http.Request) {
	h.actOnDeadLetters(w, r, deadletter.Retry, func(n int, waiting int64, rest Rest) any { return Retried{n, waiting, rest} })
}

func (h *Handler) drop(w http.ResponseWriter, r *http.Request) {
	h.actOnDeadLetters(w, r, func(ctx context.Context, s deadletter.Store, q journal.Query) (deadletter.Result, error) {
		done, err := deadletter.Drop(ctx, s, q)
		h.cfg.Dropped(done.Letters)
		return done, err
	}, func(n int, waiting int64, rest Rest) any { return Dropped{n, waiting, rest} })
}

func (h *Handler) actOnDeadLetters(w http.ResponseWriter, r *http.Request,
	act func(context.Context, deadletter.Store, journal.Query) (deadletter.Result, error), answer func(n int, waiting int64, rest Rest) any) {
	var s Selection
	if !read(w, r, &s, `{"route":"warehouse"} or {"ids":[1,2]}`) {
		return
	}
	done, err := act(r.Context(), h.cfg.Journal, journal.Query{Route: s.Route, App: s.App, Schema: s.Schema, Reason: s.Reason,
		IDs: s.IDs, Limit: s.Limit, After: s.After, UpTo: s.UpTo})
	h.cfg.Log.Info("admin: an operator acted on dead letters", "path", r.URL.Path, "route", s.Route, "ids", len(s.IDs), "letters", done.Letters, "error", err)
	if err != nil {
		http.Error(w, fmt.Sprintf("%d done, then: %v", done.Letters, err), statusOf(err))
		return
	}
	if len(done.Unknown) > 0 && s.Limit == 0 {
		http.Error(w, fmt.Sprintf("%d done, then: %v", done.Letters, &journal.UnknownRouteError{Route: done.Unknown[0]}), http.StatusConflict)
		return
	}
	stats, err := h.cfg.Journal.Stats(r.Context())
	if err != nil {
		http.Error(w, fmt.Sprintf("%d done; reading the journal: %v", done.Letters, err), http.StatusInternalServerError)
		return
	}
	rest := Rest{Unreadable: done.Left, Unknown: done.Unknown}
	if done.More {
		rest.More, rest.After, rest.UpTo = true, done.After, done.UpTo
	}
	reply(w, answer(done.Letters, stats.DeadLetters, rest))
}
