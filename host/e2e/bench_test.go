package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/edge/signature"
	"weir/host/torture"
)

// benchHost is a host whose only sink takes everything, or nothing.
type benchHost struct {
	*system
	key []byte
}

func newBenchHost(b *testing.B, sink string) *benchHost {
	b.Helper()
	key, err := signature.ParseSecret(secret)
	if err != nil {
		b.Fatal(err)
	}
	h := &benchHost{&system{t: b, dir: b.TempDir()}, key}
	h.configure(sink)
	return h
}

// configure takes effect at the next start, which is at other addresses.
func (h *benchHost) configure(sink string) {
	h.hostURL, h.adminURL = "http://"+freeAddress(h.t), "http://"+freeAddress(h.t)
	h.config = fmt.Appendf(nil, "data_dir: %s/data\npublic: {listen: %q}\nadmin: {listen: %q}\nsinks: [{name: only, %s}]\n",
		h.dir, strings.TrimPrefix(h.hostURL, "http://"), strings.TrimPrefix(h.adminURL, "http://"), sink)
}

// ready starts the host and returns how long it took until it would accept a batch.
func (h *benchHost) ready() time.Duration {
	h.t.Helper()
	config := h.dir + "/weir.yaml"
	if err := os.WriteFile(config, h.config, 0o600); err != nil {
		h.t.Fatal(err)
	}
	program := weir(h.t) // built beforehand
	begun := time.Now()
	h.host = launch(h.t, "host", []string{"WEIR_SECRET=" + secret}, program, "host", "--config", config)
	for {
		response, err := http.Get(h.hostURL + "/readyz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return time.Since(begun)
			}
		}
		if time.Since(begun) > patience {
			h.t.Fatalf("not ready after %v: %v\n%s", patience, err, h.host.tail(20))
		}
		time.Sleep(time.Millisecond) // between polls: what is measured is far longer
	}
}

// store sends batches of events of about 1 kB from several senders.
func (h *benchHost) store(batches, events int) {
	h.t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 16 {
		wg.Go(func() {
			for n := range next {
				if err := h.post(n, events); err != nil {
					h.t.Error(err)
				}
			}
		})
	}
	for n := range batches {
		next <- n
	}
	close(next)
	wg.Wait()
}

func (h *benchHost) post(batch, events int) error {
	now := time.Now()
	id := fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", now.UnixMilli()>>16, now.UnixMilli()&0xffff, batch&0xfff, batch>>12&0xfff, batch)
	head := envelope.Header{ID: id, Captured: now.UnixMilli(), Events: events}
	body := append(head.AppendJSON(nil), '\n')
	for n := range events {
		body = fmt.Appendf(body, `{"app_id":"shop","collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":%q,"event_fingerprint":"f","weir":{"verdict":"good"}`, uuid())
		for i := range 10 {
			body = fmt.Appendf(body, `,"se_%d":"value %d of event %d, /products/%d?ref=list"`, i, i*n%97, n, (batch*events+n)*31%1000)
		}
		body = append(body, "}\n"...)
	}
	request, err := http.NewRequest(http.MethodPost, h.hostURL+"/v1/batches", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("webhook-signature", signature.Sign(h.key, id, now.Unix(), body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %d %s, %v", response.StatusCode, text, err)
	}
	return nil
}

func (h *benchHost) memory() float64 { return float64(torture.ResidentMB(h.host.cmd.Process.Pid)) }

// BenchmarkStart measures the shipped program from its start until it would
// accept a batch, and what memory it takes when it has nothing to do.
func BenchmarkStart(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("what memory a process takes is read from /proc")
	}
	weir(b)
	b.Run("journal=empty", func(b *testing.B) {
		var took, memory []float64
		for b.Loop() {
			h := newBenchHost(b, "blackhole: {}")
			took = append(took, 1e3*h.ready().Seconds())
			memory = append(memory, h.memory())
			h.host.stop(b)
		}
		reportMedian(b, took, "ms-to-ready")
		reportMedian(b, memory, "MB-idle")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("journal=1M-pending", func(b *testing.B) {
		// A sink that is away for good: nothing is listening there.
		away := fmt.Sprintf(`http: {url: "http://%s/", private: [127.0.0.1/32]}`, freeAddress(b))
		h := newBenchHost(b, away)
		h.ready()
		begun := time.Now()
		h.store(5000, 200)
		stored := time.Since(begun)
		loaded := float64(torture.PeakMemoryMB(h.host.cmd.Process.Pid))
		h.host.stop(b)
		var took []float64
		for b.Loop() {
			h.configure(away)
			took = append(took, 1e3*h.ready().Seconds())
			h.host.stop(b)
		}
		reportMedian(b, took, "ms-to-ready")
		b.ReportMetric(loaded, "MB-loaded")
		b.ReportMetric(1e6/stored.Seconds(), "stored-events/s")

		h.configure("blackhole: {}")
		h.ready()
		begun = time.Now()
		eventually(b, "a million events are delivered", func() error {
			if n := h.metric(b, "weir_events_delivered_total", `route="only"`); n < 1e6 {
				return fmt.Errorf("%v so far", n)
			}
			return nil
		})
		b.ReportMetric(1e6/time.Since(begun).Seconds(), "drained-events/s")
		b.ReportMetric(float64(torture.PeakMemoryMB(h.host.cmd.Process.Pid)), "MB-draining")
		b.ReportMetric(0, "ns/op")
		h.host.stop(b)
	})
}

func reportMedian(b *testing.B, list []float64, unit string) {
	slices.Sort(list)
	b.ReportMetric(list[len(list)/2], unit)
}
