package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/abi/abitest"
	"weir/edge/cloudflare/workerdtest"
	"weir/edge/toolchain/need"
)

// troubles are what can be wrong with a host.
var troubles = []struct {
	name    string
	trouble http.HandlerFunc
	logged  string
}{
	{"down", cut, "did not take batch"},
	{"half open", silent, "did not take batch"},
	{"slow", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		select {
		case <-time.After(3 * time.Second):
		case <-r.Context().Done():
		}
		fmt.Fprintf(w, `{"batch":%q}`, r.Header.Get("webhook-id"))
	}, "did not take batch"},
	{"500", answering(500, ""), "it answered 500"},
	{"draining", answering(503, ""), "it answered 503"},
	{"wrong key", answering(401, `{"error":"unauthorized"}`), "it answered 401 (is WEIR_SECRET the host's? are the clocks right?)"},
	{"another server", answering(200, "welcome"), "without naming the batch"},
	{"too small", answering(413, ""), "it answered 413"},
}

// Whatever is wrong with the host, the tracker notices nothing and the batch
// waits in the queue until the host is mended. The log holds nothing of either.
func TestTheQueueTakesWhatNoHostTakes(t *testing.T) {
	for _, c := range troubles {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := keep(t)
			edge := edgeTo(t, k.URL, "", &workerdtest.Queue{Retries: 100})
			k.suffer(c.trouble)
			accepted(t, post(t, edge.URL+tp2+"?aid=canary", pageView))
			says(t, edge, c.logged)
			if n := edge.Backlog(); n != 1 {
				t.Errorf("%d messages wait, want 1", n)
			}
			if n := len(k.held()); n != 0 {
				t.Errorf("the host in trouble holds %d batches", n)
			}
			k.suffer(nil)
			k.holds(t, edge, 1)
			for _, batch := range k.held() {
				if !strings.Contains(batch, `"app_id":"canary"`) {
					t.Errorf("batch = %s", batch)
				}
			}
			until(t, "the message is gone", func() error {
				if n := edge.Backlog(); n != 0 {
					return fmt.Errorf("%d wait", n)
				}
				return nil
			})
			if strings.Contains(edge.Output(), "canary") || strings.Contains(edge.Output(), "192.0.2") {
				t.Error("the log holds what the tracker sent")
			}
			need.Ran(t, "host in trouble, with a queue", "workerd")
		})
	}
}

// Without a queue, or with one that takes nothing, the tracker is told to keep
// its events.
func TestWhatNobodyTakesIsRefused(t *testing.T) {
	full := map[string]http.HandlerFunc{
		"overloaded": answering(429, "Queue is overloaded."),
		"failing":    answering(500, ""),
		"silent":     silent,
	}
	for name, trouble := range full {
		t.Run("queue "+name, func(t *testing.T) {
			t.Parallel()
			k := keep(t)
			k.suffer(cut)
			queue := serve(t, trouble)
			edge := edgeTo(t, k.URL, "", &workerdtest.Queue{At: strings.TrimPrefix(queue, "http://")})
			refusal(t, post(t, edge.URL+tp2+"?aid=canary", pageView))
			says(t, edge, "the queue did not take batch")
			says(t, edge, "is refused: nobody takes it")
			if strings.Contains(edge.Output(), "canary") {
				t.Error("the log holds what the tracker sent")
			}
			// The queue is no worse than none.
			k.suffer(nil)
			accepted(t, post(t, edge.URL+tp2, pageView))
			need.Ran(t, "full queue", "workerd")
		})
	}
	for _, c := range troubles {
		t.Run("no queue, host "+c.name, func(t *testing.T) {
			t.Parallel()
			k := keep(t)
			k.suffer(c.trouble)
			edge := edgeTo(t, k.URL, "", nil)
			refusal(t, post(t, edge.URL+tp2, pageView))
			says(t, edge, c.logged)
			k.suffer(nil)
			accepted(t, post(t, edge.URL+tp2, pageView))
			need.Ran(t, "host in trouble, without a queue", "workerd")
		})
	}
}

// Mode "queued" asks no host unless the queue fails.
func TestQueuedAnswersAfterTheQueue(t *testing.T) {
	k := keep(t)
	k.suffer(silent)
	edge := edgeTo(t, k.URL, `{"ack":"queued"}`, &workerdtest.Queue{Retries: 100})
	began := time.Now()
	accepted(t, post(t, edge.URL+tp2, pageView))
	if strings.Contains(edge.Output(), "did not take batch") && time.Since(began) > time.Second {
		t.Error("the tracker waited for the host")
	}
	k.suffer(nil)
	k.holds(t, edge, 1)

	queue := serve(t, answering(429, ""))
	edge = edgeTo(t, k.URL, `{"ack":"queued"}`, &workerdtest.Queue{At: strings.TrimPrefix(queue, "http://")})
	accepted(t, post(t, edge.URL+tp2, pageView))
	if n := len(k.held()); n != 2 {
		t.Errorf("the host holds %d batches: the one that the queue refused is missing", n)
	}
	k.suffer(cut)
	refusal(t, post(t, edge.URL+tp2, pageView))
}

// Mode "delivered" promises what no queue can.
func TestDeliveredDoesNotSettleForTheQueue(t *testing.T) {
	k := keep(t)
	k.suffer(cut)
	edge := edgeTo(t, k.URL, `{"ack":"delivered"}`, &workerdtest.Queue{})
	refusal(t, post(t, edge.URL+tp2, pageView))
	if n := edge.Backlog(); n != 0 {
		t.Errorf("%d messages wait, want none", n)
	}
}

// Mode "fast" goes on after the answer.
func TestFastTriesAgain(t *testing.T) {
	k := keep(t)
	var posts atomic.Int32
	k.suffer(func(w http.ResponseWriter, r *http.Request) {
		if posts.Add(1) < 3 {
			panic(http.ErrAbortHandler)
		}
		k.take(t, w, r)
	})
	edge := edgeTo(t, k.URL, `{"ack":"fast"}`, nil)
	accepted(t, post(t, edge.URL+tp2, pageView))
	until(t, "the host has the batch", func() error {
		if len(k.held()) == 0 {
			return fmt.Errorf("it was asked %d times", posts.Load())
		}
		return nil
	})
	k.suffer(cut)
	edge = edgeTo(t, k.URL, `{"ack":"fast"}`, &workerdtest.Queue{Retries: 100})
	accepted(t, post(t, edge.URL+tp2, pageView))
	k.suffer(nil)
	k.holds(t, edge, 2)
}

// What mode "fast" loses is reported.
func TestFastSaysWhatIsLost(t *testing.T) {
	t.Parallel() // with the others that wait
	k := keep(t)
	k.suffer(cut)
	edge := edgeTo(t, k.URL, `{"ack":"fast"}`, nil)
	accepted(t, post(t, edge.URL+tp2, pageView))
	says(t, edge, "is lost: its ack is fast and nobody took it in time")
	k.suffer(nil)
	accepted(t, post(t, edge.URL+tp2, pageView))
}

// A host that is silent is asked last for a while: the third of three is
// reached by the second request, though all of them together would take too long.
func TestASilentHostRests(t *testing.T) {
	mute, k := serve(t, silent), keep(t)
	other := serve(t, silent)
	edge := edgeTo(t, mute+","+other+","+k.URL, "", nil)
	refusal(t, post(t, edge.URL+tp2, pageView))
	accepted(t, post(t, edge.URL+tp2, pageView))
	if n := len(k.held()); n != 1 {
		t.Errorf("the third host holds %d batches, want 1", n)
	}
}

// What the module cannot do is answered all the same, and reported.
func TestTheModuleInTrouble(t *testing.T) {
	k := keep(t)
	t.Run("trap", func(t *testing.T) {
		edge := workerdtest.Run(t, workerdtest.Config{Module: abitest.Trapping(t), Bindings: bindings(k.URL, "")})
		accepted(t, post(t, edge.URL+"/trapping/v1?aid=canary", "trap"))
		if n := len(k.held()); n != 1 {
			t.Errorf("the host holds %d batches, want one with the failed event", n)
		}
		says(t, edge, "the edge module trapped, attempt 2")
		if strings.Contains(edge.Output(), "canary") {
			t.Error("the log holds what the tracker sent")
		}
	})
	t.Run("corrupt bundle", func(t *testing.T) {
		edge := workerdtest.Run(t, workerdtest.Config{Bundle: []byte("no bundle"), Bindings: bindings(k.URL, ""), Queue: &workerdtest.Queue{}})
		resp := post(t, edge.URL+tp2+"?aid=canary", pageView)
		refusal(t, resp)
		says(t, edge, "starting the edge module")
		if strings.Contains(edge.Output(), "canary") {
			t.Error("the log holds what the tracker sent")
		}
	})
	need.Ran(t, "module in trouble", "workerd")
}
