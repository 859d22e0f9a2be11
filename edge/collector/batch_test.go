package collector_test

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol"
	"weir/edge/protocol/snowplow"
)

// post is a POST of events, the elements of payload_data's data.
func post(body []byte, headers ...protocol.Header) *collector.Input {
	in := &collector.Input{NowMillis: 1_795_215_804_123}
	in.Request = protocol.Request{
		Method: "POST", Path: snowplow.TP2, Body: body, ClientIP: "192.0.2.81",
		Headers: append([]protocol.Header{{Name: "Content-Type", Value: "application/json"}}, headers...),
	}
	return in
}

func zipped(t testing.TB, body string) *collector.Input {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(body))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return post(b.Bytes(), protocol.Header{Name: "Content-Encoding", Value: "gzip"})
}

// payload is a body of as many times the same event as are within size bytes.
func payload(event string, size int) string {
	const front, back = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[`, `]}`
	n := (size - len(front) - len(back)) / (len(event) + 1)
	return front + strings.Repeat(event+",", n-1) + event + back
}

// Of requests within all other limits, those that grow the most.
func TestBatchIsWithinItsLimit(t *testing.T) {
	s, err := collector.ParseSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &s.Limits
	var unknown strings.Builder
	for i := range 32 {
		unknown.WriteString(`,"z` + strconv.Itoa(i) + `":""`)
	}
	page := `{"tv":"js-4.10.1","p":"web","e":"pv","url":"https://shop.example/tea/` + strings.Repeat("a", 700) + "?" + strings.Repeat("b", 700) + `"}`
	// Of more in a row, those behind would be kept as one.
	nineteen := strings.Repeat(`{"e":"pv","p":"web","tv":"x"`+unknown.String()+`},`, 19) + `{"e":"pv","p":"web","tv":"x"}`
	c, err := collector.New(nil, collectortest.Bundle(t), snowplow.New())
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]*collector.Input{
		"page views":         zipped(t, payload(page, l.Inflated)),
		"control characters": post(bytes.Repeat([]byte{1}, l.Body)),
		"the same zipped":    zipped(t, strings.Repeat("\x01", l.Inflated)),
		"no UTF-8":           zipped(t, strings.Repeat("\xff", l.Inflated)),
		"quotes":             zipped(t, strings.Repeat(`"`, l.Inflated)),
		"unknown names":      zipped(t, payload(nineteen, (len(nineteen)+1)*(l.Events/20)+100)),
		"a misfit":           zipped(t, payload(`{"e":"pv","p":"web","tv":"x","page":["`+strings.Repeat(`\"`, l.Inflated/2-100)+`"]}`, l.Inflated)),
	} {
		out := c.Collect(in)
		check(t, in, out)
		if n := len(out.Batch); n > l.Batch || n < l.Batch*9/10 {
			t.Errorf("%s: a batch of %d bytes, the limit is %d", name, n, l.Batch)
		}
		if n := strings.Count(string(out.Batch), `"keyword":"size_violation"`); n != 1 {
			t.Errorf("%s: %d violations of the size", name, n)
		}
		if got := testing.AllocsPerRun(3, func() { c.Collect(in) }); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

// Wherever the cut goes through an address, nothing of it is left.
func TestCutLeavesNoPartOfAnAddress(t *testing.T) {
	const limit = 16 << 10
	c, err := collector.New([]byte(`{"limits":{"batch":16384}}`), nil, snowplow.New())
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for pad := range 128 {
		page := strings.Repeat("-", pad) + strings.Repeat("(2001:db8:85a3:8d3:1319:8a2e:370:7334)", limit/32)
		body := payload(`{"e":"pv","p":"web","tv":"x"}`, 512)
		in := post([]byte(strings.Replace(body, "]", `,{"e":"pv","p":"web","tv":"x","page":"`+page+`"}]`, 1)))
		out := c.Collect(in)
		check(t, in, out)
		if len(out.Batch) > limit {
			t.Fatalf("a batch of %d bytes", len(out.Batch))
		}
		if strings.Contains(string(out.Batch), ":8d3") {
			t.Fatalf("pad %d: %s", pad, out.Batch)
		}
		if strings.Contains(string(out.Batch), "size_violation") {
			cut++
		}
	}
	if cut != 128 {
		t.Errorf("%d of 128 bodies were cut", cut)
	}
}
