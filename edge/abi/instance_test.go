package abi

import (
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/protocol"
	"weir/edge/protocol/webhook"
	"weir/schemas/compile"
)

func acme(t *testing.T, name string) []byte {
	t.Helper()
	b, err := compile.Bundle([]compile.Source{{Key: "iglu:com.acme/" + name + "/jsonschema/1-0-0", Path: name, JSON: []byte(`{"type":"object"}`)}}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// give copies b into an instance's buffer.
func give(i *Instance, b []byte) int { return copy(i.Buffer(len(b)), b) }

func verdict(t *testing.T, i *Instance, name string) string {
	t.Helper()
	frame, err := i.Collect(give(i, AppendInput(nil, &collector.Input{Request: protocol.Request{Method: "POST", Path: "/webhook/com.acme/" + name + "/jsonschema/1-0-0",
		Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(`{}`)}})))
	if err != nil {
		t.Fatal(err)
	}
	var out collector.Outcome
	if err := DecodeOutcome(&out, frame); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(out.Batch), `"verdict":"`)
	after, _, _ = strings.Cut(after, `"`)
	return after
}

// Bundles change again and again in the two buffers that the first of them took.
func TestBundlesOfARunningInstance(t *testing.T) {
	i := &Instance{Adapters: []protocol.Adapter{webhook.New()}}
	if err := i.UseBundle(0); err != errNotReady {
		t.Errorf("before Init: %v, want %v", err, errNotReady)
	}
	own := acme(t, "own")
	if err := i.Init(0, give(i, own)); err != nil {
		t.Fatal(err)
	}
	offers := [][]byte{acme(t, "a"), acme(t, "b")}
	rooms := map[*byte]bool{}
	for n := range 10 {
		if err := i.UseBundle(give(i, offers[n%2])); err != nil {
			t.Fatal(err)
		}
		if err := i.UseBundle(give(i, []byte("no bundle"))); err == nil {
			t.Fatal("what is no bundle was taken for one")
		}
		for name, want := range map[string]string{"own": "good", "a": "good", "b": "unresolved"} {
			if n%2 == 1 && name != "own" {
				want = map[string]string{"good": "unresolved", "unresolved": "good"}[want]
			}
			if got := verdict(t, i, name); got != want {
				t.Errorf("round %d: %s is %s, want %s", n, name, got, want)
			}
		}
		rooms[&i.offered[0]] = true
	}
	if len(rooms) != 2 {
		t.Errorf("ten bundles took %d buffers, want 2", len(rooms))
	}
	if err := i.UseBundle(len(i.buffer) + 1); err != errBuffer {
		t.Errorf("more than the buffer: %v, want %v", err, errBuffer)
	}
}

// Secrets do not stay in the buffer, whatever comes of them.
func TestSaltsAreClearedFromTheBuffer(t *testing.T) {
	i := new(Instance)
	if err := i.UseSalts(0); err != errNotReady {
		t.Errorf("before Init: %v, want %v", err, errNotReady)
	}
	if err := i.Init(0, 0); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"]}", "]"} {
		json := `{"salts":[{"id":"a","from":"2026-11-20T00:00:00Z","until":"2026-11-21T00:00:00Z","secret":"c2l4dGVlbiBieXRlcyBvciBtb3Jl"}` + end
		if err := i.UseSalts(give(i, []byte(json))); (err == nil) != (end == "]}") {
			t.Errorf("%s: %v", json, err)
		}
		if strings.Trim(string(i.buffer), "\x00") != "" {
			t.Errorf("the buffer holds %q", i.buffer[:len(json)])
		}
	}
}
