package serve_test

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/forward"
	"weir/edge/protocol/all"
	"weir/edge/serve"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
	"weir/edge/wazero"
)

const (
	tp2      = "/com.snowplowanalytics.snowplow/tp2"
	pageView = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"pv","p":"web","tv":"js-4.10.1","url":"https://shop.example/tea"}]}`
)

// The whole edge in one process, on either engine: a tracker's request in, a
// signed batch out.
func TestAnEventReachesItsHost(t *testing.T) {
	bundle, err := os.ReadFile(need.Tool(t, "default.bundle"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"native", "wazero"} {
		t.Run(name, func(t *testing.T) {
			var engine serve.Engine
			if name == "native" {
				engine, err = serve.NewNative(func() (*collector.Collector, error) {
					return collector.New(nil, bundle, all.Adapters()...)
				})
			} else {
				var module []byte
				if module, err = os.ReadFile(need.Tool(t, "edge.wasm")); err != nil {
					t.Fatal(err)
				}
				engine, err = wazero.New(t.Context(), wazero.Config{Module: module, Bundle: bundle, CacheDir: need.Cache() + "/wazero"})
			}
			if err != nil {
				t.Fatal(err)
			}
			deliver(t, engine)
			need.Ran(t, "serve", name)
		})
	}
}

func deliver(t *testing.T, engine serve.Engine) {
	secret, err := signature.ParseSecret("whsec_" + base64.StdEncoding.EncodeToString([]byte("thirty-two bytes that are secret")))
	if err != nil {
		t.Fatal(err)
	}
	batches := make(chan string, 1)
	var down atomic.Bool
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h := r.Header
		if err := signature.Verify([][]byte{secret}, h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body, time.Now()); err != nil {
			t.Error(err)
		}
		batches <- string(body)
		io.WriteString(w, `{"batch":"`+h.Get("webhook-id")+`","events":1,"duplicate":false}`)
	}))
	defer host.Close()
	forwarder, err := forward.New(forward.Config{Hosts: []string{host.URL}, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := serve.New(serve.Config{Engine: engine, Forward: forwarder, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	edge := httptest.NewServer(handler)
	defer edge.Close()

	answer := func() *http.Response {
		resp, err := http.Post(edge.URL+tp2, "application/json", strings.NewReader(pageView))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	if resp := answer(); resp.StatusCode != 200 {
		t.Errorf("status = %d, want 200", resp.StatusCode)
	}
	batch := <-batches
	for _, want := range []string{`"failed":0`, `"page_url":"https://shop.example/tea"`, `"user_ipaddress":"127.0.0.0"`} {
		if !strings.Contains(batch, want) {
			t.Errorf("batch lacks %s:\n%s", want, batch)
		}
	}
	down.Store(true)
	if resp := answer(); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || resp.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("with the host down: answer = %d %v", resp.StatusCode, resp.Header)
	}
}
