package main

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"

	"weir/edge/abi"
	"weir/edge/cloudflare/workerdtest"
	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/toolchain/need"
)

// No request leaves a trace in the memory of an isolate, whatever comes of it.
// With WEIR_TORTURE a million requests say so.
func TestMemoryDoesNotGrow(t *testing.T) {
	requests := 100_000
	if os.Getenv("WEIR_TORTURE") != "" {
		requests = 1_000_000
	}
	url := workerdtest.Start(t, workerdtest.Config{Entry: "test/frames.ts", Bundle: collectortest.Bundle(t), Bindings: map[string]string{"WEIR_SETTINGS": string(collectortest.Settings())}})
	collect := func(in *collector.Input, times int) (memory int) {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(abi.AppendInput(nil, in)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Times", strconv.Itoa(times))
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		frame, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("the Worker answered %d: %s, %v", resp.StatusCode, frame, err)
		}
		var out collector.Outcome
		if err := abi.DecodeOutcome(&out, frame); err != nil {
			t.Fatal(err)
		}
		memory, err = strconv.Atoi(resp.Header.Get("Memory"))
		if err != nil || memory == 0 {
			t.Fatalf("the Worker does not say how much memory its module has: %v", err)
		}
		return memory
	}
	inputs := slices.Collect(maps.Values(collectortest.Inputs(t)))
	before := 0
	for _, in := range inputs {
		before = collect(in, 20) // buffers find their size
	}
	each := requests/len(inputs) + 1
	for n, in := range inputs {
		if after := collect(in, each); after != before {
			t.Fatalf("memory grew from %d to %d bytes over %d requests", before, after, (n+1)*each)
		}
	}
	need.Ran(t, "memory", "workerd")
}
