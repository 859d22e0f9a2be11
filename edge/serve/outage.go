package serve

import (
	"log/slog"
	"sync"
)

// outage logs that hosts stopped taking batches and that they take them again:
// one line each, however many batches fall between. At thousands of requests a
// second a line a batch would drown what else happens.
type outage struct {
	mu     sync.Mutex
	missed int // batches that no host took since one last did
}

func (o *outage) note(log *slog.Logger, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil:
		if o.missed++; o.missed == 1 {
			log.Warn("no host takes batches: trackers are asked to try again", "error", err)
		}
	case o.missed > 0:
		log.Info("a host takes batches again", "refused", o.missed)
		o.missed = 0
	}
}
