package jetstream

import (
	"context"
	"encoding/json"

	"github.com/nats-io/nats.go/jetstream"

	"weir/host/journal"
)

// follow learns the positions of all routes, whichever host reads them.
func (j *Journal) follow(watch jetstream.KeyWatcher) {
	defer watch.Stop()
	for {
		select {
		case <-j.ctx.Done():
			return
		case kv, ok := <-watch.Updates():
			if !ok {
				return
			}
			var e entry
			if kv != nil && kv.Operation() == jetstream.KeyValuePut && json.Unmarshal(kv.Value(), &e) == nil {
				j.learn(kv.Key(), e)
			}
		}
	}
}

// learn takes note of a position. Word of one that is older than what this
// host has written itself may still be on its way.
func (j *Journal) learn(name string, e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if old, ok := j.known[name]; ok && e.next().Before(old.next()) {
		return
	}
	j.known[name] = e
	close(j.moved)
	j.moved = make(chan struct{})
}

// Settled implements journal.Journal.
func (j *Journal) Settled(ctx context.Context, seq int64, routes ...string) error {
	for {
		moved, behind, err := j.behind(seq, routes)
		if err != nil || !behind {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-j.ctx.Done():
			return journal.ErrClosed
		}
	}
}

// behind reports whether any of the routes has yet to settle a batch; moved is
// closed when the answer may have changed.
func (j *Journal) behind(seq int64, routes []string) (moved <-chan struct{}, behind bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, name := range routes {
		if _, ok := j.routes[name]; !ok {
			return nil, false, &journal.UnknownRouteError{Route: name}
		}
		behind = behind || j.known[name].Seq <= seq
	}
	return j.moved, behind, nil
}
