package admin

import (
	"errors"
	"io"
	"net/http"

	"weir/host/replay"
)

// ReplayStep is the body of POST /api/replay, which makes one step of a replay
// and answers with its replay.Progress. The next step goes on where that one
// got to.
type ReplayStep struct {
	replay.Request
	After  int64 `json:"after"`
	DryRun bool  `json:"dry_run"`
}

func (h *Handler) replay(w http.ResponseWriter, r *http.Request) {
	var s ReplayStep
	if !read(w, r, &s, `{"route":"warehouse","from":"2026-11-20T00:00:00Z","to":"2026-11-21T00:00:00Z"}`) {
		return
	}
	if s.After == 0 && !s.DryRun {
		h.cfg.Log.Info("admin: an operator replays events", "route", s.Route, "from", s.From, "to", s.To, "again", s.Again)
	}
	done, err := h.cfg.Replay.Step(r.Context(), s.Request, s.After, s.DryRun)
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	reply(w, done)
}

// replayEvents takes envelopes, a line each. The answer is a replay.Pushed.
func (h *Handler) replayEvents(w http.ResponseWriter, r *http.Request) {
	lines, err := io.ReadAll(http.MaxBytesReader(w, r.Body, replay.MaxChunk))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "a chunk of events is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	done, err := h.cfg.Replay.Push(r.Context(), r.FormValue("route"), r.FormValue("again"), lines)
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	reply(w, done)
}
