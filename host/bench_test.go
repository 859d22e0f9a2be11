package host

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/signature"
)

// filler makes an envelope of about 1 kB of JSON that compresses as events do.
func filler(n int) string {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, `,"se_%d":"value %d of event %d, /products/%d?ref=list"`, i, i*n%97, n, n*31%1000)
	}
	return b.String()
}

// BenchmarkIngest measures events from a signed request over loopback HTTP to
// the synced acknowledgement, while routes deliver to sinks in memory. Client
// and server share the machine's cores.
func BenchmarkIngest(b *testing.B) {
	for _, sinks := range []int{1, 3, 6} {
		for _, senders := range []int{1, 8, 64} {
			for _, events := range []int{1, 10, 50} {
				b.Run(fmt.Sprintf("sinks=%d/senders=%d/events=%d", sinks, senders, events), func(b *testing.B) { benchmarkIngest(b, sinks, senders, events) })
			}
		}
	}
}

func benchmarkIngest(b *testing.B, sinks, senders, events int) {
	r := newRig(b, []string{"a", "b", "c", "d", "e", "f"}[:sinks]...).start()
	lines := make([]string, events)
	for i := range lines {
		_, lines[i] = event("good", filler(i))
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = senders
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	url := "http://" + r.host.PublicAddr() + "/v1/batches"
	send := func() error {
		id, body := frame(lines...)
		now := time.Now().Unix()
		req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		req.Header.Set("webhook-id", id)
		req.Header.Set("webhook-timestamp", strconv.FormatInt(now, 10))
		req.Header.Set("webhook-signature", signature.Sign(r.key, id, now, body))
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("answer %d %s, %v", resp.StatusCode, text, err)
		}
		return nil
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	took := make([][]time.Duration, senders)
	var wg sync.WaitGroup
	b.ResetTimer()
	for s := range senders {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				start := time.Now()
				if err := send(); err != nil {
					b.Error(err)
					return
				}
				took[s] = append(took[s], time.Since(start))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) == 0 {
		return
	}
	quantile := func(q float64) float64 { return all[int(q*float64(len(all)-1))].Seconds() * 1e3 }
	b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(quantile(0.5), "p50-ms")
	b.ReportMetric(quantile(0.99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}
