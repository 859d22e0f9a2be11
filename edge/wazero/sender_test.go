package wazero

import (
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol"
)

// Nor do keys that are compared, verdicts that are told, and signs that are noted.
func TestMemoryDoesNotGrowForSenders(t *testing.T) {
	// The hash of backend-key-0123456789, a write key and a debug key at once.
	const keys = `[{"sha256":"95f691188978c0ae43ea554626cc672c97a850b5c16f277c993472190d647855"}]`
	r := open(t, Config{Instances: 1, Settings: []byte(`{"access":[{"apps":["shop"],"origins":["https://www.shop.example"],"keys":` + keys + `}],"debug_keys":` + keys +
		`,"bots":[{"apps":["shop"],"do":"drop"}]}`)})
	var inputs []*collector.Input
	for name, in := range collectortest.Inputs(t) {
		switch kind, _, _ := strings.Cut(name, "-"); kind {
		case "access", "verdict", "bot", "segment":
			with := *in
			with.Request.Headers = append([]protocol.Header{{Name: "X-Weir-Key", Value: "backend-key-0123456789"}, {Name: "Prefer", Value: "return=representation"}}, in.Request.Headers...)
			inputs = append(inputs, in, &with)
		}
	}
	heap := findHeap(t, r)
	for range 20 {
		for _, in := range inputs {
			collect(t, r, in)
		}
	}
	before := heap.end(r)
	for n := range 30_000 {
		collect(t, r, inputs[n%len(inputs)])
	}
	if grown := heap.end(r) - before; grown != 0 {
		t.Errorf("30000 requests left %d bytes behind", grown)
	}
	if got := r.Stats(); got != (Stats{}) {
		t.Errorf("stats = %+v: an instance was replaced", got)
	}
}
