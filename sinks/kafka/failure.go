package kafka

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/sinks"
)

// isRefusal reports whether a broker, or the client in its stead, refuses a
// record for what it is. Sent again alone, it is refused again.
func isRefusal(err error) bool {
	for _, refusal := range []error{kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// isUnknown reports whether there is no such topic, or another than there was.
func isUnknown(err error) bool {
	return errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID)
}

// connecting says what to do when no connection comes about.
func connecting(err error) error {
	if errors.Is(err, kerr.SaslAuthenticationFailed) || errors.Is(err, kerr.UnsupportedSaslMechanism) || errors.Is(err, kerr.IllegalSaslState) {
		return fmt.Errorf("connecting to Kafka: the brokers refuse the login: check sasl (%w)", err)
	}
	return fmt.Errorf("connecting to Kafka: %w", err)
}

// explain says what to do about an error of a topic, and what delivery is to make of it.
func explain(topic string, err error) error {
	fix := ""
	switch {
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		fix = "the event is larger than the topic's max.message.bytes: raise it, or route large events elsewhere"
	case errors.Is(err, kerr.InvalidRecord):
		fix = "a compacted topic takes no records without a key: set key to a path that every event has"
	case errors.Is(err, kerr.InvalidTimestamp):
		fix = "this host's clock is outside of what the topic's message.timestamp.before.max.ms and after.max.ms allow"
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		fix = "the user lacks a permission: grant it WRITE and DESCRIBE on the topic"
	case errors.Is(err, kerr.ClusterAuthorizationFailed):
		fix = "the user lacks a permission: grant it WRITE on the topic, and for brokers before 3.0 IDEMPOTENT_WRITE on the cluster"
	case isUnknown(err):
		fix = "the topic does not exist: create it, or set create: true"
	case errors.Is(err, kerr.UnsupportedCompressionType):
		fix = "the brokers do not know this compression: set another"
	case errors.Is(err, kerr.NotEnoughReplicas), errors.Is(err, kerr.NotEnoughReplicasAfterAppend):
		fix = "fewer replicas are in sync than the topic's min.insync.replicas asks for: bring the missing brokers back"
	}
	if fix != "" {
		err = fmt.Errorf("%s (%w)", fix, err)
	}
	err = fmt.Errorf("topic %s: %w", topic, err)
	var answer *kerr.Error
	switch {
	case errors.Is(err, errTogether):
		return sinks.Throttled(err, 0)
	case !errors.As(err, &answer):
		return fmt.Errorf("%w: %w", sinks.ErrNotConnected, err)
	case isRefusal(err):
		return sinks.Permanent(err)
	case isUnknown(err):
		return err
	case errors.Is(err, kerr.ThrottlingQuotaExceeded), kerr.IsRetriable(err):
		// The cluster is not ready for it: nobody's fault, and the event's least.
		return sinks.Throttled(err, 0)
	}
	return err
}
