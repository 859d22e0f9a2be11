package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"weir/edge/abi"
	"weir/edge/abi/abitest"
	"weir/edge/cloudflare/workerdtest"
	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/toolchain/need"
)

// open runs the module on workerd behind the Worker's own glue, by way of an
// entry that takes an input frame and returns the outcome frame.
func open(t *testing.T, cfg workerdtest.Config) func(*collector.Input) (*collector.Outcome, error) {
	cfg.Entry = "test/frames.ts"
	url := workerdtest.Start(t, cfg)
	return func(in *collector.Input) (*collector.Outcome, error) {
		resp, err := http.Post(url, "application/octet-stream", bytes.NewReader(abi.AppendInput(nil, in)))
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the Worker answered %d: %s", resp.StatusCode, body)
		}
		out := new(collector.Outcome)
		return out, abi.DecodeOutcome(out, body)
	}
}

func TestGoldenSuite(t *testing.T) {
	bundle := collectortest.Bundle(t)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		return open(t, workerdtest.Config{Bundle: bundle, Bindings: map[string]string{"WEIR_SETTINGS": string(settings)}})
	})
	need.Ran(t, "golden", "workerd")
}

func TestTraps(t *testing.T) {
	abitest.Run(t, open(t, workerdtest.Config{Module: abitest.Trapping(t)}))
	need.Ran(t, "traps", "workerd")
}
