package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/cloudflare/workerdtest"
	"weir/edge/toolchain/need"
)

// Batches that waited arrive in fewer requests than they are, each under its
// own id, byte for byte as the edge wrote it.
func TestBatchesAreMerged(t *testing.T) {
	k := keep(t)
	k.suffer(cut)
	edge := edgeTo(t, k.URL, "", &workerdtest.Queue{Retries: 100})
	const batches = 60
	for range batches {
		accepted(t, post(t, edge.URL+tp2, pageView))
	}
	k.suffer(nil)
	k.holds(t, edge, batches)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.posts > batches/2 || k.again > 0 {
		t.Errorf("%d batches came in %d requests, %d of them twice", batches, k.posts, k.again)
	}
	for id, batch := range k.batches {
		if !strings.HasPrefix(batch, `{"weir_batch":1,"id":"`+id+`"`) || !strings.Contains(batch, `"batch":"`+id+`"`) {
			t.Errorf("batch %s = %s", id, batch)
		}
	}
	need.Ran(t, "merged batches", "workerd")
}

// A batch that no host wants spoils neither those it is merged with nor those
// after it, and ends as a dead letter.
func TestAnUnwantedBatchIsADeadLetter(t *testing.T) {
	k := keep(t)
	k.suffer(cut)
	edge := edgeTo(t, k.URL, "", &workerdtest.Queue{Retries: 4})
	// Without retries to spare, messages must not be tried while the host is down.
	wait := make(chan struct{})
	k.suffer(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		select {
		case <-wait:
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if bytes.Contains(body, []byte("poison")) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		k.take(t, w, r)
	})
	const good = 5
	for i := range good + 1 {
		app := "?aid=good"
		if i == good/2 {
			app = "?aid=poison"
		}
		accepted(t, post(t, edge.URL+tp2+app, pageView))
	}
	close(wait)
	k.holds(t, edge, good)
	hurry := hurrying(edge)
	until(t, "the poison is a dead letter", func() error {
		hurry()
		if n := edge.DeadLetters(); n != 1 {
			return fmt.Errorf("%d dead letters, %d messages wait", n, edge.Backlog())
		}
		return nil
	})
	says(t, edge, "no host wants batch")
	for _, batch := range k.held() {
		if strings.Contains(batch, "poison") {
			t.Error("the host holds the poison")
		}
	}
	if strings.Contains(edge.Output(), "poison") {
		t.Error("the log holds what the tracker sent")
	}
}

// A batch larger than a message is compressed; one that is too large even then
// goes past the queue, and nothing of it is acknowledged unless a host takes it.
func TestLargeBatches(t *testing.T) {
	k := keep(t)
	k.suffer(cut)
	edge := edgeTo(t, k.URL, "", &workerdtest.Queue{Retries: 100})
	body := func(title string) string {
		return strings.Replace(pageView, `"e":"pv"`, `"e":"ue","ue_pr":"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":{\"schema\":\"iglu:com.example/large/jsonschema/1-0-0\",\"data\":{\"text\":\"`+title+`\"}}}"`, 1)
	}
	fits := strings.Repeat("weir ", 80_000)
	accepted(t, post(t, edge.URL+tp2, body(fits)))
	noise := make([]byte, 300_000)
	rand.Read(noise)
	refusal(t, post(t, edge.URL+tp2, body(base64.StdEncoding.EncodeToString(noise))))
	says(t, edge, "are more than a message holds")
	k.suffer(nil)
	k.holds(t, edge, 1)
	for _, batch := range k.held() {
		if !strings.Contains(batch, fits) {
			t.Errorf("the batch lost text: %.300s", batch)
		}
	}
	accepted(t, post(t, edge.URL+tp2, body(base64.StdEncoding.EncodeToString(noise))))
	need.Ran(t, "large batches", "workerd")
}

// An isolate that ends in the middle loses nothing that was acknowledged: what
// the queue took is delivered afterwards, and a batch that was on its way then
// comes again under its id.
func TestAnIsolateEndsInTheMiddle(t *testing.T) {
	k := keep(t)
	k.suffer(cut)
	edge := edgeTo(t, k.URL, "", &workerdtest.Queue{Retries: 100})
	const batches = 7
	for range batches {
		accepted(t, post(t, edge.URL+tp2, pageView))
	}

	// The host takes what the queue delivers, and workerd ends before it hears of it.
	var taken atomic.Int32
	arrived := make(chan struct{}, 100)
	k.suffer(func(w http.ResponseWriter, r *http.Request) {
		k.take(t, discard{w}, r)
		taken.Add(1)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	edge.Advance(time.Minute)
	receive(t, arrived)
	// A request that is under way when its isolate ends has no answer: its tracker keeps its events.
	answered := make(chan error, 1)
	go func() {
		resp, err := http.Post(edge.URL+tp2, "application/json", strings.NewReader(pageView))
		if err == nil {
			resp.Body.Close()
		}
		answered <- err
	}()
	receive(t, arrived)
	edge.Kill()
	if err := receive(t, answered); err == nil {
		t.Error("a request whose isolate ended was answered")
	}

	k.suffer(nil)
	edge.Restart()
	k.holds(t, edge, batches)
	hurry := hurrying(edge)
	until(t, "no message waits", func() error {
		hurry()
		if n := edge.Backlog(); n != 0 {
			return fmt.Errorf("%d wait", n)
		}
		return nil
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.again == 0 {
		t.Error("nothing came again: the isolate did not end in the middle")
	}
	need.Ran(t, "isolate ends in the middle", "workerd")
}

// discard swallows a host's answer.
type discard struct{ http.ResponseWriter }

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// The queue is emptied whatever is wrong with the rest of the Worker.
func TestTheQueueOutlivesACorruptBundle(t *testing.T) {
	k := keep(t)
	k.suffer(cut)
	edge := workerdtest.Run(t, workerdtest.Config{Bindings: bindings(k.URL, ""), Queue: &workerdtest.Queue{Retries: 100}})
	accepted(t, post(t, edge.URL+tp2, pageView))
	edge.Kill()
	edge.Replace("default.bundle", []byte("no bundle"))
	edge.Restart()
	refusal(t, post(t, edge.URL+tp2, pageView))
	k.suffer(nil)
	k.holds(t, edge, 1)
}

// The cron trigger says in one line of the log how host and queue are.
func TestHealthIsReported(t *testing.T) {
	k := keep(t)
	edge := edgeTo(t, k.URL, "", &workerdtest.Queue{Retries: 100})
	if outcome := edge.Schedule(); outcome != "ok" {
		t.Errorf("outcome = %s", outcome)
	}
	says(t, edge, `{"weir":"health","hosts":{"`+strings.TrimPrefix(k.URL, "http://")+`":"ready"},"queue":{"messages":0,"bytes":0,"oldest_seconds":0}}`)
	k.suffer(cut)
	accepted(t, post(t, edge.URL+tp2, pageView))
	k.suffer(answering(503, ""))
	edge.Schedule()
	says(t, edge, `:"answers 503"},"queue":{"messages":1,`)
}
