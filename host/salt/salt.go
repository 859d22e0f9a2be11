// Package salt makes the salts of which edges make the ids of visitors, one a
// day, and destroys them.
//
// A salt is random: nothing that is kept leads back to one that was destroyed,
// and so nobody can find out whose id of a day long past was whose. It is that
// of a day in UTC, is handed out an hour before, and holds a day longer than
// that, for edges that have not heard of the next. Then it goes from memory, from the
// store and from what edges are told, and a line in the log says when.
package salt

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// Size of a secret, in bytes.
	Size = 32
	// Ahead is how long before its day a salt is handed out, so that all edges
	// have it when the day begins.
	Ahead = time.Hour
	// Holds is how long a salt makes ids, from the beginning of its day.
	Holds = 48 * time.Hour

	day = 24 * time.Hour
	// lookEvery is how often the store is looked at for salts that have ended: a clock may be set.
	lookEvery = 10 * time.Minute
)

// Salt makes ids from From to Until, the end excluded.
type Salt struct {
	ID      string // its day, such as 2026-11-21
	From    time.Time
	Until   time.Time
	Created time.Time
	Secret  []byte
}

// Store keeps salts, so that a host that starts again, and others beside it,
// have the same. It is safe for concurrent use.
type Store interface {
	// List returns all values by their ids.
	List(ctx context.Context) (map[string][]byte, error)
	// Create keeps a value, unless there is one by that id. It returns the one
	// that is kept.
	Create(ctx context.Context, id string, value []byte) ([]byte, error)
	// Delete reports whether there was a value by that id.
	Delete(ctx context.Context, id string) (bool, error)
}

// Keeper makes salts when they are asked for, and destroys them when they have
// ended. It is safe for concurrent use.
type Keeper struct {
	store Store
	log   *slog.Logger
	now   func() time.Time

	mu    sync.Mutex
	known []Salt // by From
}

// New returns a keeper of the salts in a store. now is the clock.
func New(store Store, log *slog.Logger, now func() time.Time) *Keeper {
	return &Keeper{store: store, log: log, now: now}
}

// Salts returns the salts that edges may have, the oldest first, and makes those
// that are missing. The caller owns them.
func (k *Keeper) Salts(ctx context.Context) ([]Salt, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	k.destroy(ctx, now)
	var wanted []time.Time
	for _, at := range []time.Time{now, now.Add(Ahead)} {
		if from := at.UTC().Truncate(day); !slices.ContainsFunc(k.known, func(s Salt) bool { return s.From.Equal(from) }) && !slices.Contains(wanted, from) {
			wanted = append(wanted, from)
		}
	}
	if len(wanted) > 0 {
		// Another host may have made them.
		if err := k.read(ctx); err != nil {
			return nil, err
		}
		k.destroy(ctx, now)
	}
	for _, from := range wanted {
		if err := k.create(ctx, from, now); err != nil {
			return nil, err
		}
	}
	var list []Salt
	for _, s := range k.known {
		if s.From.After(now.Add(Ahead)) {
			continue // the clock was ahead
		}
		s.Secret = bytes.Clone(s.Secret)
		list = append(list, s)
	}
	return list, nil
}

// Run destroys salts when they have ended, until ctx ends: those, too, that were
// made by another host or before this one started.
func (k *Keeper) Run(ctx context.Context) {
	for {
		timer := time.NewTimer(k.Destroy(ctx))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// Destroy destroys the salts that have ended, and returns when to look again.
func (k *Keeper) Destroy(ctx context.Context) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.read(ctx); err != nil && ctx.Err() == nil {
		k.log.Error("salt: whether a salt is left that has ended cannot be seen", "error", err)
	}
	now := k.now()
	k.destroy(ctx, now)
	next := lookEvery
	for _, s := range k.known {
		next = min(next, max(s.Until.Sub(now), time.Second))
	}
	return next
}

// destroy forgets what has ended, at once, and removes it from the store, where
// it is found again if that fails.
func (k *Keeper) destroy(ctx context.Context, now time.Time) {
	kept := k.known[:0]
	for _, s := range k.known {
		if now.Before(s.Until) {
			kept = append(kept, s)
			continue
		}
		clear(s.Secret)
		there, err := k.store.Delete(ctx, s.ID)
		switch {
		case err != nil:
			k.log.Error("salt: one that has ended could not be removed from its store; edges do not get it, and it is tried again", "id", s.ID, "error", err)
		case there:
			k.log.Info("salt: destroyed", "id", s.ID, "created", s.Created.UTC(), "ended", s.Until.UTC(), "destroyed", now.UTC())
		}
	}
	clear(k.known[len(kept):])
	k.known = kept
}

// create makes the salt of a day, or takes the one that another host was
// quicker to make.
func (k *Keeper) create(ctx context.Context, from, now time.Time) error {
	id := from.Format(time.DateOnly)
	if slices.ContainsFunc(k.known, func(s Salt) bool { return s.ID == id }) {
		return nil // it was in the store
	}
	s := Salt{ID: id, From: from, Until: from.Add(Holds), Created: now, Secret: make([]byte, Size)}
	rand.Read(s.Secret)
	value, err := json.Marshal(kept{s.Created, s.Secret})
	if err != nil {
		return fmt.Errorf("making the salt of %s: %w", id, err)
	}
	stored, err := k.store.Create(ctx, id, value)
	if err != nil {
		return fmt.Errorf("keeping the salt of %s: %w", id, err)
	}
	if bytes.Equal(stored, value) {
		k.log.Info("salt: made", "id", id, "from", s.From, "until", s.Until)
	}
	if s, err = decode(id, stored); err != nil {
		return err
	}
	k.add(s)
	return nil
}

// read learns the salts in the store.
func (k *Keeper) read(ctx context.Context) error {
	values, err := k.store.List(ctx)
	if err != nil {
		return fmt.Errorf("reading salts: %w", err)
	}
	for id, value := range values {
		s, err := decode(id, value)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(k.known, func(s Salt) bool { return s.ID == id }) {
			k.add(s)
		}
	}
	return nil
}

func (k *Keeper) add(s Salt) {
	k.known = append(k.known, s)
	slices.SortFunc(k.known, func(a, b Salt) int { return strings.Compare(a.ID, b.ID) })
}

// kept is a salt as stores keep it; the rest follows from its id.
type kept struct {
	Created time.Time `json:"created"`
	Secret  []byte    `json:"secret"`
}

func decode(id string, value []byte) (Salt, error) {
	from, err := time.Parse(time.DateOnly, id)
	if err != nil {
		return Salt{}, fmt.Errorf("reading salts: %q is no day", id)
	}
	var v kept
	if err := json.Unmarshal(value, &v); err != nil || len(v.Secret) != Size {
		return Salt{}, fmt.Errorf("reading salts: that of %s is damaged: delete it to have another made", id)
	}
	return Salt{ID: id, From: from, Until: from.Add(Holds), Created: v.Created, Secret: v.Secret}, nil
}
