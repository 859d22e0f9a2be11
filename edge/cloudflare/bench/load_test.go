// Package bench measures the Worker beside one in plain JavaScript, and beside
// `weir edge`, as their trackers see them.
package bench

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"weir/edge/cloudflare/workerdtest"
	"weir/edge/collector"
	"weir/edge/forward"
	"weir/edge/protocol/all"
	"weir/edge/serve"
	"weir/edge/toolchain/need"
	"weir/edge/wazero"
)

const (
	rounds   = 7    // of each contender, in turns
	requests = 2000 // a round
	clients  = 16   // that send at once, each its next request once it has an answer
)

var secret = []byte("thirty-two bytes that are secret")

// contender is an edge that answers at url.
type contender struct {
	name, url string
	rate      []float64       // requests a second, one a round
	p99       []time.Duration // one a round
}

// BenchmarkLoad prints how many requests a second each edge answers once a host
// has taken their batches, and the 99th percentile of the time that took. The
// host and the clients run in this process: they cost every contender the same.
func BenchmarkLoad(b *testing.B) {
	bodies := read(b)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, `{"batch":%q,"events":1,"duplicate":false}`, r.Header.Get("webhook-id"))
	}))
	b.Cleanup(host.Close)
	bindings := map[string]string{"WEIR_HOST": host.URL, "WEIR_SECRET": "whsec_" + base64.StdEncoding.EncodeToString(secret)}
	contenders := []*contender{
		{name: "workerd, plain JavaScript", url: workerdtest.Start(b, workerdtest.Config{Entry: "bench/worker.ts", Bindings: bindings})},
		{name: "workerd, weir", url: workerdtest.Start(b, workerdtest.Config{Bindings: bindings})},
		{name: "weir edge, wazero", url: edge(b, host.URL, module(b))},
		{name: "weir edge, native", url: edge(b, host.URL, native(b))},
	}
	for b.Loop() {
		for round := range rounds + 1 {
			for _, c := range contenders {
				rate, p99 := load(b, c.url, bodies)
				if round > 0 { // the first warms up
					c.rate, c.p99 = append(c.rate, rate), append(c.p99, p99)
				}
			}
		}
	}
	fmt.Printf("\n%d clients, one event a request, median of %d rounds of %d requests in turns\n", clients, rounds, requests)
	for _, c := range contenders {
		ratios := make([]float64, rounds)
		for i := range ratios {
			// Of neighbours in the same round, so that a busy machine slows both.
			ratios[i] = c.rate[i] / contenders[0].rate[i]
		}
		fmt.Printf("  %-28s %8.0f requests/s   p99 %9s   %.2f times plain JavaScript's rate\n", c.name, median(c.rate), median(c.p99).Round(10*time.Microsecond), median(ratios))
	}
}

// load sends a round of requests and returns how many a second were answered,
// and the 99th percentile of the time that took.
func load(b *testing.B, url string, bodies [][]byte) (rate float64, p99 time.Duration) {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	took := make([]time.Duration, requests)
	var group sync.WaitGroup
	start := time.Now()
	for first := range clients {
		group.Go(func() {
			for n := first; n < requests; n += clients {
				sent := time.Now()
				if err := send(client, url, bodies[n%len(bodies)]); err != nil {
					b.Error(err)
					return
				}
				took[n] = time.Since(sent)
			}
		})
	}
	group.Wait()
	elapsed := time.Since(start)
	if b.Failed() {
		b.FailNow()
	}
	slices.Sort(took)
	return requests / elapsed.Seconds(), took[requests*99/100]
}

func send(client *http.Client, url string, body []byte) error {
	r, err := http.NewRequest(http.MethodPost, url+"/com.snowplowanalytics.snowplow/tp2", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	r.Header.Set("Origin", "https://shop.example.com")
	r.Header.Set("CF-Connecting-IP", "192.0.2.81")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36")
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || string(answer) != "ok") {
		err = fmt.Errorf("%s answers %d %.200q", url, resp.StatusCode, answer)
	}
	return err
}

// edge serves an engine as `weir edge` does.
func edge(b *testing.B, host string, engine serve.Engine) (url string) {
	b.Helper()
	forwarder, err := forward.New(forward.Config{Hosts: []string{host}, Secret: secret})
	if err != nil {
		b.Fatal(err)
	}
	handler, err := serve.New(serve.Config{Engine: engine, Forward: forwarder, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Config = serve.NewServer(handler)
	s.Start()
	b.Cleanup(s.Close)
	return s.URL
}

func module(b *testing.B) serve.Engine {
	b.Helper()
	need.Tool(b, "edge.wasm")
	r, err := wazero.New(b.Context(), wazero.Config{CacheDir: need.Cache() + "/wazero", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func native(b *testing.B) serve.Engine {
	b.Helper()
	bundle, err := os.ReadFile(need.Tool(b, "default.bundle"))
	if err != nil {
		b.Fatal(err)
	}
	n, err := serve.NewNative(func() (*collector.Collector, error) {
		return collector.New(nil, bundle, all.Adapters()...)
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// read returns the bodies that prepare.ts wrote.
func read(b *testing.B) [][]byte {
	b.Helper()
	root, err := need.Root()
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "edge/cloudflare/build/bodies.ndjson"))
	if err != nil {
		b.Fatalf("%v: run edge/cloudflare/bench/run load", err)
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

func median[T float64 | time.Duration](list []T) T {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}
