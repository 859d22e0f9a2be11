package delivery

import (
	"context"
	"errors"
	"runtime"
	"syscall"

	"weir/sinks"
)

// loggable returns what may be logged of the error of a write: what a sink said
// before it had any event, what the operating system and the Go runtime say,
// which know of none, and otherwise the sort of error alone.
func loggable(err error) string {
	var opening *openError
	var panicked *panicError
	var some *sinks.BatchError
	var errno syscall.Errno
	_, throttled := sinks.IsThrottled(err)
	switch {
	case errors.As(err, &opening):
		return opening.Error()
	case errors.As(err, &panicked):
		if fault, ok := panicked.value.(runtime.Error); ok {
			return "the sink panicked: " + fault.Error()
		}
		return "the sink panicked"
	case errors.As(err, &some):
		return "some events were refused"
	case sinks.IsPermanent(err):
		return "the events were refused"
	case throttled:
		return "the destination asks for a pause"
	case errors.Is(err, context.DeadlineExceeded):
		return "the write took too long"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, sinks.ErrNotConnected):
		return sinks.ErrNotConnected.Error()
	}
	return "the destination reports an error"
}
