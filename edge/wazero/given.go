package wazero

import (
	"context"
	"fmt"
)

// given is what hosts gave to a runtime after its start.
type given struct {
	bundle []byte // nil for none
	salts  []byte // the answer that holds them; nil for none
}

// UseBundle judges by a bundle that a host offers, as [collector.Collector.UseBundle]
// says. Requests under way end with the schemas that they began with; those
// that begin after it has returned have the new ones. The module verifies the bundle: an
// error says that it is not used, and that everything is as it was.
func (r *Runtime) UseBundle(ctx context.Context, bundle []byte) error {
	return r.use(ctx, func(g *given) { g.bundle = bundle })
}

// UseSalts makes ids of visitors with the salts of a host's answer, as
// [collector.Collector.UseSalts] says.
func (r *Runtime) UseSalts(ctx context.Context, json []byte) error {
	return r.use(ctx, func(g *given) { g.salts = json })
}

func (r *Runtime) use(ctx context.Context, change func(*given)) error {
	r.giving.Lock()
	defer r.giving.Unlock()
	g := *r.given.Load()
	change(&g)
	// One that serves nobody yet tries it: whatever comes of it, no request waits.
	first, err := r.instantiate(ctx, &g)
	if err != nil {
		return err
	}
	r.given.Store(&g)
	// Instances at work take it when they come back, and the idle ones at once: an
	// old salt is not to lie in one that is not needed for days.
	var idle []*instance
	for range cap(r.slots) {
		select {
		case i := <-r.slots:
			idle = append(idle, i)
			continue
		default:
		}
		break
	}
	for _, i := range idle {
		if first != nil {
			r.discard(ctx, i)
			i, first = first, nil
		}
		r.slots <- r.current(ctx, i)
	}
	r.discard(ctx, first)
	return nil
}

// current returns an instance that works with what was given last: i, or nil for
// one that is made when it is needed.
func (r *Runtime) current(ctx context.Context, i *instance) *instance {
	g := r.given.Load()
	if i == nil || i.given == g {
		return i
	}
	// The request that brought it may have ended.
	if err := i.take(context.WithoutCancel(ctx), g); err != nil {
		r.cfg.Log.Warn("replacing an instance of the edge module that did not take what another took", "error", err)
		return r.discard(ctx, i)
	}
	return i
}

// take makes the instance work with g. After an error it is not to be used.
func (i *instance) take(ctx context.Context, g *given) error {
	before := i.given
	if before == nil {
		before = new(given)
	}
	if !same(before.bundle, g.bundle) {
		i.frame = append(i.frame[:0], g.bundle...)
		if err := i.use(ctx, "weir_bundle"); err != nil {
			return fmt.Errorf("using the bundle that a host offers: %w", err)
		}
	}
	if !same(before.salts, g.salts) {
		i.frame = append(i.frame[:0], g.salts...)
		err := i.use(ctx, "weir_salts")
		clear(i.frame)
		if err != nil {
			return fmt.Errorf("using the salts of a host: %w", err)
		}
	}
	i.given = g
	return nil
}

// use hands i.frame to one of the module's functions.
func (i *instance) use(ctx context.Context, name string) error {
	f := i.useBundle
	if name == "weir_salts" {
		f = i.useSalts
	}
	if err := i.give(ctx); err != nil {
		return err
	}
	i.stack[0] = uint64(len(i.frame))
	if err := i.call(ctx, name, f); err != nil {
		return err
	}
	if i.stack[0] == 0 {
		return i.refusal(ctx)
	}
	return nil
}

// same reports whether both are the same bytes in the same place.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
