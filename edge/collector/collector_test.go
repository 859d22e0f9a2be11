package collector_test

import (
	"flag"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol/all"
	"weir/edge/toolchain/need"
)

var update = flag.Bool("update", false, "rewrite the golden sections of the suite")

func TestGolden(t *testing.T) {
	collectortest.Update = *update
	bundle := collectortest.Bundle(t)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		c, err := collector.New(settings, bundle, all.Adapters()...)
		if err != nil {
			t.Fatal(err)
		}
		return func(in *collector.Input) (*collector.Outcome, error) { return c.Collect(in), nil }
	})
	need.Ran(t, "golden", "native")
}
