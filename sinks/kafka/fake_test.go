package kafka

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// fake is a cluster in this process, for answers that a real one seldom gives.
func fake(t *testing.T, partitions int32) (*kfake.Cluster, *Sink) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	kind, _ := sinks.Lookup("kafka")
	config := kind.Config().(*Config)
	config.Brokers, config.Topic, config.Timeout = c.ListenAddrs(), "events", 20*time.Second
	s, err := kind.New(config, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return c, s.(*Sink)
}

// answer has a cluster answer produce requests to a partition with an error, for ever.
func answer(c *kfake.Cluster, partition int32, code *kerr.Error) {
	c.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		r := request.(*kmsg.ProduceRequest)
		response := r.ResponseKind().(*kmsg.ProduceResponse)
		hit := false
		for _, t := range r.Topics {
			topic := kmsg.NewProduceResponseTopic()
			topic.Topic, topic.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				part := kmsg.NewProduceResponseTopicPartition()
				part.Partition = p.Partition
				if p.Partition == partition {
					part.ErrorCode, hit = code.Code, true
				}
				topic.Partitions = append(topic.Partitions, part)
			}
			response.Topics = append(response.Topics, topic)
		}
		return response, nil, hit // the other partitions of such a request are said to be stored
	})
}

// TestAnswers: what delivery is to make of each answer, when all of a batch gets
// it and when one partition of several does.
func TestAnswers(t *testing.T) {
	const plain, throttled, permanent = "plain", "throttled", "permanent"
	for _, tt := range []struct {
		code *kerr.Error
		want string
		says string
	}{
		{kerr.NotEnoughReplicas, throttled, "in sync"},
		{kerr.ThrottlingQuotaExceeded, throttled, "THROTTLING_QUOTA_EXCEEDED"},
		{kerr.KafkaStorageError, throttled, "KAFKA_STORAGE_ERROR"},
		{kerr.NotLeaderForPartition, throttled, "NOT_LEADER"},
		{kerr.TopicAuthorizationFailed, plain, "grant it WRITE"},
		{kerr.ClusterAuthorizationFailed, plain, "IDEMPOTENT_WRITE"},
		{kerr.UnknownTopicOrPartition, plain, "create: true"},
		{kerr.UnsupportedCompressionType, plain, "set another"},
		{kerr.PolicyViolation, plain, "POLICY_VIOLATION"},
		{kerr.MessageTooLarge, permanent, "max.message.bytes"},
		{kerr.InvalidRecord, permanent, "compacted"},
		{kerr.InvalidTimestamp, permanent, "clock"},
	} {
		t.Run(tt.code.Message, func(t *testing.T) {
			t.Parallel()
			for _, partitions := range []int32{1, 3} {
				c, s := fake(t, partitions)
				answer(c, 0, tt.code)
				err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 60)})
				var some *sinks.BatchError
				if errors.As(err, &some) != (partitions > 1 || tt.want == permanent) {
					t.Fatalf("of %d partitions: %v", partitions, err)
				}
				if some == nil {
					some = &sinks.BatchError{Failed: []sinks.EventError{{Err: err, Permanent: sinks.IsPermanent(err)}}}
				} else if n := len(some.Failed); (n == 60) != (partitions == 1) {
					t.Errorf("of %d partitions: %d events failed", partitions, n)
				}
				for _, f := range some.Failed {
					_, later := sinks.IsThrottled(f.Err)
					if later != (tt.want == throttled) || f.Permanent != (tt.want == permanent) || errors.Is(f.Err, sinks.ErrNotConnected) ||
						!strings.Contains(f.Err.Error(), tt.says) || !strings.Contains(f.Err.Error(), "topic events") {
						t.Fatalf("of %d partitions: permanent %t, throttled %t: %v", partitions, f.Permanent, later, f.Err)
					}
				}
			}
		})
	}
}

// TestTroubleIsForgotten: a sink that met with trouble asks to be opened, and goes on.
func TestTroubleIsForgotten(t *testing.T) {
	c, s := fake(t, 1)
	left := 3
	c.ControlKey(int16(kmsg.InitProducerID), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if left--; left < 0 {
			return nil, nil, false
		}
		response := request.ResponseKind().(*kmsg.InitProducerIDResponse)
		response.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return response, nil, true
	})
	events := sinktest.Events(1, 3)
	if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events}); err == nil || !strings.Contains(err.Error(), "IDEMPOTENT_WRITE") {
		t.Fatalf("Write gives %v", err)
	}
	for range 20 {
		err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
		if err == nil {
			return
		}
		if errors.Is(err, sinks.ErrNotConnected) {
			if err := s.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Error("the sink does not recover")
}

// TestIsolate: the guilty are found among many, each sent few times.
func TestIsolate(t *testing.T) {
	c, s := fake(t, 1)
	requests := 0
	c.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		requests++
		r := request.(*kmsg.ProduceRequest)
		batch := r.Topics[0].Partitions[0].Records
		if len(batch) < 50_000 {
			return nil, nil, false
		}
		response := r.ResponseKind().(*kmsg.ProduceResponse)
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = r.Topics[0].Topic, r.Topics[0].TopicID
		part := kmsg.NewProduceResponseTopicPartition()
		part.ErrorCode = kerr.MessageTooLarge.Code
		topic.Partitions = append(topic.Partitions, part)
		response.Topics = append(response.Topics, topic)
		return response, nil, true
	})
	events, want := sinktest.Events(1, 256), []int{0, 100, 101, 255}
	for _, i := range want {
		events[i] = sinktest.With(events[i], "page_title", noise(100_000))
	}
	err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: events})
	var some *sinks.BatchError
	if !errors.As(err, &some) {
		t.Fatalf("Write gives %v", err)
	}
	var got []int
	for _, f := range some.Failed {
		got = append(got, f.Index)
	}
	if !slices.Equal(got, want) {
		t.Errorf("failed are %v, want %v", got, want)
	}
	if most := 2 * 8 * len(want); requests > most {
		t.Errorf("%d requests, want %d at most", requests, most)
	}
}

// TestNoTimeToIsolate: who was not found guilty is not called guilty.
func TestNoTimeToIsolate(t *testing.T) {
	items := []*item{{err: kerr.MessageTooLarge}, {}, {err: kerr.InvalidRecord}}
	if err := new(producer).isolate(t.Context(), items, time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 2} {
		err := explain("events", items[i].err)
		if _, later := sinks.IsThrottled(err); !later || sinks.IsPermanent(err) {
			t.Errorf("item %d: %v", i, err)
		}
	}
	if items[1].err != nil {
		t.Error(items[1].err)
	}
}
