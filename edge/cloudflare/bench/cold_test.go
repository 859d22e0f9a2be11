package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"weir/edge/abi"
	"weir/edge/cloudflare/workerdtest"
	"weir/edge/collector"
	"weir/edge/protocol"
)

// mostStart is what a fresh instance may take until its first answer.
const mostStart = 5 * time.Millisecond

// BenchmarkColdStart prints how long workerd takes from the compiled module to
// the answer of a fresh instance: instantiating it, opening settings and schemas,
// and one event. Time is taken out here, since workerd's clock stands still while
// a request runs.
func BenchmarkColdStart(b *testing.B) {
	const instances = 20
	bodies := read(b)
	url := workerdtest.Start(b, workerdtest.Config{Entry: "test/frames.ts"})
	took := func(n, body int) time.Duration {
		frame := abi.AppendInput(nil, &collector.Input{
			Request: protocol.Request{Method: "POST", Path: "/com.snowplowanalytics.snowplow/tp2", Host: "edge.example.com", ClientIP: "192.0.2.81",
				Headers: []protocol.Header{{Name: "content-type", Value: "application/json"}}, Body: bodies[body%len(bodies)]},
			NowMillis: time.Now().UnixMilli(),
		})
		r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(frame))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Instances", strconv.Itoa(n))
		sent := time.Now()
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		elapsed := time.Since(sent)
		var out collector.Outcome
		if err == nil {
			err = abi.DecodeOutcome(&out, answer)
		}
		if err != nil || resp.StatusCode != http.StatusOK || len(out.Batch) == 0 {
			b.Fatalf("the Worker answers %d %.200q, %v", resp.StatusCode, answer, err)
		}
		return elapsed
	}
	for b.Loop() {
		var starts []time.Duration
		for round := range 3 * rounds {
			idle := took(0, round)
			starts = append(starts, (took(instances, round)-idle)/instances)
		}
		slices.Sort(starts)
		fmt.Printf("\na cold start in workerd, from the compiled module to an event's answer: median %s, longest %s; wanted are %s\n",
			median(starts).Round(10*time.Microsecond), starts[len(starts)-1].Round(10*time.Microsecond), mostStart)
		if median(starts) > mostStart {
			b.Errorf("a cold start takes %s, more than %s", median(starts), mostStart)
		}
	}
}
