package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/abi/abitest"
	"weir/edge/cloudflare/workerdtest"
	"weir/edge/collector/collectortest"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

// offering is a host that has something for edges and takes batches.
type offering struct {
	*keeper
	URL string

	mu     sync.Mutex
	offers map[string]offer // by name
	asked  map[string]int   // answered by name and status
}

type offer struct {
	status  int // 0: 200
	etag    string
	content []byte
}

func offers(t *testing.T) *offering {
	o := &offering{keeper: keep(t), offers: map[string]offer{}, asked: map[string]int{}}
	o.URL = serveAll(t, func(w http.ResponseWriter, r *http.Request) {
		name, edges := strings.CutPrefix(r.URL.Path, "/v1/edge/")
		if !edges {
			o.take(t, w, r)
			return
		}
		h := r.Header
		if err := signature.Verify([][]byte{secret}, h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), nil, time.Now()); err != nil || r.Method != "GET" {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		if id, ok := strings.CutPrefix(h.Get("webhook-id"), name+"_"); !ok || len(id) != 32 {
			t.Errorf("webhook-id of %s is %s", name, h.Get("webhook-id"))
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		offered, ok := o.offers[name]
		status := offered.status
		switch {
		case !ok:
			status = http.StatusNotFound
		case status != 0:
		case h.Get("If-None-Match") == offered.etag:
			status = http.StatusNotModified
		default:
			status = http.StatusOK
		}
		o.asked[fmt.Sprint(name, " ", status)]++
		w.Header().Set("ETag", offered.etag)
		w.WriteHeader(status)
		if status == http.StatusOK {
			w.Write(offered.content)
		}
	})
	return o
}

func (o *offering) offer(name string, it offer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.offers[name] = it
}

func (o *offering) answered(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.asked[what]
}

// sends posts a body and returns the batch that came of it.
func (o *offering) sends(t *testing.T, edge *workerdtest.Worker, body string) string {
	t.Helper()
	before := o.held()
	resp := post(t, edge.URL+tp2, body)
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 {
		t.Fatalf("answer = %d %s", resp.StatusCode, text)
	}
	for id, batch := range o.held() {
		if _, known := before[id]; !known {
			return batch
		}
	}
	t.Fatal("the host got no batch")
	return ""
}

// productView is judged by a schema of the test's bundle.
var productView = strings.Replace(pageView, `"e":"pv"`, `"e":"ue","ue_pr":"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":{\"schema\":\"iglu:com.example/product_view/jsonschema/1-0-0\",\"data\":{\"sku\":\"TEA-100\",\"name\":\"Sencha\",\"price\":7.9,\"currency\":\"EUR\"}}}"`, 1)

// Schemas that a host offers judge events without a deployment. Whatever it
// offers or fails to offer later, the last that were good stay.
func TestSchemasComeFromTheHost(t *testing.T) {
	o := offers(t)
	o.offer("bundle", offer{etag: `"one"`, content: collectortest.Bundle(t)})
	edge := workerdtest.Run(t, workerdtest.Config{Bundle: []byte{}, Bindings: bindings(o.URL, "")})
	// The first request does not wait for it.
	until(t, "events are judged by the host's schemas", func() error {
		batch := o.sends(t, edge, productView)
		if !strings.Contains(batch, `"verdict":"good"`) {
			return fmt.Errorf("batch = %s", batch)
		}
		return nil
	})
	good := func() {
		t.Helper()
		if batch := o.sends(t, edge, productView); !strings.Contains(batch, `"verdict":"good"`) {
			t.Errorf("batch = %s, want good events", batch)
		}
	}

	edge.Schedule()
	if o.answered("bundle 200") != 1 || o.answered("bundle 304") != 1 {
		t.Errorf("the host answered %v, want 200 once and 304 once", o.asked)
	}
	good()
	o.offer("bundle", offer{etag: `"two"`, content: []byte("no bundle")})
	edge.Schedule()
	says(t, edge, "is refused, what there was stays")
	good()
	edge.Schedule()
	if o.answered("bundle 200") != 2 {
		t.Errorf("the host answered %v: what was refused was fetched again", o.asked)
	}
	for _, status := range []int{401, 404, 500} {
		o.offer("bundle", offer{status: status})
		edge.Schedule()
		good()
	}
	says(t, edge, "offers no bundle: it answered 401")
	if o.answered("salts 404") > 0 {
		t.Error("salts were asked for, and no ids need them")
	}
	need.Ran(t, "schemas from the host", "workerd")
}

// Schemas in a KV namespace go before the hosts', which are asked again once it
// holds none.
func TestSchemasComeFromKV(t *testing.T) {
	o := offers(t)
	o.offer("bundle", offer{etag: `"one"`, content: []byte("no bundle")})
	var content atomic.Pointer[[]byte]
	put := func(b []byte) { content.Store(&b) }
	put(collectortest.Bundle(t))
	namespace := serveAll(t, func(w http.ResponseWriter, r *http.Request) {
		b := *content.Load()
		if r.URL.Path != "/bundle" || b == nil {
			http.NotFound(w, r)
			return
		}
		w.Write(b)
	})
	edge := workerdtest.Run(t, workerdtest.Config{Bundle: []byte{}, Bindings: bindings(o.URL, ""), Schemas: strings.TrimPrefix(namespace, "http://")})
	edge.Schedule()
	good := func() {
		t.Helper()
		if batch := o.sends(t, edge, productView); !strings.Contains(batch, `"verdict":"good"`) {
			t.Errorf("batch = %s, want good events", batch)
		}
	}
	good()
	if n := o.answered("bundle 200"); n > 0 {
		t.Errorf("the host was asked %d times for what the namespace holds", n)
	}
	put([]byte("none either"))
	edge.Schedule()
	says(t, edge, "the bundle of the KV namespace is refused, what there was stays")
	good()
	put(nil)
	edge.Schedule()
	if n := o.answered("bundle 200"); n != 1 {
		t.Errorf("the host was asked %d times once the namespace held nothing", n)
	}
	says(t, edge, "the bundle of host")
	good()
	need.Ran(t, "schemas from a KV namespace", "workerd")
}

// Salts make ids of visitors as soon as they are there, and are not logged.
func TestSaltsComeFromTheHost(t *testing.T) {
	o := offers(t)
	now := time.Now().UTC()
	const salt = "c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGl0"
	o.offer("salts", offer{etag: `"one"`, content: fmt.Appendf(nil, `{"salts":[{"id":"today","from":%q,"until":%q,"secret":%q}]}`,
		now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339), salt)})
	edge := workerdtest.Run(t, workerdtest.Config{Bindings: bindings(o.URL, `{"visitor":{"mode":"daily"}}`)})
	const id = `"network_userid":"`
	// The first request waits for them, but not for long.
	until(t, "events have network user ids", func() error {
		if batch := o.sends(t, edge, pageView); !strings.Contains(batch, id) {
			return fmt.Errorf("batch = %s", batch)
		}
		return nil
	})
	o.offer("salts", offer{etag: `"two"`, content: []byte(`{"salts":"none"}`)})
	edge.Schedule()
	says(t, edge, "the salts of host")
	if batch := o.sends(t, edge, pageView); !strings.Contains(batch, id) {
		t.Errorf("batch = %s, want a network user id still", batch)
	}
	if strings.Contains(edge.Output(), salt) {
		t.Error("the log holds a salt")
	}
	o.offer("salts", offer{etag: `"three"`, content: []byte(`{"salts":[]}`)})
	edge.Schedule()
	if batch := o.sends(t, edge, pageView); strings.Contains(batch, id) {
		t.Errorf("batch = %s, want no network user id without a salt", batch)
	}
	need.Ran(t, "salts from the host", "workerd")
}

// An instance that takes the place of one that trapped has what that was handed.
func TestTheNextInstanceHasTheHostsSchemas(t *testing.T) {
	o := offers(t)
	edge := workerdtest.Run(t, workerdtest.Config{Module: abitest.Trapping(t), Bundle: []byte{}, Bindings: bindings(o.URL, "")})
	traps := func() string {
		t.Helper()
		before := len(o.held())
		accepted(t, post(t, edge.URL+"/trapping/v1", "trap"))
		held := o.held()
		if len(held) != before+1 {
			t.Fatalf("the host holds %d batches, want %d", len(held), before+1)
		}
		for _, batch := range held {
			if strings.Contains(batch, `"bundle":`) {
				return batch
			}
		}
		return ""
	}
	if batch := traps(); batch != "" {
		t.Fatalf("batch = %s, before there was a bundle", batch)
	}
	o.offer("bundle", offer{etag: `"one"`, content: collectortest.Bundle(t)})
	edge.Schedule()
	if traps() == "" {
		t.Error("after a trap the module knows the host's schemas no longer")
	}
}
