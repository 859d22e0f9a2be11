package serve

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"

	"weir/edge/collector"
)

// Native is the collector compiled into the program: faster than the module,
// and without the wall of a memory of its own.
type Native struct {
	make  func() (*collector.Collector, error)
	slots chan *collector.Collector
	log   *slog.Logger
}

// NewNative returns an engine over collectors from fresh, one per processor.
// It makes them all, so that faulty settings are reported here.
func NewNative(fresh func() (*collector.Collector, error), log *slog.Logger) (*Native, error) {
	n := &Native{make: fresh, slots: make(chan *collector.Collector, runtime.GOMAXPROCS(0)), log: log}
	if n.log == nil {
		n.log = slog.Default()
	}
	for range cap(n.slots) {
		c, err := fresh()
		if err != nil {
			return nil, err
		}
		n.slots <- c
	}
	return n, nil
}

// Collect handles one request as [Engine] asks. A panic is answered as a
// trapped module is: a fresh collector tries again, then keeps the request as
// a failed event without decoding it.
func (n *Native) Collect(ctx context.Context, in *collector.Input, use func(*collector.Outcome)) error {
	var c *collector.Collector
	select {
	case c = <-n.slots:
	case <-ctx.Done():
		return fmt.Errorf("waiting for a collector: %w", ctx.Err())
	}
	defer func() { n.slots <- c }()

	attempt := *in
	for tries := 1; ; tries++ {
		out, err := collect(c, &attempt)
		if err == nil {
			use(out)
			return nil
		}
		n.log.Error("the collector panicked", "attempt", tries, "error", err)
		fresh, failed := n.make()
		if failed != nil {
			return fmt.Errorf("replacing a collector: %w", failed)
		}
		c = fresh
		switch tries {
		case 1:
		case 2:
			attempt.Trapped = true
		default:
			return err
		}
	}
}

func collect(c *collector.Collector, in *collector.Input) (out *collector.Outcome, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return c.Collect(in), nil
}
