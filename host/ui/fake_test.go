package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// fakeAPI is an admin listener: the live page and the API that it reads,
// answered from memory in the shape that the package comment specifies.
type fakeAPI struct {
	*httptest.Server
	collector, demo string
	failed          []map[string]any
	deadletters     []map[string]any

	mu      sync.Mutex
	sent    [][]byte
	bad     int
	changed chan struct{} // closed and replaced when something was sent
	dropped chan struct{} // closed and replaced to break every stream
}

func newFakeAPI(t *testing.T) *fakeAPI {
	api := &fakeAPI{collector: "http://127.0.0.1:8080", demo: "http://127.0.0.1:8082/demo/", changed: make(chan struct{}), dropped: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("/", Handler())
	mux.HandleFunc("/api/tail", api.tail)
	mux.HandleFunc("/api/status", api.status)
	mux.HandleFunc("/api/failed", func(w http.ResponseWriter, r *http.Request) { reply(w, map[string]any{"events": api.failed}) })
	mux.HandleFunc("POST /api/deadletters/retry", api.retry)
	mux.HandleFunc("/api/deadletters", func(w http.ResponseWriter, r *http.Request) {
		api.mu.Lock()
		defer api.mu.Unlock()
		reply(w, map[string]any{"deadletters": api.deadletters})
	})
	api.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		api.drop()
		api.Close()
	})
	return api
}

func (api *fakeAPI) send(e map[string]any) {
	line, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	api.sent = append(api.sent, line)
	if e["weir"].(map[string]any)["verdict"] == "failed" {
		api.bad++
	}
	close(api.changed)
	api.changed = make(chan struct{})
}

// drop breaks every stream under way.
func (api *fakeAPI) drop() {
	api.mu.Lock()
	defer api.mu.Unlock()
	close(api.dropped)
	api.dropped = make(chan struct{})
}

func (api *fakeAPI) tail(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "retry: 300\n\n")
	api.mu.Lock()
	next, dropped := max(0, len(api.sent)-200), api.dropped
	api.mu.Unlock()
	for {
		api.mu.Lock()
		lines, changed := api.sent[next:], api.changed
		next = len(api.sent)
		api.mu.Unlock()
		for _, line := range lines {
			fmt.Fprintf(w, "event: envelope\ndata: %s\n\n", line)
		}
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-dropped:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (api *fakeAPI) status(w http.ResponseWriter, r *http.Request) {
	api.mu.Lock()
	n, bad := len(api.sent), api.bad
	api.mu.Unlock()
	reply(w, map[string]any{
		"version": "0.1.0", "collector": api.collector, "demo": api.demo,
		"counters": map[string]any{"events": n, "good": n - bad, "failed": bad},
		"journal":  map[string]any{"bytes": 41_300_000, "records": n},
		"routes": []any{
			map[string]any{"name": "default", "sink": "sqlite", "position": n, "lag": 0, "breaker": "closed"},
			map[string]any{"name": "warehouse", "sink": "postgres", "position": 2, "lag": 1284, "oldest": time.Now().Add(-95 * time.Second).UTC().Format(time.RFC3339), "breaker": "open", "error": "connection refused"},
		},
	})
}

func (api *fakeAPI) retry(w http.ResponseWriter, r *http.Request) {
	var q struct{ IDs []int }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	for _, d := range api.deadletters {
		for _, id := range q.IDs {
			if d["id"] == id {
				d["retried"] = "2026-11-20T23:05:00Z"
			}
		}
	}
	reply(w, map[string]int{"retried": len(q.IDs)})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// rawNumber is a number whose digits must reach the page as they are.
func rawNumber(digits string) json.RawMessage { return json.RawMessage(digits) }
