package wazero

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"weir/edge/abi/abitest"
	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol"
	"weir/edge/toolchain/need"
)

func open(t testing.TB, cfg Config) *Runtime {
	t.Helper()
	if cfg.Module == nil {
		cfg.Module = read(t, need.Tool(t, "edge.wasm"))
	}
	if cfg.Bundle == nil {
		cfg.Bundle = collectortest.Bundle(t)
	}
	if cfg.CacheDir == "" {
		cfg.CacheDir = need.Cache() + "/wazero"
	}
	cfg.Log = slog.New(slog.DiscardHandler)
	r, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// collect runs one request and returns a copy of its outcome.
func collect(t testing.TB, r *Runtime, in *collector.Input) (status int, batch string) {
	t.Helper()
	if err := r.Collect(t.Context(), in, func(out *collector.Outcome) {
		status, batch = out.Response.Status, string(out.Batch)
	}); err != nil {
		t.Fatal(err)
	}
	return status, batch
}

func TestGoldenSuite(t *testing.T) {
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		r := open(t, Config{Settings: settings, Instances: 1})
		return func(in *collector.Input) (out *collector.Outcome, err error) {
			// With one instance and one caller the outcome stays valid until the next call.
			err = r.Collect(t.Context(), in, func(o *collector.Outcome) { out = o })
			return out, err
		}
	})
	need.Ran(t, "golden", "wazero")
}

func TestTraps(t *testing.T) {
	r := open(t, Config{Module: abitest.Trapping(t), Instances: 1})
	abitest.Run(t, func(in *collector.Input) (out *collector.Outcome, err error) {
		err = r.Collect(t.Context(), in, func(o *collector.Outcome) { out = o })
		return out, err
	})
	if got, want := r.Stats(), (Stats{Traps: 1 + 2 + 2, Kept: 2, Recycled: 1}); got != want {
		t.Errorf("stats = %+v, want %+v", got, want)
	}
	need.Ran(t, "traps", "wazero")
}

// What an instance returns after its memory was overwritten is not believed.
func TestACorruptInstanceIsReplaced(t *testing.T) {
	r := open(t, Config{Instances: 1})
	in := &collector.Input{Request: protocol.Request{Method: "GET", Path: "/health"}}
	want, _ := collect(t, r, in)
	i := <-r.slots
	memory, _ := i.module.Memory().Read(0, i.memory())
	for n := range memory {
		memory[n] = 0xff
	}
	r.slots <- i
	if got, _ := collect(t, r, in); got != want {
		t.Errorf("status = %d, want %d", got, want)
	}
	if r.Stats().Traps == 0 {
		t.Error("a corrupt instance went on working")
	}
}

func TestFaultyStarts(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"settings": {Config{Settings: []byte(`{"nonsense":1}`)}, "nonsense"},
		"bundle":   {Config{Bundle: []byte("no bundle")}, "bundle"},
		"module":   {Config{Module: []byte("\x00asm\x01\x00\x00\x00")}, "exports no"},
		"text":     {Config{Module: []byte("not wasm")}, "compiling the edge module"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.cfg.Module == nil {
				c.cfg.Module = read(t, need.Tool(t, "edge.wasm"))
			}
			if c.cfg.Bundle == nil {
				c.cfg.Bundle = collectortest.Bundle(t)
			}
			_, err := New(t.Context(), c.cfg)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one that names %q", err, c.want)
			}
		})
	}
}

func TestInstancesAreSharedAndWaitedFor(t *testing.T) {
	r := open(t, Config{Instances: 2})
	in := &collector.Input{Request: protocol.Request{Method: "GET", Path: "/health"}}
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			own := *in
			for range 50 {
				if err := r.Collect(t.Context(), &own, func(*collector.Outcome) {}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()

	busy, release, done := make(chan struct{}, 2), make(chan struct{}), make(chan struct{}, 2)
	for range 2 {
		go func() {
			own := *in
			r.Collect(context.Background(), &own, func(*collector.Outcome) {
				busy <- struct{}{}
				<-release
			})
			done <- struct{}{}
		}()
	}
	<-busy
	<-busy
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Collect(ended, in, func(*collector.Outcome) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want %v", err, context.Canceled)
	}
	close(release)
	<-done
	<-done
}
