package nats

import (
	"errors"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/sinks"
)

// Codes of answers to what is published that the client library does not name,
// from the servers' list of JetStream errors.
const (
	codeInsufficientResources jetstream.ErrorCode = 10023
	codeNoQuorum              jetstream.ErrorCode = 10008 // "JetStream system temporarily unavailable"
	codeOtherStream           jetstream.ErrorCode = 10060 // the subject belongs to another stream than expected
	codeSealed                jetstream.ErrorCode = 10109
	codeStoreFailed           jetstream.ErrorCode = 10077 // full, or the disk is
)

// hints say what an operator can do. All of it can be cured, and none is the
// events' fault.
var hints = map[jetstream.ErrorCode]string{
	codeInsufficientResources:              "the servers have no room left for JetStream: raise max_file_store, or bound the stream",
	codeNoQuorum:                           "too few servers of the cluster answer",
	codeOtherStream:                        "the subjects belong to another stream: change stream or subject",
	codeSealed:                             "the stream is sealed",
	codeStoreFailed:                        "the stream is full and discards what is new, or the disk is full",
	jetstream.JSErrCodeStreamNotFound:      "create the stream, or set create to true",
	jetstream.JSErrCodeJetStreamNotEnabled: "run nats-server with -js or a jetstream block",
	jetstream.JSErrCodeJetStreamNotEnabledForAccount: "enable JetStream for the account",
}

// isAnswer reports whether err is a server's answer about one message.
func isAnswer(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) || errors.Is(err, jetstream.ErrNoStreamResponse)
}

// isDeaf reports whether a permission is missing for what comes back, rather
// than for what is published.
func isDeaf(err error) bool {
	return errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(strings.ToLower(err.Error()), "subscription")
}

// refused is what becomes of an event that a server has refused.
func refused(index int, err error) sinks.EventError {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum {
		return sinks.EventError{Index: index, Permanent: true, Err: errors.New("the event is larger than the stream's max_msg_size: raise it there")}
	}
	return sinks.EventError{Index: index, Err: explain(err)}
}

// explain adds what to do to an error, and takes the subject out of it, which
// is made of an event.
func explain(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return says("no stream listens to the subject, or JetStream is off: create a stream for it, or set create to true", err)
	case errors.Is(err, nats.ErrPermissionViolation):
		if isDeaf(err) {
			return says("the user may not subscribe to _INBOX.>, where acknowledgements come in: allow it", err)
		}
		return says("the user may not publish to what subject, or the JetStream API, asks for: allow it", err)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		return says(err.Error()+" (set credentials, token, or user and password)", err)
	case errors.As(err, &api):
		text := api.Description
		if hint := hints[api.ErrorCode]; hint != "" {
			text += " (" + hint + ")"
		}
		result := says(text, err)
		if api.ErrorCode == codeInsufficientResources || api.ErrorCode == codeNoQuorum || api.ErrorCode == codeStoreFailed {
			return sinks.Throttled(result, 0)
		}
		return result
	}
	return err
}

// explained is an error in words of the sink's own.
type explained struct {
	text string
	err  error
}

func says(text string, err error) error { return &explained{text, err} }

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }
