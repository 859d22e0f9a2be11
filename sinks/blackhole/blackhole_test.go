package blackhole_test

import (
	"context"
	"errors"
	"testing"

	"weir/sinks"
	"weir/sinks/blackhole"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "blackhole") }

// TestSink holds it to the part of the contract that needs no storing, as there
// is nothing to read back.
func TestSink(t *testing.T) {
	var s blackhole.Sink
	batch := sinks.Batch{ID: "b", Events: sinktest.Events(1, 10)}
	for range 2 {
		if err := s.Write(t.Context(), batch); !errors.Is(err, sinks.ErrNotConnected) {
			t.Errorf("Write while closed gives %v", err)
		}
		if err := errors.Join(s.Check(t.Context()), s.Open(t.Context()), s.Open(t.Context()), s.Write(t.Context(), batch), s.Write(t.Context(), sinks.Batch{})); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Write(ctx, batch); !errors.Is(err, context.Canceled) {
			t.Errorf("Write under a cancelled context gives %v", err)
		}
		if err := errors.Join(s.Close(t.Context()), s.Close(t.Context())); err != nil {
			t.Error(err)
		}
	}
}
