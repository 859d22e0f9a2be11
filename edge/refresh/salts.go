package refresh

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// salt is one of a host's answer, in the form that engines read.
type salt struct {
	ID     string    `json:"id"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Secret []byte    `json:"secret"`
}

type salts struct {
	Salts []salt `json:"salts"`
}

func parseSalts(text []byte) ([]salt, error) {
	var s salts
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("reading the salts: %w", err)
	}
	return s.Salts, nil
}

// forget takes from the engine the salts that have ended: no id is made of them
// any more, but while no host answers nothing else would remove them from memory.
func (r *Refresher) forget(ctx context.Context) error {
	now := r.cfg.Now()
	left := slices.DeleteFunc(slices.Clone(r.held), func(s salt) bool { return !now.Before(s.Until) })
	if len(left) == len(r.held) {
		return nil
	}
	text, err := json.Marshal(salts{append([]salt{}, left...)})
	if err != nil {
		return err
	}
	if err := r.engine.UseSalts(ctx, text); err != nil {
		return err
	}
	for _, s := range r.held {
		if !now.Before(s.Until) {
			clear(s.Secret)
			r.cfg.Log.Info("refresh: a salt that has ended is forgotten", "id", s.ID)
		}
	}
	r.held, r.salts.tag = left, ""
	return nil
}
