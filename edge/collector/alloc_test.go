package collector_test

import (
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol/all"
)

// open returns a collector with the suite's settings and bundle.
func open(t testing.TB) *collector.Collector {
	t.Helper()
	c, err := collector.New(collectortest.Settings(), collectortest.Bundle(t), all.Adapters()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Not even a request that can only fail allocates: whoever sends such requests
// in masses must not be able to make an edge grow.
func TestCollectAllocatesNothing(t *testing.T) {
	c := open(t)
	for name, in := range collectortest.Inputs(t) {
		// What one request makes grow, the next finds grown.
		if got := testing.AllocsPerRun(20, func() { c.Collect(in) }); got != 0 {
			t.Errorf("%s: %v allocations per request", name, got)
		}
	}
}

// Nor does one with settings of its own.
func TestCollectAllocatesNothingWhateverTheSettings(t *testing.T) {
	bundle := collectortest.Bundle(t)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		c, err := collector.New(settings, bundle, all.Adapters()...)
		if err != nil {
			t.Fatal(err)
		}
		return func(in *collector.Input) (*collector.Outcome, error) {
			for range 10 {
				c.Collect(in) // events that change places take some rounds to find their sizes
			}
			if got := testing.AllocsPerRun(5, func() { c.Collect(in) }); got != 0 {
				t.Errorf("%s %s?%s with %s: %v allocations per request", in.Request.Method, in.Request.Path, in.Request.Query, settings, got)
			}
			return c.Collect(in), nil
		}
	})
}

func TestCollectForgetsTheRequestBefore(t *testing.T) {
	c := open(t)
	inputs := collectortest.Inputs(t)
	for range 3 {
		for _, in := range inputs {
			c.Collect(in)
		}
	}
	in := inputs["post-two-entities-of-one-schema"]
	want := string(c.Collect(in).Batch)
	if got := string(open(t).Collect(in).Batch); got != want {
		t.Errorf("what a collector has seen before changes what it gives:\n%s\n%s", got, want)
	}
}

func benchmarkCollect(b *testing.B, in *collector.Input, events int) {
	c := open(b)
	if out := c.Collect(in); strings.Count(string(out.Batch), `"verdict":"good"`) != events {
		b.Fatalf("not %d good events:\n%s", events, out.Batch)
	}
	b.SetBytes(int64(len(in.Request.Body) + len(in.Request.Query)))
	b.ReportAllocs()
	for b.Loop() {
		c.Collect(in)
	}
	b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkCollect(b *testing.B) {
	inputs := collectortest.Inputs(b)
	b.Run("page_view", func(b *testing.B) { benchmarkCollect(b, inputs["post-page-view"], 1) })
	b.Run("two_entities", func(b *testing.B) { benchmarkCollect(b, inputs["post-two-entities-of-one-schema"], 1) })
	b.Run("base64", func(b *testing.B) { benchmarkCollect(b, inputs["base64-url-safe"], 1) })
	b.Run("get", func(b *testing.B) { benchmarkCollect(b, inputs["get-i"], 1) })
	b.Run("gzip", func(b *testing.B) { benchmarkCollect(b, inputs["gzip"], 1) })
	b.Run("five_events", func(b *testing.B) { benchmarkCollect(b, inputs["post-batch"], 5) })
}
