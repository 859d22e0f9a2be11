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
		before, after, err := heapOf(addr, wire(key, inputs[name]), each)
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
				_, heap, err := heapOf(addr, wire(key, inputs[names[n%len(names)]]), 0)
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

// heapOf has a request collected so many times, or answered if none, and returns
// the heap before and after, in MiB.
func heapOf(addr string, message []byte, times int) (before, after int, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, 0, err
	}
	line := bytes.IndexByte(message, '\n') + 1
	if _, err := conn.Write(slices.Concat(message[:line], fmt.Appendf(nil, "Weir-Golden-Memory: %d\r\n", times), message[line:])); err != nil {
		return 0, 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	if _, err := fmt.Sscan(resp.Header.Get("Weir-Golden-Memory"), &before, &after); err != nil {
		return 0, 0, fmt.Errorf("the sandbox says nothing of its memory: %w", err)
	}
	return before, after, nil
}
