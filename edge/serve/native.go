package serve

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"weir/edge/collector"
)

// Native is the collector compiled into the program: faster than the module,
// and without the wall of a memory of its own.
type Native struct {
	open func() (*collector.Collector, error)
	idle chan *collector.Collector

	changing sync.Mutex
}

// NewNative returns an engine over collectors from open, one per processor.
// It makes them all, so that faulty settings are reported here.
func NewNative(open func() (*collector.Collector, error)) (*Native, error) {
	n := &Native{open: open, idle: make(chan *collector.Collector, runtime.GOMAXPROCS(0))}
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
	c, err := n.take(ctx)
	if err != nil {
		return err
	}
	defer func() { n.idle <- c }()
	use(c.Collect(in))
	return nil
}

// take returns an idle collector. A client that has closed its side of the
// connection, which ends ctx, is still served if there is one.
func (n *Native) take(ctx context.Context) (*collector.Collector, error) {
	select {
	case c := <-n.idle:
		return c, nil
	default:
	}
	select {
	case c := <-n.idle:
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a collector: %w", ctx.Err())
	}
}

// UseBundle judges by a bundle that a host offers, as [collector.Collector.UseBundle]
// says. Requests that begin after it has returned have it; after an error all is
// as it was.
func (n *Native) UseBundle(_ context.Context, bundle []byte) error {
	return n.use(func(c *collector.Collector) error { return c.UseBundle(bundle) })
}

// UseSalts makes ids of visitors with the salts of a host's answer, as
// [collector.Collector.UseSalts] says.
func (n *Native) UseSalts(_ context.Context, json []byte) error {
	return n.use(func(c *collector.Collector) error { return c.UseSalts(json) })
}

// use changes all collectors, after one that serves nobody has shown that it
// can be done. Requests wait as long as it takes to verify a bundle once for each.
func (n *Native) use(change func(*collector.Collector) error) error {
	n.changing.Lock()
	defer n.changing.Unlock()
	trial, err := n.open()
	if err != nil {
		return err
	}
	if err := change(trial); err != nil {
		return err
	}
	all := make([]*collector.Collector, cap(n.idle))
	for i := range all {
		all[i] = <-n.idle
	}
	for _, c := range all {
		err = errors.Join(err, change(c))
		n.idle <- c
	}
	return err
}
