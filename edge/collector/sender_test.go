package collector_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
)

// secret is a write key and a debug key at once.
const secret = "canary-key_0123456789~abc"

// guarded are settings under which everything about a sender is looked at.
func guarded(origins string) []byte {
	sum := sha256.Sum256([]byte(secret))
	key := `[{"name":"k","sha256":"` + hex.EncodeToString(sum[:]) + `"}]`
	return []byte(`{"access":[{"origins":[` + origins + `],"keys":` + key + `}],"debug_keys":` + key + `,"bots":[{"apps":["none"],"do":"drop"}]}`)
}

func openGuarded(t testing.TB, origins string) *collector.Collector {
	t.Helper()
	c, err := collector.New(guarded(origins), collectortest.Bundle(t), all.Adapters()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// without copies headers but for those of some names.
func without(headers []protocol.Header, names ...string) []protocol.Header {
	return slices.DeleteFunc(slices.Clone(headers), func(h protocol.Header) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(h.Name, name) })
	})
}

func TestSenderAllocatesNothing(t *testing.T) {
	c := openGuarded(t, `"https://www.shop.example"`)
	ran := 0
	for name, in := range collectortest.Inputs(t) {
		switch prefix, _, _ := strings.Cut(name, "-"); prefix {
		case "access", "verdict", "bot", "segment":
			in.Request.Headers = append(without(in.Request.Headers, "X-Weir-Key", "Prefer"),
				protocol.Header{Name: "X-Weir-Key", Value: secret}, protocol.Header{Name: "Prefer", Value: "return=representation"})
			ran++
			if got := testing.AllocsPerRun(20, func() { c.Collect(in) }); got != 0 {
				t.Errorf("%s: %v allocations per request", name, got)
			}
			if out := c.Collect(in); !strings.HasPrefix(string(out.Response.Body), `{"batch":"`) {
				t.Errorf("%s: answered %d %s, want verdicts", name, out.Response.Status, out.Response.Body)
			}
		}
	}
	if ran < 30 {
		t.Errorf("only %d cases ran", ran)
	}
}

// A key that a sender shows, however and with whatever request, is in nothing
// that leaves the edge, and lets the sender in.
func TestKeysAreNotKept(t *testing.T) {
	escaped := func(s string) (out string) {
		for _, b := range []byte(s) {
			out += "%" + hex.EncodeToString([]byte{b})
		}
		return out
	}
	basic := base64.StdEncoding.EncodeToString([]byte(secret + ":password"))
	header := func(name, value string) func(*protocol.Request) {
		return func(r *protocol.Request) {
			r.Headers = append(without(r.Headers, name), protocol.Header{Name: name, Value: value})
		}
	}
	query := func(pair string) func(*protocol.Request) {
		return func(r *protocol.Request) {
			r.Query = strings.Trim(strings.Replace("&"+r.Query+"&", "&e=", "&"+pair+"&e=", 1), "&")
			if !strings.Contains(r.Query, pair) {
				r.Query = strings.Trim(pair+"&"+r.Query+"&"+pair, "&")
			}
		}
	}
	ways := map[string]func(*protocol.Request){
		"Bearer":             header("Authorization", "Bearer "+secret),
		"bearer, spaced":     header("authorization", "bearer   "+secret+" "),
		"Basic":              header("Authorization", "Basic "+basic),
		"X-Weir-Key":         header("x-weir-key", secret),
		"X-Weir-Key, twice":  header("X-Weir-Key", secret+", "+secret),
		"query":              query("weir_key=" + secret),
		"query, name hidden": query(escaped("weir_key") + "=" + secret),
		"query, all hidden":  query("weir%5fkey=" + escaped(secret)),
	}
	c := openGuarded(t, "")
	inputs := collectortest.Inputs(t)
	for name, in := range inputs {
		if in.Request.Method == "OPTIONS" || strings.HasPrefix(name, "access-") {
			continue
		}
		for way, show := range ways {
			shown := *in
			show(&shown.Request)
			out := c.Collect(&shown)
			for what, text := range map[string]string{"batch": string(out.Batch), "answer": string(out.Response.Body)} {
				for _, hidden := range []string{secret, escaped(secret), basic, basic[:20]} {
					if strings.Contains(text, hidden) {
						t.Errorf("%s, %s: the key is in the %s: %s", name, way, what, text)
					}
				}
			}
			if header, _, _ := strings.Cut(string(out.Batch), "\n"); strings.Contains(header, `"refused"`) && !strings.Contains(way, "Basic") {
				t.Errorf("%s, %s: the key does not let in: %s", name, way, header)
			}
		}
	}
}

// What stands for a page's origin, and what only looks like it.
func TestOrigins(t *testing.T) {
	c := openGuarded(t, `"https://www.shop.example","http://localhost:3000","https://xn--mnchen-3ya.example"`)
	for _, test := range []struct {
		header, value string
		ok            bool
	}{
		{"Origin", "https://www.shop.example", true},
		{"origin", "https://www.shop.example", true},
		{"Origin", "http://localhost:3000", true},
		{"Origin", "https://xn--mnchen-3ya.example", true},
		{"Origin", "https://www.shop.example, https://www.shop.example", true}, // one header, sent twice
		{"Referer", "https://www.shop.example/p?q#f", true},
		{"Referer", "https://www.shop.example", true},
		{"Referer", "https://www.shop.example?q", true},
		{"Origin", "null", false},
		{"Origin", "", false},
		{"Origin", "*", false},
		{"Origin", "http://www.shop.example", false},
		{"Origin", "https://shop.example", false},
		{"Origin", "https://evil.www.shop.example", false},
		{"Origin", "https://www.shop.example.evil.example", false},
		{"Origin", "https://www.shop.example:8443", false},
		{"Origin", "https://www.shop.example@evil.example", false},
		{"Origin", "https://evil.example, https://www.shop.example", false},
		{"Origin", "https://evil.example https://www.shop.example", false},
		{"Origin", "https://münchen.example", false},
		{"Origin", "https://www.shop.example\x00", false},
		{"Referer", "https://evil.example/https://www.shop.example/", false},
		{"Referer", "https://evil.example?https://www.shop.example/", false},
		{"Referer", "https://www.shop.example\\@evil.example/", false},
		{"Referer", "https://www.shop.example@evil.example/", false},
		{"Referer", "https://www.shop.example:443/", false},
		{"Referer", "//www.shop.example/", false},
		{"Referer", "", false},
		{"Host", "www.shop.example", false},
		{"X-Forwarded-Host", "www.shop.example", false},
	} {
		in := collector.Input{Request: protocol.Request{Method: "GET", Path: "/i", Query: "e=pv&p=web&tv=t&aid=a", Host: "www.shop.example",
			Headers: []protocol.Header{{Name: test.header, Value: test.value}}}}
		out := c.Collect(&in)
		header, _, _ := strings.Cut(string(out.Batch), "\n")
		if got := !strings.Contains(header, `"refused":1`) && strings.Contains(header, `"events":1`); got != test.ok {
			t.Errorf("%s: %q is let in: %v, want %v", test.header, test.value, got, test.ok)
		}
		if out.Response.Status != 200 {
			t.Errorf("%s: %q is answered %d: a tracker would try again", test.header, test.value, out.Response.Status)
		}
	}
}

// Whoever has the key of one app sends no events of another.
func TestAKeyIsForItsApps(t *testing.T) {
	sum := sha256.Sum256([]byte(secret))
	other := sha256.Sum256([]byte("another"))
	c, err := collector.New([]byte(`{"access":[{"apps":["a*"],"keys":[{"sha256":"`+hex.EncodeToString(sum[:])+`"}]},
		{"apps":["b"],"keys":[{"sha256":"`+hex.EncodeToString(other[:])+`"}]},{"apps":["c"],"origins":[]}]}`), nil, all.Adapters()...)
	if err != nil {
		t.Fatal(err)
	}
	for app, ok := range map[string]bool{"a": true, "ab": true, "b": false, "c": false, "d": true, "": true} {
		out := c.Collect(&collector.Input{Request: protocol.Request{Method: "GET", Path: "/i", Query: "e=pv&p=web&tv=t&aid=" + app,
			Headers: []protocol.Header{{Name: "X-Weir-Key", Value: secret}}}})
		if got := !strings.Contains(string(out.Batch), `"refused":1`); got != ok {
			t.Errorf("app %q: let in: %v, want %v", app, got, ok)
		}
	}
}
