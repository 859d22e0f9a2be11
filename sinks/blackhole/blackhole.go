// Package blackhole is the sink that throws events away: to measure what comes
// before it, and to try a configuration out.
package blackhole

import (
	"context"

	"weir/sinks"
)

func init() {
	sinks.Register(sinks.Kind{
		Name:   "blackhole",
		Doc:    "Throws events away, for measuring and trying out.",
		Config: func() any { return &Config{} },
		New:    func(any, sinks.Env) (sinks.Sink, error) { return &Sink{}, nil },
	})
}

// Config is empty: there is nothing to set.
type Config struct{}

// Sink takes everything and keeps nothing.
type Sink struct{ open bool }

// Open succeeds.
func (s *Sink) Open(context.Context) error { s.open = true; return nil }

// Write forgets the batch.
func (s *Sink) Write(ctx context.Context, _ sinks.Batch) error {
	if !s.open {
		return sinks.ErrNotConnected
	}
	return ctx.Err()
}

// Check succeeds.
func (s *Sink) Check(context.Context) error { return nil }

// Close succeeds.
func (s *Sink) Close(context.Context) error { s.open = false; return nil }
