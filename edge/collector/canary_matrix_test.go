package collector_test

import (
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
)

// TestEveryProtocolHasACanary fails for a wire format that canaryRequests has no request of.
func TestEveryProtocolHasACanary(t *testing.T) {
	adapters := all.Adapters()
	if len(adapters) == 0 {
		t.Fatal("there are no wire formats")
	}
	covered := map[string]bool{}
	for _, r := range canaryRequests(canary) {
		for _, a := range adapters {
			if a.Match(&r) {
				covered[a.Name()] = true
				break
			}
		}
	}
	for _, a := range adapters {
		if !covered[a.Name()] {
			t.Errorf("canaryRequests has no request of %s: plant a canary wherever the format has room for one", a.Name())
		}
	}
}

// TestCanariesByAction plants canaries in every field of every wire format and
// lets one action after the other at everything it can be applied to: every
// column of text, and every value of every payload. Nothing of a canary may be
// left in what is stored, nor in what the sender is told, be it the verdict.
func TestCanariesByAction(t *testing.T) {
	const (
		key    = `"key":{"id":"k1","secret":"dGhlIGtleSBvZiB0aGUgZ29sZGVuIHN1aXRl","salt":"pepper"},`
		mail   = canary + "@mail.example"
		family = "Product/1 " + canary
	)
	bundle := collectortest.Bundle(t)
	for action, c := range map[string]struct{ settings, do, canary string }{
		"drop":                 {"", `{"action":"drop"}`, canary},
		"hash":                 {key, `{"action":"hash"}`, canary},
		"hash without a key":   {"", `{"action":"hash"}`, canary},
		"hash as snowplow":     {key, `{"action":"hash","as":"snowplow"}`, canary},
		"replace":              {"", `{"action":"replace","with":"gone"}`, canary},
		"mask":                 {"", `{"action":"mask"}`, canary},
		"mask but the ends":    {"", `{"action":"mask","keepStart":2,"keepEnd":2}`, canary},
		"generalise to decade": {"", `{"action":"generalise","to":"decade"}`, canary},
		"generalise to family": {"", `{"action":"generalise","to":"family"}`, family},
		"generalise to origin": {"", `{"action":"generalise","to":"origin"}`, canary},
		"truncate by length":   {"", `{"action":"truncate","length":4}`, canary},
		"truncate by decimals": {"", `{"action":"truncate","decimals":1}`, canary},
		"truncate by prefix":   {"", `{"action":"truncate","prefix4":8,"prefix6":16}`, canary},
		"truncate by unit":     {"", `{"action":"truncate","unit":"day"}`, canary},
		"scrub what is found":  {"", `{"action":"scrub","find":["email","phone","card"]}`, mail},
		"scrub and parameters": {"", `{"action":"scrub","find":["email"],"parameters":["*"]}`, mail},
		"scrub as a card":      {"", `{"action":"scrub","find":["card"]}`, " 4111 1111 1111 1111"},
		"scrub as a number":    {"", `{"action":"scrub","find":["phone"]}`, " 044 668 18 00"},
	} {
		settings := `{"redirects":{"hosts":["shop.example"]},"debug_keys":[{"name":"d","sha256":"57a54a467377710cb2a24e505d949c870b2795a3566bd412a663145f5dfd9cf8"}],"privacy":{` + c.settings +
			`"rules":[{"name":"columns","fields":[` + textColumns() + `],"do":` + c.do + `},{"name":"data","schemas":["*"],"fields":[` + everyPath() + `],"do":` + c.do + `}]}}`
		collect, err := collector.New([]byte(settings), bundle, all.Adapters()...)
		if err != nil {
			t.Fatalf("%s: %v", action, err)
		}
		for name, r := range canaryRequests(c.canary) {
			r.Headers = append(r.Headers[:len(r.Headers):len(r.Headers)],
				protocol.Header{Name: "X-Weir-Key", Value: "debug-key-0123456789"}, protocol.Header{Name: "Prefer", Value: "return=representation"})
			out := collect.Collect(&collector.Input{Request: r, NowMillis: 1_795_215_804_123})
			if batch := string(out.Batch); !strings.Contains(batch, `"receipts":[`) {
				t.Errorf("%s, %s: nothing was collected: %s", name, action, batch)
			}
			for stream, text := range map[string]string{"the batch": string(out.Batch), "the answer": spell(&out.Response), "the refusal": spell(&out.Refusal)} {
				for _, hidden := range []string{"anary.Hidden", "Hidden-Name", "1111 1111", "668 18"} {
					if i := strings.Index(text, hidden); i >= 0 {
						t.Errorf("%s, %s: %q got out in %s: …%s…", name, action, hidden, stream, text[max(0, i-160):min(len(text), i+60)])
						break
					}
				}
			}
		}
	}
}

// textColumns are the names of all that can hold a canary.
func textColumns() string {
	var names []string
	for f := range envelope.Field(envelope.NumFields) {
		if f.Kind() == envelope.Text {
			names = append(names, `"`+f.Name()+`"`)
		}
	}
	return strings.Join(names, ",")
}

// everyPath leads to every value down to a depth that no request here goes beyond.
func everyPath() string {
	var paths []string
	for depth := range 12 {
		paths = append(paths, `"*`+strings.Repeat(".*", depth)+`"`)
	}
	return strings.Join(paths, ",")
}

// spell is all that a client sees of an answer.
func spell(r *protocol.Response) string {
	var b strings.Builder
	for _, h := range r.Headers {
		if h.Name == "Location" {
			continue // the visitor asked to be sent there
		}
		b.WriteString(h.Name + ": " + h.Value + "\n")
	}
	return b.String() + "\n" + string(r.Body)
}
