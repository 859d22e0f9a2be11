package delivery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/host/config"
	"weir/sinks"
)

// Whatever a sink says of a write, no value of an event gets into the log, and
// what it says gets to dead letters and the status.
func TestLogQuotesNoEvent(t *testing.T) {
	const canary = "Ada.Lovelace@example.com"
	quote := func(b sinks.Batch) error { return fmt.Errorf("key %q repeats", b.Events[0].Envelope) }
	for name, c := range map[string]struct {
		write func(b sinks.Batch) error
		logs  string // what there is to find
	}{
		"temporary":     {quote, "reports an error"},
		"permanent":     {func(b sinks.Batch) error { return sinks.Permanent(quote(b)) }, "were refused"},
		"throttled":     {func(b sinks.Batch) error { return sinks.Throttled(quote(b), time.Millisecond) }, "asks for a pause"},
		"not connected": {func(b sinks.Batch) error { return fmt.Errorf("%w: %w", sinks.ErrNotConnected, quote(b)) }, sinks.ErrNotConnected.Error()},
		"of the system": {func(b sinks.Batch) error {
			return fmt.Errorf("posting %w: %w", quote(b), &net.OpError{Op: "write", Err: syscall.ECONNRESET})
		}, "connection reset by peer"},
		"some": {func(b sinks.Batch) error {
			return &sinks.BatchError{Failed: []sinks.EventError{{Index: 0, Err: quote(b), Permanent: true}}}
		}, "some events were refused"},
		"some for now": {func(b sinks.Batch) error {
			return &sinks.BatchError{Failed: []sinks.EventError{{Index: 0, Err: quote(b)}}}
		}, "some events were refused"},
		"panic":           {func(b sinks.Batch) error { panic(quote(b)) }, "the sink panicked"},
		"panic with text": {func(b sinks.Batch) error { panic(string(b.Events[0].Envelope)) }, "the sink panicked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).route("a", newFake(func(_ context.Context, b sinks.Batch) error { return c.write(b) }),
				func(c *config.Route) { c.Retry.GiveUp = 10 * time.Millisecond })
			r.appendLines(strings.Replace(line(1), "{", `{"user_id":"`+canary+`",`, 1))
			r.start()
			dead := r.settled("a")
			status := r.d.Status()[0]
			r.crash()
			if len(dead) != 1 || !strings.Contains(dead[0].Reason, canary) || !strings.Contains(status.LastError, canary) {
				t.Errorf("the dead letters are %+v, the status %+v", dead, status)
			}
			if logs := r.logs.String(); strings.Contains(logs, "Lovelace") || !strings.Contains(logs, c.logs) {
				t.Errorf("the log is\n%s", logs)
			}
		})
	}
}

// What a sink says before it has seen an event is logged in full.
func TestLogSaysWhyASinkDoesNotOpen(t *testing.T) {
	f := newFake(nil)
	f.open = func() error { return errors.New("role weir may not log in") }
	r := newRig(t).route("a", f, nil)
	r.append(1)
	r.start()
	until(t, "tried", func() bool { return r.d.Status()[0].LastError != "" })
	r.crash()
	if logs := r.logs.String(); !strings.Contains(logs, "role weir may not log in") {
		t.Errorf("the log is\n%s", logs)
	}
}
