package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"

	"weir/edge/toolchain/need"
	"weir/host/torture"
)

// poisonous is the id of an event that the receiver below cannot take, about
// one in five hundred.
var poisonous = regexp.MustCompile(`"event_id":"[0-9a-f-]{33}00[0-7]"`)

// TestTorturePoison sends to a receiver that fails as a whole when one event of
// a request is not to its liking, and says so with a status that means try again,
// or never. The events to blame are found and set aside, and no other is.
func TestTorturePoison(t *testing.T) {
	poison := int64(1)
	if torture.Long() {
		poison = 100
	}
	for _, status := range []int{http.StatusInternalServerError, http.StatusUnprocessableEntity} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			s, r, _ := toReceiver(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					body, err := io.ReadAll(q.Body)
					if err != nil {
						panic(http.ErrAbortHandler)
					}
					if poisonous.Match(body) {
						w.WriteHeader(status)
						return
					}
					q.Body = io.NopCloser(bytes.NewReader(body))
					next.ServeHTTP(w, q)
				})
			})
			l := startLoad(t, s.edgeURL, "poison", trackers)
			eventually(t, "some events were poisonous", func() error {
				if n := int64(len(l.poison())); n < poison {
					return fmt.Errorf("%d of %d", n, poison)
				}
				return nil
			})
			l.finish()
			want := l.poison()
			eventually(t, "all of them are dead letters", func() error {
				if n := s.metric(t, "weir_events_dead_total", ""); n < float64(len(want)) {
					return fmt.Errorf("%v of %d", n, len(want))
				}
				return nil
			})
			if dead := s.deadLetters(t); len(dead) != len(want) {
				t.Errorf("%d events are dead letters, %d were poisonous", len(dead), len(want))
			} else {
				for id := range dead {
					if !want[id] {
						t.Errorf("event %s is a dead letter, and there is nothing wrong with it", id)
					}
				}
			}
			l.mu.Lock()
			for id := range want {
				delete(l.acked, id)
			}
			l.mu.Unlock()
			sum := l.arrived(t, r)
			torture.Row{Scenario: fmt.Sprintf("poisonous events, for which the sink answers %d", status), Cycles: len(want), Acknowledged: int(l.accepted.Load()),
				DeliveredOnce: len(l.acked) - sum.missing - sum.repeated, DeliveredMore: sum.repeated, Lost: sum.missing,
				PeakMemoryMB: torture.PeakMemoryMB(s.host.cmd.Process.Pid), Note: fmt.Sprintf("%d dead letters, the poisonous ones", len(want))}.Report(t)
			s.host.stop(t)
		})
	}
	need.Ran(t, "poisonous events", "wazero")
}

// poison returns the acknowledged events that the receiver cannot take.
func (l *load) poison() map[string]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := map[string]bool{}
	for id := range l.acked {
		if poisonous.MatchString(`"event_id":"` + id + `"`) {
			ids[id] = true
		}
	}
	return ids
}

// deadLetters returns the ids of the events that wait as dead letters.
func (s *system) deadLetters(t *testing.T) map[string]bool {
	t.Helper()
	response, err := http.Get(s.adminURL + "/api/deadletters?limit=1000")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("listing dead letters: %s %s %v", response.Status, text, err)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`"event_id":\s*"([0-9a-f-]{36})"`).FindAllSubmatch(text, -1) {
		ids[string(m[1])] = true
	}
	if !json.Valid(text) {
		t.Fatalf("the list of dead letters is not JSON: %.200s", text)
	}
	return ids
}
