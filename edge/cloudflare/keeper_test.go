package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/cloudflare/workerdtest"
	"weir/edge/envelope"
	"weir/edge/signature"
)

// keeper is a host that can be put in trouble. In good health it takes batches
// as a weir host does, several in a body, each once.
type keeper struct {
	URL string

	mu      sync.Mutex
	trouble http.HandlerFunc // nil: none
	posts   int              // requests it took batches of
	batches map[string]string
	again   int // batches it held already
}

func keep(t *testing.T) *keeper {
	k := &keeper{batches: map[string]string{}}
	k.URL = serve(t, func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		trouble := k.trouble
		k.mu.Unlock()
		if trouble != nil {
			trouble(w, r)
			return
		}
		k.take(t, w, r)
	})
	return k
}

func (k *keeper) take(t *testing.T, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender is gone
	}
	if r.URL.Path == "/readyz" {
		return
	}
	h := r.Header
	if err := signature.Verify([][]byte{secret}, h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body, time.Now()); err != nil {
		t.Error(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.posts++
	first := ""
	for batches := envelope.NewReader(body); ; {
		b, err := batches.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Error(err)
			return
		}
		if first == "" {
			first = b.Header.ID
		}
		if _, held := k.batches[b.Header.ID]; held {
			k.again++
		}
		k.batches[b.Header.ID] = string(b.Frame)
	}
	if first != h.Get("webhook-id") {
		t.Errorf("webhook-id is %s, and the first batch %s", h.Get("webhook-id"), first)
	}
	fmt.Fprintf(w, `{"batch":%q,"events":1,"duplicate":false}`, first)
}

// suffer puts the host in trouble; nil mends it.
func (k *keeper) suffer(trouble http.HandlerFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.trouble = trouble
}

// held is what the host took, by batch id.
func (k *keeper) held() map[string]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.batches)
}

// holds waits until the host holds that many batches.
func (k *keeper) holds(t *testing.T, w *workerdtest.Worker, n int) {
	t.Helper()
	hurry := hurrying(w)
	until(t, fmt.Sprintf("the host holds %d batches", n), func() error {
		hurry()
		if held := len(k.held()); held < n {
			return fmt.Errorf("it holds %d, and %d messages wait", held, w.Backlog())
		}
		return nil
	})
}

// hurrying brings forward what the queue delivers again later. It does so once
// a second: a delivery that takes 16 minutes by the queue's clock is taken to
// have failed.
func hurrying(w *workerdtest.Worker) func() {
	var last time.Time
	return func() {
		if time.Since(last) > time.Second {
			w.Advance(time.Minute)
			last = time.Now()
		}
	}
}

// until polls until check returns nil.
func until(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond) // between polls
	}
}

// answering is a host's trouble.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// cut breaks connections off, as a host that is stopped.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// silent takes requests and says nothing.
func silent(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // or nobody notices that the client leaves
	<-r.Context().Done()
}

// edgeTo runs the Worker for a host.
func edgeTo(t *testing.T, hosts, settings string, queue *workerdtest.Queue) *workerdtest.Worker {
	t.Helper()
	return workerdtest.Run(t, workerdtest.Config{Queue: queue, Bindings: bindings(hosts, settings)})
}

func bindings(hosts, settings string) map[string]string {
	return map[string]string{"WEIR_HOST": hosts, "WEIR_SECRET": "whsec_" + base64.StdEncoding.EncodeToString(secret), "WEIR_SETTINGS": settings}
}

// refusal checks that an answer makes a tracker keep its events.
func refusal(t *testing.T, resp *http.Response) {
	t.Helper()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("answer = %d %v, want the refusal", resp.StatusCode, resp.Header)
	}
}

// accepted checks that an answer makes a tracker forget its events.
func accepted(t *testing.T, resp *http.Response) {
	t.Helper()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "ok" {
		t.Errorf("answer = %d %q, want 200 ok", resp.StatusCode, body)
	}
}

// says waits until the Worker has logged a text.
func says(t *testing.T, w *workerdtest.Worker, text string) {
	t.Helper()
	until(t, "the log says "+text, func() error {
		if !strings.Contains(w.Output(), text) {
			return fmt.Errorf("it says %q", w.Output())
		}
		return nil
	})
}
