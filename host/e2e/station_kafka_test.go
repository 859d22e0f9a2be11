//go:build unix

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/host/e2e/fault"
	"weir/sinks/kafka/kafkatest"
)

func init() { moreStations = append(moreStations, kafkaStation) }

// kafkaStation is one broker. Clients go where brokers tell them to, past any
// proxy, so it is the broker itself that is stopped and made silent.
func kafkaStation(t *testing.T) station {
	c := kafkatest.Start(t, 1)
	topic := c.Topic(t, 1, 1)
	state := fault.Pass
	set := func(m fault.Mode) {
		switch {
		case m == fault.Refuse:
			c.Kill(t, 0)
		case m == fault.Hang:
			c.Pause(t, 0)
		case state == fault.Refuse:
			c.Restart(t, 0)
		case state == fault.Hang:
			c.Resume(t, 0)
		}
		state = m
	}
	return station{name: "kafka", settings: fmt.Sprintf("kafka: {brokers: [%s], topic: %s, timeout: 5s}", strings.Join(c.Brokers(), ", "), topic),
		set: set, modes: []fault.Mode{fault.Refuse, fault.Hang}, at: partition{c.Brokers(), topic}}
}

// partition is a topic that has one.
type partition struct {
	brokers []string
	topic   string
}

func (p partition) eventIDs(app string) (map[string]int, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(p.brokers...), kgo.ConsumeTopics(p.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.DisableClientMetrics())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ids := map[string]int{}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second) // nothing more comes
		fetches := client.PollFetches(ctx)
		cancel()
		if ctx.Err() != nil && fetches.NumRecords() == 0 {
			return ids, nil
		}
		for _, r := range fetches.Records() {
			if err := countLines(ids, app, append(r.Value, '\n')); err != nil {
				return nil, err
			}
		}
	}
}
