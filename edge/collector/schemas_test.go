package collector_test

import (
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
	"weir/schemas/bundle"
	"weir/schemas/compile"
)

// compiled compiles schemas of numbers, by name: the value is the maximum, and
// the action what is done to them.
func compiled(t *testing.T, action string, maxima map[string]string) []byte {
	t.Helper()
	var sources []compile.Source
	for name, maximum := range maxima {
		sources = append(sources, compile.Source{Key: "iglu:com.acme/" + name + "/jsonschema/1-0-0", Path: name,
			JSON: []byte(`{"type":"object","properties":{"n":{"type":"integer","maximum":` + maximum + `,"x-weir-privacy":{"action":"` + action + `"}}}}`)})
	}
	b, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// judged returns the verdict on {"n":50} as com.acme/<name>, and the batch.
func judged(c *collector.Collector, name string) (verdict, batch string) {
	batch = string(c.Collect(&collector.Input{Request: protocol.Request{Method: "POST", Path: "/webhook/com.acme/" + name + "/jsonschema/1-0-0",
		Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(`{"n":50}`)}}).Batch)
	_, verdict, _ = strings.Cut(batch, `"verdict":"`)
	verdict, _, _ = strings.Cut(verdict, `"`)
	return verdict, batch
}

func TestUseBundle(t *testing.T) {
	own := compiled(t, "keep", map[string]string{"both": "10", "own": "100"})
	offered := compiled(t, "drop", map[string]string{"both": "100", "offered": "100"})
	c, err := collector.New(nil, own, all.Adapters()...)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(b []byte) string {
		opened, err := bundle.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		return opened.Hash()
	}
	corrupt := append([]byte(nil), offered...)
	corrupt[len(corrupt)/2] ^= 1
	for _, step := range []struct {
		name               string
		bundle             []byte
		fault              string
		both, own, offered string
		bundles            string
	}{
		{"at first", nil, "", "failed", "good", "unresolved", hash(own)},
		{"one of a host", offered, "", "good", "good", "good", hash(offered) + "+" + hash(own)},
		{"a corrupt one", corrupt, "content does not match its hash", "good", "good", "good", hash(offered) + "+" + hash(own)},
		{"a truncated one", offered[:len(offered)-1], "truncated", "good", "good", "good", hash(offered) + "+" + hash(own)},
		{"the edge's own", own, "", "failed", "good", "unresolved", hash(own)},
		{"another", offered, "", "good", "good", "good", hash(offered) + "+" + hash(own)},
		{"none", nil, "", "failed", "good", "unresolved", hash(own)},
	} {
		err := c.UseBundle(step.bundle)
		if step.fault == "" && err != nil || step.fault != "" && (err == nil || !strings.Contains(err.Error(), step.fault)) {
			t.Errorf("%s: %v, want %q", step.name, err, step.fault)
		}
		for name, want := range map[string]string{"both": step.both, "own": step.own, "offered": step.offered} {
			verdict, batch := judged(c, name)
			if verdict != want || !strings.Contains(batch, `"bundle":"`+step.bundles+`"`) {
				t.Errorf("%s: %s is %s, want %s by %s: %s", step.name, name, verdict, want, step.bundles, batch)
			}
			// Annotations are those of the schema that judged.
			dropped := step.offered != "unresolved" && name != "own"
			if kept := strings.Contains(batch, `"n":50`); kept == dropped {
				t.Errorf("%s: the number of %s is kept: %t: %s", step.name, name, kept, batch)
			}
		}
	}
}

func TestAHostsBundleWithoutAnyOfItsOwn(t *testing.T) {
	c, err := collector.New(nil, nil, all.Adapters()...)
	if err != nil {
		t.Fatal(err)
	}
	if verdict, _ := judged(c, "offered"); verdict != "unresolved" {
		t.Errorf("verdict = %s, want unresolved", verdict)
	}
	if err := c.UseBundle(compiled(t, "drop", map[string]string{"offered": "10"})); err != nil {
		t.Fatal(err)
	}
	if verdict, batch := judged(c, "offered"); verdict != "failed" || strings.Contains(batch, "+") {
		t.Errorf("verdict = %s, want failed: %s", verdict, batch)
	}
}
