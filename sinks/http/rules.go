package http

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// outcome is what an answer means for what was posted.
type outcome string

const (
	ok        outcome = "ok"
	retry     outcome = "retry"     // somebody can cure it: the same again, later
	throttle  outcome = "throttle"  // later, and less
	permanent outcome = "permanent" // the receiver will never take it
)

// rules map a status to an outcome.
type rules map[string]outcome

func newRules(configured map[string]string) (rules, error) {
	r := rules{}
	for status, name := range configured {
		if !isStatus(status) {
			return nil, fmt.Errorf("responses: %q is neither a status nor a class: write 409 or 4xx", status)
		}
		switch o := outcome(name); o {
		case ok, retry, throttle, permanent:
			r[status] = o
		default:
			return nil, fmt.Errorf("responses: %s: %q is none of ok, retry, throttle, permanent", status, name)
		}
	}
	return r, nil
}

func isStatus(s string) bool {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	_, err := strconv.Atoi(s)
	return err == nil || s[1:] == "xx"
}

// judge asks what is configured for the status, then for its class, then what
// is usual. Refusals that depend on the receiver's set-up rather than on the
// events (401, 403, 404, …) are retried: an operator can cure them.
func (r rules) judge(status int) outcome {
	if o, ok := r[strconv.Itoa(status)]; ok {
		return o
	}
	if o, ok := r[strconv.Itoa(status/100)+"xx"]; ok {
		return o
	}
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return permanent
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return throttle
	}
	if status/100 == 2 {
		return ok
	}
	return retry
}

// maxWait bounds what a receiver may ask for.
const maxWait = time.Hour

// retryAfter reads the header of RFC 9110 section 10.2.3: seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(max(0, time.Duration(min(seconds, int(maxWait/time.Second)))*time.Second), maxWait)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(0, at.Sub(now)), maxWait)
	}
	return 0
}
