package collector_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
	"weir/edge/protocol/snowplow"
)

// check holds for every outcome of every request.
func check(t *testing.T, in *collector.Input, out *collector.Outcome) {
	t.Helper()
	if s := out.Response.Status; s != 200 && s != 202 && s != 204 && s != 302 && s != 400 && s != 404 && s != 413 && s != 415 {
		t.Fatalf("status %d", s)
	}
	origins := 0
	for _, h := range out.Response.Headers {
		if h.Name == "Access-Control-Allow-Origin" {
			origins++
		}
		if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") {
			t.Fatalf("header %q: %q", h.Name, h.Value)
		}
	}
	if origins != 1 {
		t.Fatalf("%d CORS headers in %v", origins, out.Response.Headers)
	}
	if len(out.Batch) == 0 {
		if out.Refusal.Status != 0 {
			t.Fatal("a refusal where there is nothing to store")
		}
		return
	}
	// Who follows a link is sent on whether or not somebody took the event.
	redirected := out.Response.Status == 302 || out.Response.Status == 400
	if out.Refusal.Status != 503 && !(redirected && out.Refusal.Status == out.Response.Status) {
		t.Fatalf("the refusal has status %d", out.Refusal.Status)
	}
	r := envelope.NewReader(out.Batch)
	b, err := r.Next()
	if err != nil {
		t.Fatalf("the batch cannot be read: %v\n%s", err, out.Batch)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Fatalf("after the batch: %v", err)
	}
	if b.Header.ID != out.BatchID || b.Header.Captured != in.NowMillis {
		t.Fatalf("header %+v, batch id %s", b.Header, out.BatchID)
	}
	failed := 0
	for i, line := range b.Events {
		var e struct {
			ID        string `json:"event_id"`
			Collector string `json:"collector_tstamp"`
			Weir      struct {
				Verdict    string
				Batch      string
				Index      int
				Violations []json.RawMessage
			}
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("the envelope is not JSON: %v\n%s", err, line)
		}
		if !envelope.IsUUID(e.ID) || e.Collector == "" || e.Weir.Batch != out.BatchID || e.Weir.Index != i {
			t.Fatalf("envelope %d: %s", i, line)
		}
		if (e.Weir.Verdict == "failed") != (len(e.Weir.Violations) > 0) {
			t.Fatalf("verdict %s with %d violations", e.Weir.Verdict, len(e.Weir.Violations))
		}
		if e.Weir.Verdict != "good" {
			failed++
		}
	}
	if failed != b.Header.Failed {
		t.Fatalf("%d events are not good, the header says %d", failed, b.Header.Failed)
	}
}

// Every address a client or tracker tells, wherever it stands, is gone from
// what leaves the edge.
func TestNoRawAddressGetsOut(t *testing.T) {
	c := open(t)
	canaries := []string{"203.0.113.77", "198.51.100.23", "198.51.100.99", "192.0.2.55", "2001:db8:85a3:8d3", "2001:db8:85a3::8a2e:370:7334", "2001:db8:aaaa:bbbb"}
	for name, in := range collectortest.Inputs(t) {
		out := c.Collect(in)
		check(t, in, out)
		for _, canary := range canaries {
			if strings.Contains(string(out.Batch), canary) {
				t.Errorf("%s: %s got out:\n%s", name, canary, out.Batch)
			}
		}
	}
}

// panicking is an adapter with a fault in it.
type panicking struct{ *snowplow.Adapter }

func (panicking) Decode([]envelope.Event, *protocol.Request) ([]envelope.Event, error) {
	panic("a fault in an adapter")
}

func TestPanicBecomesFailedEvent(t *testing.T) {
	c, err := collector.New(nil, nil, panicking{snowplow.New()})
	if err != nil {
		t.Fatal(err)
	}
	in := collectortest.Inputs(t)["post-page-view"]
	out := c.Collect(in)
	check(t, in, out)
	if out.Response.Status != 200 || !strings.Contains(string(out.Batch), `"keyword":"trap"`) || !strings.Contains(string(out.Batch), `"payload":"{`) {
		t.Errorf("%d\n%s", out.Response.Status, out.Batch)
	}
}

func FuzzCollect(f *testing.F) {
	for _, in := range collectortest.Inputs(f) {
		r := &in.Request
		var header strings.Builder
		for _, h := range r.Headers {
			header.WriteString(h.Name + ":" + h.Value + "\n")
		}
		if len(r.Body) < 4096 {
			f.Add(r.Method, r.Path, r.Query, header.String(), r.Body, r.ClientIP)
		}
	}
	bundle := collectortest.Bundle(f)
	fresh := func() *collector.Collector {
		c, err := collector.New(collectortest.Settings(), bundle, all.Adapters()...)
		if err != nil {
			f.Fatal(err)
		}
		return c
	}
	used := fresh()
	f.Fuzz(func(t *testing.T, method, path, query, header string, body []byte, ip string) {
		in := &collector.Input{NowMillis: 1_795_215_804_123, Request: protocol.Request{Method: method, Path: path, Query: query, Body: body, ClientIP: ip}}
		for _, line := range strings.Split(header, "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && !strings.ContainsAny(value, "\r\x00") {
				in.Request.Headers = append(in.Request.Headers, protocol.Header{Name: name, Value: value})
			}
		}
		out := used.Collect(in)
		check(t, in, out)
		got := string(out.Batch)
		if strings.Contains(got, `"keyword":"trap"`) {
			t.Fatalf("decoding panicked: %s", got)
		}
		if want := string(fresh().Collect(in).Batch); got != want {
			t.Fatalf("a collector that was used before gives\n%s\na fresh one\n%s", got, want)
		}
	})
}
