package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"weir/edge/abi"
	"weir/edge/cloudflare/workerdtest"
	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/toolchain/need"
)

// A valid event leaves no trace in the memory of an isolate. With WEIR_TORTURE
// a million requests say so.
func TestMemoryDoesNotGrow(t *testing.T) {
	requests := 100_000
	if os.Getenv("WEIR_TORTURE") != "" {
		requests = 1_000_000
	}
	url := workerdtest.Start(t, workerdtest.Config{Entry: "test/frames.ts", Bundle: collectortest.Bundle(t), Bindings: map[string]string{"WEIR_SETTINGS": string(collectortest.Settings())}})
	collect := func(in *collector.Input, times int) (memory int, batch []byte) {
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
		return memory, out.Batch
	}
	var inputs []*collector.Input
	before := 0
	for _, in := range collectortest.Inputs(t) {
		// More than enough for buffers to find their size.
		var batch []byte
		if before, batch = collect(in, 3); strings.Contains(string(batch), `"failed":0`) {
			inputs = append(inputs, in)
		}
	}
	if len(inputs) == 0 {
		t.Fatal("the suite holds no valid event")
	}
	const round = 500
	for n := 0; n < requests/round; n++ {
		if after, _ := collect(inputs[n%len(inputs)], round); after != before {
			t.Fatalf("memory grew from %d to %d bytes over %d requests", before, after, (n+1)*round)
		}
	}
	need.Ran(t, "memory", "workerd")
}
