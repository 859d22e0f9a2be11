package metrics

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"weir/host/ingest"
	"weir/sinks"
)

// Values that the public chooses cannot make the host's memory grow.
func TestLabelsAreBounded(t *testing.T) {
	m := New()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 2 * labelLimit {
				m.Stored(sinks.Event{App: fmt.Sprintf("app-%d", n), Schema: fmt.Sprintf("iglu:x/%d", (n+w)%7), Verdict: "good"}, "snowplow")
			}
		})
	}
	m.Stored(sinks.Event{App: strings.Repeat("x", maxLabel+1), Verdict: "failed"}, "snowplow")
	wg.Wait()
	if n := len(m.apps.known); n != labelLimit {
		t.Errorf("%d apps are told apart, want %d", n, labelLimit)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if text := w.Body.String(); !strings.Contains(text, `app="other"`) || strings.Contains(text, "xxxx") {
		t.Error(`values beyond the limit are not counted as "other"`)
	}
	if got := m.Totals(); got.Good != 4*2*labelLimit || got.Failed != 1 {
		t.Errorf("totals are %+v", got)
	}
}

func TestFilteredAtTheEdgeIsToldApart(t *testing.T) {
	m := New()
	m.Ingested(ingest.Result{Status: 200, Filtered: 7, Refused: 4, Bots: 2})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for by, want := range map[string]int{"privacy": 1, "access": 4, "bots": 2} {
		if line := fmt.Sprintf("weir_events_filtered_at_edge_total{by=%q} %d\n", by, want); !strings.Contains(w.Body.String(), line) {
			t.Errorf("no line %s", line)
		}
	}
}
