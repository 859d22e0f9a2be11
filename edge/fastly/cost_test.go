package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/collector/collectortest"
	"weir/edge/toolchain/need"
)

// Fastly's own runtime says how much memory the program has: it is the same after
// many requests of every kind as after a tenth of them. Viceroy hands a sandbox six
// requests at most, so that most are collected in loops.
func TestMemoryDoesNotGrow(t *testing.T) {
	requests := 20_000
	if os.Getenv("WEIR_TORTURE") != "" {
		requests = 1_000_000
	}
	addr := goldenProgram(t, collectortest.Bundle(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, `{"batch":%q}`, r.Header.Get("webhook-id"))
	}))
	key := settingsEntry(collectortest.Settings())
	inputs := collectortest.Inputs(t)
	names := slices.Sorted(maps.Keys(inputs))
	each := requests/len(names) + 1
	for _, name := range names {
		before, after, _, err := cost(addr, wire(key, inputs[name]), each)
		if err != nil || before == 0 || after != before {
			t.Errorf("%s: the heap grew from %d to %d MiB over %d requests, %v", name, before, after, each, err)
		}
	}

	// Whole ones, with their batches sent, several at a time.
	const connections = 8
	var most atomic.Int64
	var work sync.WaitGroup
	for c := range connections {
		work.Go(func() {
			for n := c; n < requests/50; n += connections {
				_, heap, _, err := cost(addr, wire(key, inputs[names[n%len(names)]]), 0)
				if err != nil {
					t.Errorf("request %d: %v", n, err)
					return
				}
				for old := most.Load(); int64(heap) > old && !most.CompareAndSwap(old, int64(heap)); old = most.Load() {
				}
			}
		})
	}
	work.Wait()
	t.Logf("of sandboxes that send batches the heap has %d MiB at most", most.Load())
	if most.Load() == 0 || most.Load() > maxHeap/4 {
		t.Errorf("the heap of a sandbox has %d MiB, want at most a quarter of the %d that end one", most.Load(), maxHeap)
	}
	need.Ran(t, "memory", "viceroy")
}

// What an ordinary request may take of the processor, and what a sandbox may until
// it has its settings and schemas: a twentieth and a half of the 50 ms that Fastly
// allows one request.
const (
	mostVCPU  = 2500 * time.Microsecond
	mostStart = 25 * time.Millisecond
)

// Fastly bills by the processor time of a sandbox, and counts it itself. The least
// of several measurements counts: other programs can only add to it.
func TestVCPU(t *testing.T) {
	addr := goldenProgram(t, collectortest.Bundle(t), http.NotFoundHandler())
	key := settingsEntry(collectortest.Settings())
	inputs := collectortest.Inputs(t)
	least := func(name string, measurements, times int) time.Duration {
		t.Helper()
		if inputs[name] == nil {
			t.Fatalf("there is no case %s any more", name)
		}
		list := make([]time.Duration, measurements)
		for i := range list {
			var err error
			if _, _, list[i], err = cost(addr, wire(key, inputs[name]), times); err != nil || list[i] == 0 {
				t.Fatalf("%s took %v, %v", name, list[i], err)
			}
		}
		return slices.Min(list)
	}
	// Every sixth request has a sandbox of its own, which says what it took so far.
	start := least("health", 30, 0)
	t.Logf("%v of vCPU time until a sandbox has its settings and schemas", start)
	if start > mostStart {
		t.Errorf("a start takes %v of vCPU time, more than %v", start, mostStart)
	}
	for _, name := range []string{"get-i", "post-page-view", "post-batch", "segment-page", "cloudevents-structured"} {
		const times = 500
		took := least(name, 5, times) / times
		t.Logf("%s: %v of vCPU time a request of %d bytes", name, took, len(inputs[name].Request.Body)+len(inputs[name].Request.Query))
		if took > mostVCPU {
			t.Errorf("%s takes %v of vCPU time a request, more than %v", name, took, mostVCPU)
		}
	}
	need.Ran(t, "processor time", "viceroy")
}

// cost has a request collected so many times, or answered if none, and returns
// the heap before and after, in MiB, and the processor time that it took.
func cost(addr string, message []byte, times int) (before, after int, took time.Duration, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, 0, 0, err
	}
	defer conn.Close()
	// The slowest of the suite are texts that grow a thousandfold when unpacked.
	if err := conn.SetDeadline(time.Now().Add(time.Minute + time.Duration(times)*100*time.Millisecond)); err != nil {
		return 0, 0, 0, err
	}
	line := bytes.IndexByte(message, '\n') + 1
	if _, err := conn.Write(slices.Concat(message[:line], fmt.Appendf(nil, "Weir-Golden-Measure: %d\r\n", times), message[line:])); err != nil {
		return 0, 0, 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, 0, 0, err
	}
	defer resp.Body.Close()
	var milliseconds int64
	if _, err := fmt.Sscan(resp.Header.Get("Weir-Golden-Measure"), &before, &after, &milliseconds); err != nil {
		return 0, 0, 0, fmt.Errorf("the sandbox says nothing of what it takes: %w", err)
	}
	return before, after, time.Duration(milliseconds) * time.Millisecond, nil
}
