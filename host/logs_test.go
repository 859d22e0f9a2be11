package host

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"weir/edge/signature"
	"weir/host/logstream"
)

// Fastly asks first, and then sends lines. A host that takes no logs knows neither path.
func TestLogsOfFastly(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Edge.Services = []string{logstream.Any}
	r.start()
	ask := func(method, path, body string) (int, string) {
		t.Helper()
		q, err := http.NewRequest(method, "http://"+r.host.PublicAddr()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	if status, answer := ask("GET", logstream.PathChallenge, ""); status != 200 || answer != "*\n" {
		t.Errorf("the challenge is answered %d %q", status, answer)
	}
	id, body := frame(goodEvents(3)...)
	late := time.Now().Add(-time.Hour).Unix()
	line, err := json.Marshal(logstream.Line{ID: id, Timestamp: late, Signature: signature.Sign(r.key, id, late, body), Batch: base64.StdEncoding.EncodeToString(body)})
	if err != nil {
		t.Fatal(err)
	}
	lines := string(line) + "\n" + string(line) + "\n{}\n"
	for range 2 {
		if status, answer := ask("POST", logstream.Path, lines); status != 200 {
			t.Fatalf("lines are answered %d %q", status, answer)
		}
	}
	// The same batch the usual way is no other batch.
	if status, answer := r.post(id, body); status != 200 || !strings.Contains(answer, `"duplicate":true`) {
		t.Errorf("the batch itself: %d %s", status, answer)
	}
	var metrics string
	r.get("/metrics", &metrics)
	for _, want := range []string{
		`weir_log_lines_total{result="good"} 4`, `weir_log_lines_total{result="bad"} 2`,
		`weir_batches_acknowledged_total 1`, `weir_batches_duplicate_total 4`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no line %s in the metrics", want)
		}
	}
	r.drain()
	events := r.sink("a").events
	for event, n := range events {
		if n != 1 {
			t.Errorf("event %s was written %d times", event, n)
		}
	}
	if len(events) != 3 {
		t.Errorf("%d events were written, want 3", len(events))
	}

	r.cfg.Edge.Services = nil
	r.start()
	for method, path := range map[string]string{"GET": logstream.PathChallenge, "POST": logstream.Path} {
		if status, _ := ask(method, path, lines); status != 404 {
			t.Errorf("%s %s on a host that takes no logs: %d", method, path, status)
		}
	}
}
