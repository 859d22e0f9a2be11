package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"weir/host/journal"
)

// What a step reads at most.
const (
	stepBatches = 512
	stepBytes   = 4 << 20 // of frames
)

// room is what the journal has left for a replay.
type room struct {
	waiting string // why there is none
	limit   journal.Limit
}

// room leaves a fifth of the journal to what edges send: a replay must not be
// the reason why they are refused. It also knows the routes.
func (p *Replayer) room(ctx context.Context, route string) (room, error) {
	s, err := p.Store.Stats(ctx)
	if err != nil {
		return room{}, fmt.Errorf("reading the journal: %w", err)
	}
	// Names with a dot are the host's own.
	if strings.Contains(route, ".") || !slices.ContainsFunc(s.Routes, func(r journal.RouteStats) bool { return r.Name == route }) {
		return room{}, &journal.UnknownRouteError{Route: route}
	}
	r := room{limit: journal.Limit{Records: stepBatches, Bytes: int(min(stepBytes, max(s.Limit/100, 64<<10)))}}
	if s.Crowded() {
		r.waiting = fmt.Sprintf("the journal is %d %% full; a replay leaves a fifth of it free", s.Bytes*100/s.Limit)
	}
	return r, nil
}
