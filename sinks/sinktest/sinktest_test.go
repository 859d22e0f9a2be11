package sinktest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// The suite is held to its own promise with a sink in memory: as it should be
// it passes, and each fault makes the behaviour fail that is named for it.
var faults = map[string]string{
	"loses an event":                 "10_000_events",
	"stores twice":                   "Same_batch_again",
	"takes the id for the key":       "Same_id,_other_content",
	"swaps neighbours":               "Order",
	"keeps the caller's memory":      "Memory_is_given_back",
	"writes while closed":            "Write_before_Open",
	"changes a value":                "Every_column",
	"drops NUL":                      "Unicode,_NUL_and_huge_values",
	"drops failed events":            "Failed_events",
	"swallows the guilty":            "Partial_failure",
	"names a neighbour":              "Partial_failure",
	"calls a refusal passing":        "Total_failure",
	"fails all for one":              "Partial_failure",
	"passes every check":             "Check_without_permission",
	"ignores its context":            "Cancelled_before",
	"acknowledges during the outage": "Outage",
	"cannot be opened again":         "Close_twice,_open_again",
	"cannot be opened twice":         "Open_twice",
	"invents an event":               "Empty_batch",
}

const faultVariable = "WEIR_SINKTEST_FAULT"

func TestSuite(t *testing.T) {
	sinktest.Run(t, harness(os.Getenv(faultVariable)))
}

func TestSuiteFindsFaults(t *testing.T) {
	for fault, behaviour := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^TestSuite$/^"+strings.ReplaceAll(behaviour, "_", "[_ ]")+"$")
			child.Env = append(os.Environ(), faultVariable+"="+fault)
			out, err := child.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuite/"+behaviour) {
				t.Errorf("%s does not find it: %v\n%s", behaviour, err, out)
			}
		})
	}
}

// destination is what memory sinks share.
type destination struct {
	mu     sync.Mutex
	stored []sinktest.Stored
	keys   map[string]bool
	away   bool
	shut   bool
}

func harness(fault string) sinktest.Harness {
	return sinktest.Harness{Unique: true, Ordered: true, Shared: true, Start: func(testing.TB) sinktest.Destination {
		d := &destination{keys: map[string]bool{}}
		return sinktest.Destination{
			New:    func() sinks.Sink { return &memory{destination: d, fault: fault} },
			Stored: func(testing.TB) []sinktest.Stored { return d.stored },
			Poison: sinktest.BrokenLines,
			Outage: func(_ testing.TB, during func()) {
				d.away = true
				during()
				d.away = false
			},
			Forbid: func(testing.TB) { d.shut = true },
		}
	}}
}

type memory struct {
	*destination
	fault  string
	open   bool
	opened int
}

func (m *memory) Open(context.Context) error {
	if m.away && m.fault != "acknowledges during the outage" {
		return errors.New("nobody answers")
	}
	m.opened++
	if m.fault == "cannot be opened again" && m.opened > 1 || m.fault == "cannot be opened twice" && m.open {
		return errors.New("opened before")
	}
	m.open = true
	return nil
}

func (m *memory) Check(context.Context) error {
	if (m.shut || m.away) && m.fault != "passes every check" {
		return errors.New("not allowed")
	}
	return nil
}

func (m *memory) Close(context.Context) error { m.open = false; return nil }

func (m *memory) Write(ctx context.Context, b sinks.Batch) error {
	if m.away && m.fault != "acknowledges during the outage" {
		m.open = false
	}
	if !m.open && m.fault != "writes while closed" {
		return sinks.ErrNotConnected
	}
	if ctx.Err() != nil && m.fault != "ignores its context" {
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	failed := m.store(b.Events)
	switch {
	case m.fault == "invents an event":
		m.stored = append(m.stored, sinktest.Stored{ID: "x", Object: []byte("{}")})
	case m.fault == "swaps neighbours" && len(m.stored) > 1:
		slices.Reverse(m.stored[len(m.stored)-2:])
	case m.fault == "loses an event" && len(m.stored) > 5_000:
		m.stored = slices.Delete(m.stored, 4_321, 4_322)
	case m.fault == "fails all for one" && len(failed) > 0:
		return errors.New("one event is bad")
	case m.fault == "swallows the guilty":
		return nil
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

func (m *memory) store(events []sinks.Event) (failed []sinks.EventError) {
	for i, e := range events {
		if err := sinks.CheckLine(e.Envelope); err != nil {
			if m.fault == "names a neighbour" {
				i++
			}
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: m.fault != "calls a refusal passing"})
			continue
		}
		key := e.ID + e.Fingerprint
		if m.fault == "takes the id for the key" {
			key = e.ID
		}
		if m.keys[key] && m.fault != "stores twice" || m.fault == "drops failed events" && e.Verdict == "failed" {
			continue
		}
		m.keys[key] = true
		line := e.Envelope
		if m.fault != "keeps the caller's memory" {
			line = bytes.Clone(line)
		}
		switch m.fault {
		case "changes a value":
			line = bytes.Replace(line, []byte(".57"), []byte(".58"), 1)
		case "drops NUL":
			line = bytes.ReplaceAll(line, []byte(`\u0000`), nil)
		}
		m.stored = append(m.stored, sinktest.Stored{ID: e.ID, Object: line})
	}
	return failed
}
