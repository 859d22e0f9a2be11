package serve

import (
	"context"
	"fmt"
	"runtime"

	"weir/edge/collector"
)

// Native is the collector compiled into the program: faster than the module,
// and without the wall of a memory of its own.
type Native struct{ idle chan *collector.Collector }

// NewNative returns an engine over collectors from open, one per processor.
// It makes them all, so that faulty settings are reported here.
func NewNative(open func() (*collector.Collector, error)) (*Native, error) {
	n := &Native{make(chan *collector.Collector, runtime.GOMAXPROCS(0))}
	for range cap(n.idle) {
		c, err := open()
		if err != nil {
			return nil, err
		}
		n.idle <- c
	}
	return n, nil
}

// Collect handles one request as [Engine] asks. The error says that ctx ended
// while every collector was busy.
func (n *Native) Collect(ctx context.Context, in *collector.Input, use func(*collector.Outcome)) error {
	select {
	case c := <-n.idle:
		defer func() { n.idle <- c }()
		use(c.Collect(in))
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for a collector: %w", ctx.Err())
	}
}
