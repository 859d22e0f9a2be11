package wazero

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/protocol"
	"weir/edge/toolchain/need"
	"weir/schemas/compile"
)

// acme compiles a schema of com.acme by which {"n":50} is good, or is not.
func acme(t testing.TB, name string, good bool) []byte {
	t.Helper()
	maximum := map[bool]string{true: "100", false: "10"}[good]
	b, err := compile.Bundle([]compile.Source{{Key: "iglu:com.acme/" + name + "/jsonschema/1-0-0", Path: name,
		JSON: []byte(`{"type":"object","properties":{"n":{"type":"integer","maximum":` + maximum + `}}}`)}}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func hook(name string) *collector.Input {
	return &collector.Input{NowMillis: noon.UnixMilli(), Request: protocol.Request{Method: "POST", Path: "/webhook/com.acme/" + name + "/jsonschema/1-0-0",
		Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(`{"n":50}`)}}
}

func visit() *collector.Input {
	return &collector.Input{NowMillis: noon.UnixMilli(), Request: protocol.Request{Method: "GET", Path: "/i", Query: "e=pv&p=web&tv=x&aid=shop", ClientIP: "203.0.113.77"}}
}

func salts(id, secret string) []byte {
	return fmt.Appendf(nil, `{"salts":[{"id":%q,"from":"2026-11-20T00:00:00Z","until":"2026-11-22T00:00:00Z","secret":%q}]}`, id, secret)
}

func verdict(t testing.TB, r *Runtime, name string) string {
	t.Helper()
	_, batch := collect(t, r, hook(name))
	_, after, _ := strings.Cut(batch, `"verdict":"`)
	after, _, _ = strings.Cut(after, `"`)
	return after
}

// Requests go on while schemas are exchanged: each is judged by the schemas
// before or those after, and none that begins later by those before.
func TestBundlesAreExchangedUnderLoad(t *testing.T) {
	r := open(t, Config{Instances: 3})
	if got := verdict(t, r, "hook"); got != "unresolved" {
		t.Fatalf("verdict = %s, want unresolved", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			for ctx.Err() == nil {
				if got := verdict(t, r, "hook"); got != "unresolved" && got != "good" && got != "failed" {
					t.Errorf("verdict = %q", got)
				}
			}
		})
	}
	good, bad := acme(t, "hook", true), acme(t, "hook", false)
	corrupt := append([]byte(nil), good...)
	corrupt[len(corrupt)/2] ^= 1
	for range 3 {
		for _, c := range []struct {
			bundle []byte
			want   string
		}{{good, "good"}, {bad, "failed"}} {
			if err := r.UseBundle(t.Context(), c.bundle); err != nil {
				t.Fatal(err)
			}
			if err := r.UseBundle(t.Context(), corrupt); err == nil || !strings.Contains(err.Error(), "content does not match its hash") {
				t.Fatalf("a corrupt bundle: %v", err)
			}
			for range 6 {
				if got := verdict(t, r, "hook"); got != c.want {
					t.Errorf("verdict = %s, want %s", got, c.want)
				}
			}
		}
	}
	stop()
	work.Wait()
	if s := r.Stats(); s.Traps != 0 {
		t.Errorf("stats = %+v, want no trap", s)
	}
	need.Ran(t, "hot swap", "wazero")
}

func TestSaltsOfARunningModule(t *testing.T) {
	r := open(t, Config{Instances: 2, Settings: []byte(`{"visitor":{"mode":"daily"}}`)})
	id := func() string {
		_, batch := collect(t, r, visit())
		_, after, ok := strings.Cut(batch, `"network_userid":"`)
		if !strings.Contains(batch, `{"rule":"daily-visitor","field":"network_userid"`) {
			t.Fatalf("no receipt: %s", batch)
		}
		if !ok {
			return ""
		}
		return after[:36]
	}
	if got := id(); got != "" {
		t.Errorf("there is an id without a salt: %s", got)
	}
	const secret = "c2l4dGVlbiBieXRlcyBvciBtb3JlLCBhIGNhbmFyeQ=="
	if err := r.UseSalts(t.Context(), salts("a", secret)); err != nil {
		t.Fatal(err)
	}
	first := id()
	if err := r.UseSalts(t.Context(), []byte(`{"salts":[{}]}`)); err == nil || !strings.Contains(err.Error(), "salts.0: needs an id") || id() != first {
		t.Errorf("faulty salts: %v", err)
	}
	if err := r.UseBundle(t.Context(), acme(t, "hook", true)); err != nil || first == "" || id() != first {
		t.Errorf("id = %q after %q, %v", id(), first, err)
	}
	// One that is made later knows both.
	for range cap(r.slots) {
		r.slots <- r.discard(t.Context(), <-r.slots)
	}
	if got := id(); got != first || verdict(t, r, "hook") != "good" {
		t.Errorf("a fresh instance: id %q, want %q; verdict %s", got, first, verdict(t, r, "hook"))
	}
	if err := r.UseSalts(t.Context(), []byte(`{"salts":[]}`)); err != nil || id() != "" {
		t.Errorf("there is an id of a salt that was destroyed, %v", err)
	}
	// No instance's memory holds the secret, in either form.
	for range cap(r.slots) {
		i := <-r.slots
		if i != nil {
			memory, _ := i.module.Memory().Read(0, i.memory())
			for _, form := range []string{secret, "sixteen bytes or more, a canary"} {
				if strings.Contains(string(memory), form) {
					t.Errorf("an instance's memory holds %q", form)
				}
			}
		}
		r.slots <- i
	}
}

// Bundles that come and go leave an instance's memory as large as it was.
func TestBundlesTakeNoMemory(t *testing.T) {
	r := open(t, Config{Instances: 1})
	bundles := [][]byte{acme(t, "a", true), acme(t, "b", true)}
	size := uint32(0)
	i := <-r.slots
	for n := range 500 {
		if err := i.take(t.Context(), &given{bundle: bundles[n%2]}); err != nil {
			t.Fatal(err)
		}
		if n == 10 {
			size = i.memory()
		}
	}
	if grown := i.memory() - size; grown > 2<<20 {
		t.Errorf("500 bundles took %d bytes", grown)
	}
	r.slots <- i
}

// Nor do the ids that salts make.
func TestDailyIDsTakeNoMemory(t *testing.T) {
	r := open(t, Config{Instances: 1, Settings: []byte(`{"visitor":{"mode":"daily"}}`)})
	if err := r.UseSalts(t.Context(), salts("a", "c2l4dGVlbiBieXRlcyBvciBtb3Jl")); err != nil {
		t.Fatal(err)
	}
	size := func() uint32 {
		i := <-r.slots
		defer func() { r.slots <- i }()
		return i.memory()
	}
	const requests = 50_000 // of which sixteen bytes each would be twelve pages
	in := visit()
	in.Request.Query += "&url=https://shop.example/a%20b"
	if _, batch := collect(t, r, in); !strings.Contains(batch, `"action":"hash:a"`) {
		t.Fatalf("there is no id: %s", batch)
	}
	collect(t, r, in)
	before := size()
	for range requests {
		collect(t, r, in)
	}
	if after := size(); after != before {
		t.Errorf("memory grew from %d to %d bytes over %d requests", before, after, requests)
	}
}
