package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"weir/edge/abi"
	"weir/edge/abi/abitest"
	"weir/edge/cloudflare/workerdtest"
	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
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

// Text beyond ASCII takes another way through the glue than the suite's requests.
func TestAnyTextCrosses(t *testing.T) {
	bundle, settings := collectortest.Bundle(t), []byte(`{"privacy":{"geo":"city"}}`)
	native, err := collector.New(settings, bundle, all.Adapters()...)
	if err != nil {
		t.Fatal(err)
	}
	collect := open(t, workerdtest.Config{Bundle: bundle, Bindings: map[string]string{"WEIR_SETTINGS": string(settings)}})
	for _, text := range []string{"é", "Zürich", "plain then 茶", "😀 first", "a😀b", strings.Repeat("ü", 300), "\U0010ffff"} {
		in := &collector.Input{
			Request: protocol.Request{
				Method: "GET", Path: "/i", Query: "e=pv&p=web&tv=x&page=" + text, Host: text, ClientIP: "192.0.2.1",
				Headers: []protocol.Header{{Name: "User-Agent", Value: text}},
			},
			NowMillis: 1763679804123,
			Location:  envelope.Location{Country: "CH", City: text},
		}
		want := abi.AppendOutcome(nil, native.Collect(in))
		got, err := collect(in)
		if err != nil {
			t.Fatal(err)
		}
		if frame := abi.AppendOutcome(nil, got); string(frame) != string(want) {
			t.Errorf("%q: workerd gives\n%s\nand Go\n%s", text, frame, want)
		}
		if !strings.Contains(string(got.Batch), text) {
			t.Errorf("%q is not in the batch:\n%s", text, got.Batch)
		}
	}
}

func TestTraps(t *testing.T) {
	abitest.Run(t, open(t, workerdtest.Config{Module: abitest.Trapping(t)}))
	need.Ran(t, "traps", "workerd")
}

// What requests leave behind in the module's memory goes with the instance,
// before the module has to trap for want of more.
func TestLargeInstancesAreReplaced(t *testing.T) {
	edge := workerdtest.Run(t, workerdtest.Config{Module: abitest.Trapping(t), Bindings: bindings(keep(t).URL, "")})
	for range 10 {
		accepted(t, post(t, edge.URL+"/trapping/v1", "grow"))
	}
	if strings.Contains(edge.Output(), "trapped") {
		t.Error("the module trapped: its memory has grown beyond its limit")
	}
}
