// Package window remembers on disk which events a route has delivered lately,
// for destinations that cannot tell an event that comes again from another one.
package window

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"weir/sinks"
)

// generations is how many files a window has, about: it forgets one at a time,
// so that it holds between seven eighths of Max and all of it.
const generations = 8

// Options bound a window. Keep and Max are required.
type Options struct {
	Keep time.Duration    // how long an event is remembered, at most
	Max  int              // events remembered, at most; each takes about 40 bytes of memory and 16 on disk
	Now  func() time.Time // nil is time.Now
	Log  *slog.Logger
}

// Window is the set of events delivered lately. It is safe for concurrent use.
type Window struct {
	dir string
	Options

	mu   sync.Mutex
	gens []*generation // the oldest first; the last is written to
}

// digest stands for an event: what of SHA-256 is enough that no two events
// have ever the same.
type digest [16]byte

func digestOf(e sinks.Event) (d digest) {
	sum := sha256.Sum256([]byte(e.ID + "\x00" + e.Fingerprint))
	copy(d[:], sum[:])
	return d
}

// Open opens the window in a directory of its own, which it creates. A file
// that ends in the middle of a block, as a power cut leaves it, is read up to
// there; so is one that is damaged, with a warning: events that are forgotten
// may be delivered twice, none is lost.
func Open(dir string, o Options) (*Window, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the window of delivered events: %w", err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil {
		return nil, fmt.Errorf("opening the window of delivered events: %w", err)
	}
	slices.Sort(paths)
	w := &Window{dir: dir, Options: o}
	for _, path := range paths {
		g, err := load(path)
		var damage *damageError
		switch {
		case errors.As(err, &damage):
			o.Log.Warn("window: some delivered events are forgotten; if they are sent again they are delivered twice", "error", err)
		case err != nil:
			return nil, errors.Join(fmt.Errorf("opening the window of delivered events: %w", err), w.Close())
		}
		w.gens = append(w.gens, g)
	}
	return w, w.forget()
}

// Unseen returns the events that are not in the window, in their order and
// each one once. What it returns may share memory with events.
func (w *Window) Unseen(events []sinks.Event) []sinks.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	oldest := w.Now().Add(-w.Keep)
	here := make(map[digest]struct{}, len(events))
	rest := events
	copied := false
	for i, e := range events {
		d := digestOf(e)
		_, twice := here[d]
		here[d] = struct{}{}
		if seen := twice || w.has(d, oldest); seen && !copied {
			rest, copied = slices.Clone(events[:i]), true
		} else if !seen && copied {
			rest = append(rest, e)
		}
	}
	return rest
}

func (w *Window) has(d digest, oldest time.Time) bool {
	for _, g := range w.gens {
		if at, ok := g.seen[d]; ok && !time.Unix(int64(at), 0).Before(oldest) {
			return true
		}
	}
	return false
}

// Add remembers events that were delivered. They are on disk when it returns
// nil; after an error some may be forgotten, and the next call begins a file
// of its own.
func (w *Window) Add(events []sinks.Event) error {
	if len(events) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	digests := make([]digest, len(events))
	for i, e := range events {
		digests[i] = digestOf(e)
	}
	g, err := w.current(now)
	if err != nil {
		return fmt.Errorf("remembering delivered events: %w", err)
	}
	if err := g.add(now, digests); err != nil {
		return fmt.Errorf("remembering delivered events: %w", err)
	}
	return w.forget()
}

// current returns the generation to write to, a new one when the last is full,
// has lasted long enough or failed.
func (w *Window) current(now time.Time) (*generation, error) {
	number := 1
	if n := len(w.gens); n > 0 {
		last := w.gens[n-1]
		age := now.Sub(time.Unix(int64(last.first), 0))
		if last.file != nil && len(last.seen) < max(1, w.Max/generations) && age < w.Keep/generations {
			return last, nil
		}
		if err := last.close(); err != nil {
			return nil, err
		}
		number = last.number + 1
	}
	g, err := create(w.dir, number)
	if err != nil {
		return nil, err
	}
	w.gens = append(w.gens, g)
	return g, nil
}

// forget removes the generations whose time is over, and the oldest ones while
// there are more events than Max.
func (w *Window) forget() error {
	oldest := uint32(max(0, w.Now().Add(-w.Keep).Unix()))
	events := 0
	for _, g := range w.gens {
		events += len(g.seen)
	}
	var errs []error
	for len(w.gens) > 1 && (w.gens[0].last < oldest || events > w.Max) {
		g := w.gens[0]
		events -= len(g.seen)
		w.gens = w.gens[1:]
		errs = append(errs, cmp.Or(g.close(), os.Remove(g.path)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("forgetting delivered events: %w", err)
	}
	return nil
}

// Len is how many events are remembered.
func (w *Window) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, g := range w.gens {
		n += len(g.seen)
	}
	return n
}

// Close lets go of the files.
func (w *Window) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, g := range w.gens {
		errs = append(errs, g.close())
	}
	return errors.Join(errs...)
}
