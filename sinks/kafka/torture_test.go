//go:build unix

package kafka

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"weir/host/torture"
	"weir/sinks"
	"weir/sinks/kafka/kafkatest"
	"weir/sinks/sinktest"
)

// TestTorture writes to three brokers while they are killed in turn, one at a
// time, and then looks for every event that was acknowledged. It takes minutes:
// make torture.
func TestTorture(t *testing.T) {
	if !torture.Long() {
		t.Skip("it takes minutes: make torture, or WEIR_TORTURE=1")
	}
	const cycles, size = 6, 100
	c := kafkatest.Start(t, 3)
	config := Config{Brokers: c.Brokers(), Topic: c.Topic(t, 6, 3, "min.insync.replicas=2"), InFlight: 2, Timeout: 20 * time.Second}
	if err := sink(t, config).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := open(t, config)

	stop, done := make(chan struct{}), make(chan []sinks.Event)
	var failures int
	go func() {
		var acknowledged []sinks.Event
		defer func() { done <- acknowledged }()
		for n := uint64(0); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			left := sinktest.Events(n, size)
			for len(left) > 0 && t.Context().Err() == nil {
				err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: left})
				var some *sinks.BatchError
				switch {
				case err == nil:
					acknowledged, left = append(acknowledged, left...), nil
				case errors.As(err, &some):
					failures++
					failed := map[int]bool{}
					var rest []sinks.Event
					for _, f := range some.Failed {
						if f.Permanent {
							t.Errorf("an event is blamed: %v", f.Err)
						}
						failed[f.Index] = true
					}
					for i, e := range left {
						if failed[i] {
							rest = append(rest, e)
						} else {
							acknowledged = append(acknowledged, e)
						}
					}
					left = rest
				case sinks.IsPermanent(err):
					t.Errorf("a batch is blamed: %v", err)
					return
				default:
					failures++
					if err := s.Open(t.Context()); err != nil {
						t.Logf("Open: %v", err)
					}
				}
			}
		}
	}()

	for i := range cycles {
		c.Kill(t, i%3)
		c.Restart(t, i%3)
		awaitReplicas(t, c, config.Topic, 3)
	}
	close(stop)
	acknowledged := <-done
	row := torture.Row{Scenario: "kafka: three brokers killed in turn", Cycles: cycles, Acknowledged: len(acknowledged), Note: fmt.Sprintf("%d writes failed", failures)}
	stored := count(t, c, config.Topic)
	for _, e := range acknowledged {
		switch stored[e.ID] {
		case 0:
			row.Lost++
		case 1:
			row.DeliveredOnce++
		default:
			row.DeliveredMore++
		}
	}
	row.Report(t)
	if len(acknowledged) == 0 {
		t.Error("nothing was acknowledged")
	}
}

// awaitReplicas waits until every partition has that many replicas in sync: one
// broker more away, and an acknowledgement would rest on nothing.
func awaitReplicas(t *testing.T, c *kafkatest.Cluster, topic string, n int) {
	t.Helper()
	eventually(t, func() error {
		m, err := c.Admin().ListTopics(t.Context(), topic)
		if err != nil {
			return err
		}
		for _, p := range m[topic].Partitions {
			if len(p.ISR) < n {
				return errors.New("replicas are behind")
			}
		}
		return m[topic].Err
	})
}
