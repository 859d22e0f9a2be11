package mqtt

import (
	"fmt"

	"weir/sinks"
)

// reason is a reason code of MQTT 5 section 2.4 that means failure.
type reason byte

// What is acted upon. The codes of PUBACK, PUBREC, CONNACK and DISCONNECT share
// one number space.
const (
	malformed        reason = 0x81
	badCredentials   reason = 0x86
	notAuthorized    reason = 0x87
	unavailable      reason = 0x88
	busy             reason = 0x89
	banned           reason = 0x8A
	shuttingDown     reason = 0x8B
	takenOver        reason = 0x8E
	badTopic         reason = 0x90
	tooManyAtOnce    reason = 0x93
	tooLarge         reason = 0x95
	tooFast          reason = 0x96
	quotaExceeded    reason = 0x97
	badPayload       reason = 0x99
	retainMissing    reason = 0x9A
	qosMissing       reason = 0x9B
	connectsTooOften reason = 0x9F
)

var meanings = map[reason]string{
	malformed:        "malformed packet",
	badCredentials:   "bad user name or password",
	notAuthorized:    "not authorized: allow this user to publish to the topic",
	unavailable:      "server unavailable",
	busy:             "server busy",
	banned:           "banned",
	shuttingDown:     "server shutting down",
	takenOver:        "session taken over: another client has the same client_id",
	badTopic:         "topic name invalid: the broker does not take it, see topic",
	tooManyAtOnce:    "receive maximum exceeded",
	tooLarge:         "packet too large",
	tooFast:          "message rate too high",
	quotaExceeded:    "quota exceeded",
	badPayload:       "payload format invalid",
	retainMissing:    "retain not supported: set retain: false",
	qosMissing:       "QoS not supported: lower qos",
	connectsTooOften: "connection rate exceeded",
}

func (r reason) Error() string {
	if m, ok := meanings[r]; ok {
		return fmt.Sprintf("%s (reason code 0x%02X)", m, byte(r))
	}
	return fmt.Sprintf("refused with reason code 0x%02X", byte(r))
}

// classify says what a failure asks of delivery: to wait, never to try again,
// or to try as it does.
func (r reason) classify(err error) error {
	switch r {
	case quotaExceeded, busy, tooFast, connectsTooOften:
		return sinks.Throttled(err, 0)
	case tooLarge, badPayload:
		return sinks.Permanent(err)
	}
	return err
}

// refused is the error of a CONNACK.
func refused(code byte) error { return reason(code) }

// disconnected is the error of a DISCONNECT.
func disconnected(code byte) error {
	if code < 0x80 {
		return fmt.Errorf("the broker hung up")
	}
	return reason(code)
}
