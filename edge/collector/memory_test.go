package collector_test

import (
	"runtime"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/protocol/snowplow"
)

// Whoever makes another event of each request the large one must not make the
// collector keep room for all of them.
func TestMemoryIsThatOfTheLargestRequest(t *testing.T) {
	c, err := collector.New([]byte(`{"limits":{"entities":10000}}`), nil, snowplow.New())
	if err != nil {
		t.Fatal(err)
	}
	entity := `{\"schema\":\"iglu:a/b/c/1-0-0\",\"data\":0},`
	entities := `{"e":"pv","p":"web","tv":"x","co":"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0\",\"data\":[` +
		strings.Repeat(entity, 10_000) + strings.TrimSuffix(entity, ",") + `]}"}`
	entities = strings.Replace(entities, entity, "", 1)
	const small = `{"e":"pv","p":"web","tv":"x"},`
	collect := func(k int) {
		body := payload(entities, len(entities)+100)
		out := c.Collect(post([]byte(strings.Replace(body, "[", "["+strings.Repeat(small, k), 1))))
		if n := strings.Count(string(out.Batch), "iglu:a/b/c"); n != 10_000 {
			t.Fatalf("%d entities", n)
		}
	}
	collect(100)
	before := heap()
	for k := range 100 {
		collect(k)
	}
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
	runtime.KeepAlive(c)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
