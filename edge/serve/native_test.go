package serve

import (
	"context"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/protocol"
	"weir/edge/protocol/webhook"
	"weir/schemas/compile"
)

// All collectors of a native engine take what a host gives, or none does.
func TestANativeEngineTakesBundles(t *testing.T) {
	n, err := NewNative(func() (*collector.Collector, error) { return collector.New(nil, nil, webhook.New()) })
	if err != nil {
		t.Fatal(err)
	}
	verdicts := func(want string) {
		t.Helper()
		in := &collector.Input{Request: protocol.Request{Method: "POST", Path: "/webhook/com.acme/hook/jsonschema/1-0-0",
			Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(`{}`)}}
		for range 2 * cap(n.idle) { // they take turns
			if err := n.Collect(t.Context(), in, func(out *collector.Outcome) {
				if !strings.Contains(string(out.Batch), `"verdict":"`+want+`"`) {
					t.Errorf("an event is not %s: %s", want, out.Batch)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	verdicts("unresolved")
	bundle, err := compile.Bundle([]compile.Source{{Key: "iglu:com.acme/hook/jsonschema/1-0-0", Path: "hook", JSON: []byte(`{"type":"object"}`)}}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.UseBundle(t.Context(), bundle); err != nil {
		t.Fatal(err)
	}
	verdicts("good")
	if err := n.UseBundle(t.Context(), bundle[:len(bundle)-1]); err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("half a bundle: %v", err)
	}
	if err := n.UseSalts(t.Context(), []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "salts: must be") {
		t.Errorf("no salts: %v", err)
	}
	verdicts("good")
	if len(n.idle) != cap(n.idle) {
		t.Errorf("%d collectors are idle, want %d", len(n.idle), cap(n.idle))
	}
}

// A client may close its side of the connection once it has sent its request: it
// still waits for the answer.
func TestAClientThatHasNothingMoreToSayIsServed(t *testing.T) {
	n, err := NewNative(func() (*collector.Collector, error) { return collector.New(nil, nil, webhook.New()) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // a choice among both would be made at random
		if err := n.Collect(ctx, &collector.Input{Request: protocol.Request{Method: "GET", Path: "/health"}}, func(*collector.Outcome) {}); err != nil {
			t.Fatal(err)
		}
	}
}
