package sinks

import (
	"errors"
	"time"
)

// Throttled wraps an error by which a destination asks for fewer or later
// writes. Zero leaves the wait to delivery.
func Throttled(err error, wait time.Duration) error { return &throttledError{err, wait} }

// IsThrottled reports whether err was wrapped by [Throttled], and how long the
// destination wants to be left alone.
func IsThrottled(err error) (wait time.Duration, ok bool) {
	var t *throttledError
	if !errors.As(err, &t) {
		return 0, false
	}
	return t.wait, true
}

type throttledError struct {
	err  error
	wait time.Duration
}

func (e *throttledError) Error() string { return e.err.Error() }
func (e *throttledError) Unwrap() error { return e.err }
