package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"weir/edge/toolchain/need"
)

// hook is a webhook that refuses everything, or counts writes by event id.
type hook struct {
	mu      sync.Mutex
	accepts bool
	events  map[string]int
}

func (r *hook) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.accepts {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	for lines := bufio.NewScanner(req.Body); lines.Scan(); {
		r.events[gjson.GetBytes(lines.Bytes(), "event_id").String()]++
	}
}

// TestDeadLetterRetryInterrupted kills the host, or the command, while dead
// letters are handed back. The same command again hands back the rest: each
// letter was handed back once.
func TestDeadLetterRetryInterrupted(t *testing.T) {
	for name, end := range map[string]func(r *replayed, cmd *process){
		"host":    func(r *replayed, _ *process) { r.host.kill() },
		"command": func(_ *replayed, cmd *process) { cmd.kill() },
	} {
		t.Run(name, func(t *testing.T) {
			webhook := &hook{events: map[string]int{}}
			server := httptest.NewServer(webhook)
			t.Cleanup(server.Close)
			r := startReplayed(t, fmt.Sprintf("sinks: [{name: hook, http: {url: %q, private: [127.0.0.0/8], body: event, in_flight: 8}}]\n", server.URL+"/"))
			const letters = 4000
			r.send(40, letters/40)
			eventually(t, "every event is a dead letter", func() error {
				s, err := r.status()
				if err == nil && s.Journal.DeadLetters != letters {
					err = fmt.Errorf("%d dead letters", s.Journal.DeadLetters)
				}
				return err
			})
			webhook.mu.Lock()
			webhook.accepts = true
			webhook.mu.Unlock()
			r.interrupted(3, func(cmd *process) { end(r, cmd) }, "deadletter", "retry", "--all")
			if r.host.alive() != nil {
				r.start()
			}
			var done struct{ Letters, Waiting int }
			r.result(&done, "deadletter", "retry", "--all")
			if done.Waiting != 0 || done.Letters == 0 || done.Letters == letters {
				t.Errorf("the second retry handed back %d of %d and left %d", done.Letters, letters, done.Waiting)
			}
			r.settled()
			r.host.stop(t)
			if n := r.count(r.journal(), "SELECT sum(events) FROM log WHERE route = 'hook'"); n != letters {
				t.Errorf("%d letters were handed back, want each of %d once", n, letters)
			}
			webhook.mu.Lock()
			defer webhook.mu.Unlock()
			if len(webhook.events) != letters {
				t.Errorf("%d different events were delivered, want %d", len(webhook.events), letters)
			}
			need.Ran(t, "dead letters' retry killed in the middle", name)
		})
	}
}

// TestFailedRetryInterrupted kills the host, or the command, while failed events
// are judged again. Started anew, each event that passes was delivered once.
func TestFailedRetryInterrupted(t *testing.T) {
	for name, end := range map[string]func(r *replayed, cmd *process){
		"host":    func(r *replayed, _ *process) { r.host.kill() },
		"command": func(_ *replayed, cmd *process) { cmd.kill() },
	} {
		t.Run(name, func(t *testing.T) {
			schemas := t.TempDir()
			r := startReplayed(t, fmt.Sprintf("schemas: [%q]\nsinks: [{name: warehouse, sqlite: {}}]\nroutes: [{sink: warehouse, events: good}]\n", schemas))
			r.members = `"unstruct_event":{"schema":"iglu:com.example/late/jsonschema/1-0-0","data":{"n":1}},`
			r.verdict = "unresolved"
			const events = 6000
			r.send(60, events/60)
			r.settled()
			path := filepath.Join(schemas, "com.example", "late", "jsonschema", "1-0-0")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(`{"self":{"vendor":"com.example","name":"late","format":"jsonschema","version":"1-0-0"},"type":"object","required":["n"]}`), 0o644); err != nil {
				t.Fatal(err)
			}
			r.interrupted(3, func(cmd *process) { end(r, cmd) }, "failed", "retry")
			if r.host.alive() != nil {
				r.start()
			}
			var done struct {
				Judged, Passed, Resumed int
				Left                    []struct{}
			}
			r.result(&done, "failed", "retry")
			if done.Passed == 0 || done.Passed+done.Resumed == events || len(done.Left) != 0 {
				t.Errorf("the second time %+v", done)
			}
			r.settled()
			r.host.stop(t)
			if n := r.count(r.journal(), "SELECT sum(events) FROM log"); n != 2*events {
				t.Errorf("the journal has stored %d events, want each of %d once as it came and once as it passed", n, events)
			}
			if n := r.count(filepath.Join(r.dir, "data", "sinks", "warehouse", "events.sqlite"), "SELECT count(DISTINCT event_id) FROM events"); n != events {
				t.Errorf("the table holds %d events, want %d", n, events)
			}
			need.Ran(t, "failed events' retry killed in the middle", name)
		})
	}
}
