package config_test

import (
	"testing"

	"weir/edge/collector"
	"weir/host/config"
)

// A host that finds a batch too large makes trackers send it again for ever.
func TestBatchesOfAnEdgeFitByDefault(t *testing.T) {
	edge, err := collector.ParseSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if batch, body := edge.Limits.Batch, int(config.Default().Public.MaxBody); batch > body-body/16 {
		t.Errorf("an edge makes batches of %d bytes, a host takes %d: a sixteenth of that should be left", batch, body)
	}
}
