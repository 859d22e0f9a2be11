package ingest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
)

// store returns where each batch stands in the journal.
func (h *Handler) store(ctx context.Context, batches []envelope.Batch) ([]journal.Stored, error) {
	list := make([]journal.Batch, len(batches))
	for i, b := range batches {
		key, err := journal.ParseID(b.Header.ID)
		if err != nil {
			return nil, &refusal{status: http.StatusBadRequest, reason: err.Error()}
		}
		list[i] = journal.Batch{ID: key, Frame: b.Frame, Events: b.Header.Events}
	}
	select {
	case h.storing <- struct{}{}:
		defer func() { <-h.storing }()
	default:
		return nil, unavailable("too many requests at once")
	}
	stored, err := h.cfg.Store.Append(ctx, list...)
	switch {
	case err == nil:
		return stored, nil
	case ctx.Err() != nil:
		return nil, unavailable("the client went away")
	case errors.Is(err, journal.ErrFull):
		return nil, unavailable("the journal is full")
	case errors.Is(err, journal.ErrBroken):
		h.Refuse("the journal's storage failed")
	}
	h.cfg.Log.Error("ingest: a batch was not stored", "batch", batches[0].Header.ID, "error", err)
	return nil, unavailable("the batch could not be stored")
}

// delivered waits until the required routes have moved past a batch. A refusal
// takes nothing back: the batch is stored, and when the edge sends it again it
// is a duplicate that waits again.
func (h *Handler) delivered(ctx context.Context, seq int64, res *Result) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return unavailable("the batch is stored, and too many others wait for delivery")
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.AckWait)
	defer cancel()
	defer context.AfterFunc(h.accepting, cancel)()
	start := time.Now()
	err := h.cfg.Store.Settled(ctx, seq, h.cfg.Required...)
	res.Waited = max(time.Since(start), 1)
	if err != nil {
		return unavailable("the batch is stored but not delivered yet")
	}
	return nil
}
