// Package wazero runs the edge module inside a Go process: the same bytes that
// a CDN runs, behind a pool of instances.
package wazero

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	wz "github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"weir/edge/collector"
)

// Config says what to run and within which bounds. The zero value runs the
// embedded module over the embedded bundle.
type Config struct {
	Module   []byte // edge.wasm; nil for the embedded one
	Settings []byte // JSON for [collector.New]; nil for its defaults
	Bundle   []byte // compiled schemas; nil for the embedded ones

	// CacheDir keeps the module's machine code between runs: compiling takes
	// about a third of a second, loading a few milliseconds. Empty: not kept.
	CacheDir string
	// Instances is how many requests run at once. 0: one per processor.
	Instances int
	// RecycleAbove is the memory in bytes past which an instance is replaced
	// after its request; the module itself traps beyond 128 MiB. 0: 32 MiB.
	RecycleAbove uint32

	// Log receives one line per replaced instance. nil: slog.Default.
	Log *slog.Logger
}

// Stats counts since the runtime began.
type Stats struct {
	Traps    uint64 // calls that trapped; each cost an instance
	Recycled uint64 // instances replaced for their memory
	Kept     uint64 // requests kept undecoded as a failed event after trapping twice
}

// Runtime is a compiled module with a pool of instances. It is safe for
// concurrent use.
type Runtime struct {
	cfg      Config
	runtime  wz.Runtime
	compiled wz.CompiledModule
	cache    wz.CompilationCache

	// slots holds one entry per instance that may exist; nil stands for one
	// that is yet to be made.
	slots chan *instance

	given  atomic.Pointer[given] // what hosts gave last; never nil
	giving sync.Mutex            // of what is given

	traps, recycled, kept atomic.Uint64
}

// New compiles the module and makes a first instance, so that faulty settings
// or a faulty bundle are reported here.
func New(ctx context.Context, cfg Config) (*Runtime, error) {
	var err error
	if cfg.Module == nil {
		if cfg.Module, err = Module(); err != nil {
			return nil, err
		}
	}
	if cfg.Bundle == nil {
		if cfg.Bundle, err = DefaultBundle(); err != nil {
			return nil, err
		}
	}
	if cfg.Instances <= 0 {
		cfg.Instances = runtime.GOMAXPROCS(0)
	}
	if cfg.RecycleAbove == 0 {
		cfg.RecycleAbove = 32 << 20
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	r := &Runtime{cfg: cfg, slots: make(chan *instance, cfg.Instances)}
	r.given.Store(new(given))
	if err := r.start(ctx); err != nil {
		r.Close(ctx)
		return nil, err
	}
	return r, nil
}

func (r *Runtime) start(ctx context.Context) (err error) {
	config := wz.NewRuntimeConfig()
	if r.cfg.CacheDir != "" {
		if r.cache, err = wz.NewCompilationCacheWithDir(r.cfg.CacheDir); err != nil {
			return fmt.Errorf("opening the compiled-module cache: %w", err)
		}
		config = config.WithCompilationCache(r.cache)
	}
	r.runtime = wz.NewRuntimeWithConfig(ctx, config)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r.runtime); err != nil {
		return fmt.Errorf("preparing WASI: %w", err)
	}
	if r.compiled, err = r.runtime.CompileModule(ctx, r.cfg.Module); err != nil {
		return fmt.Errorf("compiling the edge module: %w", err)
	}
	first, err := r.instantiate(ctx, r.given.Load())
	if err != nil {
		return err
	}
	r.slots <- first
	for range r.cfg.Instances - 1 {
		r.slots <- nil
	}
	return nil
}

// Collect handles one request on an instance of its own and passes the outcome
// to use, which must have copied what it keeps when it returns.
//
// An instance that traps is replaced and the request tried again. If that traps
// too, the request is kept as a failed event without being decoded. An error
// means that even so there is no outcome, or that ctx ended while every
// instance was busy: the request was not taken.
func (r *Runtime) Collect(ctx context.Context, in *collector.Input, use func(*collector.Outcome)) error {
	var i *instance
	select {
	case i = <-r.slots: // even if ctx has ended: a client may have closed its side of the connection
	default:
		select {
		case i = <-r.slots:
		case <-ctx.Done():
			return fmt.Errorf("waiting for an instance: %w", ctx.Err())
		}
	}
	defer func() { r.slots <- r.current(ctx, i) }()

	attempt := *in
	for tries := 1; ; tries++ {
		var out *collector.Outcome
		var err error
		if i == nil {
			i, err = r.instantiate(ctx, r.given.Load())
		}
		if err == nil {
			out, err = i.collect(ctx, &attempt)
		}
		if err == nil {
			if attempt.Trapped && !in.Trapped {
				r.kept.Add(1)
			}
			use(out)
			if i.memory() > r.cfg.RecycleAbove {
				r.recycled.Add(1)
				r.cfg.Log.Info("replacing an instance of the edge module for its memory", "bytes", i.memory())
				i = r.discard(ctx, i)
			}
			return nil
		}
		i = r.discard(ctx, i)
		var trap *trapError
		if !errors.As(err, &trap) {
			return err
		}
		r.traps.Add(1)
		r.cfg.Log.Error("the edge module trapped", "attempt", tries, "error", err)
		switch tries {
		case 1:
		case 2:
			attempt.Trapped = true
		default:
			return err
		}
	}
}

// Stats returns the counters.
func (r *Runtime) Stats() Stats {
	return Stats{Traps: r.traps.Load(), Recycled: r.recycled.Load(), Kept: r.kept.Load()}
}

// Close frees every instance. No Collect may be running.
func (r *Runtime) Close(ctx context.Context) error {
	var errs []error
	if r.runtime != nil {
		errs = append(errs, r.runtime.Close(ctx))
	}
	if r.cache != nil {
		errs = append(errs, r.cache.Close(ctx))
	}
	return errors.Join(errs...)
}

func (r *Runtime) discard(ctx context.Context, i *instance) *instance {
	if i != nil {
		i.module.Close(ctx)
	}
	return nil
}
