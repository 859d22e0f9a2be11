package wazero

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol"
	"weir/schemas/compile"
)

// No request leaves a trace in the module's memory once buffers have found their
// size: not one that fails, is refused or was tried before, whatever the settings.
func TestCollectAllocatesNothing(t *testing.T) {
	requests := 10
	if os.Getenv("WEIR_TORTURE") != "" {
		requests = 10_000
	}
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		r := open(t, Config{Settings: settings, Instances: 1})
		heap := findHeap(t, r)
		return func(in *collector.Input) (out *collector.Outcome, err error) {
			for range 20 { // events that change places take some rounds to find their sizes
				collect(t, r, in)
			}
			before := heap.end(r)
			for range requests {
				err = r.Collect(t.Context(), in, func(o *collector.Outcome) { out = o })
			}
			if grown := heap.end(r) - before; grown != 0 {
				return nil, fmt.Errorf("%d requests left %d bytes behind", requests, grown)
			}
			if got := r.Stats(); got != (Stats{}) {
				return nil, fmt.Errorf("stats = %+v: an instance was replaced", got)
			}
			return out, err
		}
	})
}

// heap is where the module keeps the end of what it has allocated. TinyGo's
// leaking collector has nothing but that to move on, so that it tells of every
// byte; the size of the memory tells of one only when the last page is full.
type heap uint32

// findHeap finds the word that says where a buffer ends whenever one has been
// made of the runtime's only instance.
func findHeap(t *testing.T, r *Runtime) heap {
	t.Helper()
	i := <-r.slots
	defer func() { r.slots <- i }()
	var found map[uint32]bool
	// Each is more than there is room for in the buffer before: twice as much is made.
	for size := uint32(128 << 10); size <= 512<<10; size *= 2 {
		i.frame = make([]byte, size)
		if err := i.give(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := uint32(i.stack[0]) + size
		memory, _ := i.module.Memory().Read(0, i.memory())
		still := map[uint32]bool{}
		for at := uint32(0); at+4 <= uint32(len(memory)); at += 4 {
			if binary.LittleEndian.Uint32(memory[at:]) == end && (found == nil || found[at]) {
				still[at] = true
			}
		}
		found = still
	}
	if len(found) != 1 {
		t.Fatalf("the end of the heap stands at %d places", len(found))
	}
	for at := range found {
		return heap(at)
	}
	panic("unreachable")
}

// end returns where the heap of the runtime's only instance ends.
func (h heap) end(r *Runtime) uint32 {
	i := <-r.slots
	defer func() { r.slots <- i }()
	end, _ := i.module.Memory().ReadUint32Le(uint32(h))
	return end
}

// A heap that is found grows by what is allocated.
func TestTheHeapIsFound(t *testing.T) {
	r := open(t, Config{Instances: 1})
	heap := findHeap(t, r)
	before := heap.end(r)
	collect(t, r, &collector.Input{Request: protocol.Request{Method: "POST", Path: "/health", Body: make([]byte, 1<<20)}})
	if grown := heap.end(r) - before; grown < 1<<20 {
		t.Errorf("a buffer of 1 MiB made the heap grow by %d bytes", grown)
	}
}

// Nor does the memory grow over a mixed load of all of them on one instance.
// With WEIR_TORTURE a million requests say so.
func TestMemoryDoesNotGrow(t *testing.T) {
	requests := 100_000
	if os.Getenv("WEIR_TORTURE") != "" {
		requests = 1_000_000
	}
	r := open(t, Config{Instances: 1, Settings: collectortest.Settings()})
	heap := findHeap(t, r)
	inputs := slices.Collect(maps.Values(collectortest.Inputs(t)))
	for range 20 {
		for _, in := range inputs {
			collect(t, r, in)
		}
	}
	before := heap.end(r)
	for n := range requests {
		collect(t, r, inputs[n%len(inputs)])
	}
	if grown := heap.end(r) - before; grown != 0 {
		t.Errorf("%d requests left %d bytes behind", requests, grown)
	}
	if got := r.Stats(); got != (Stats{}) {
		t.Errorf("stats = %+v: an instance was replaced", got)
	}
}

// broken is a schema whose every keyword the data of breaks fails.
const broken = `{
	"$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
	"self": {"vendor": "com.acme", "name": "broken", "format": "jsonschema", "version": "1-0-0"},
	"type": "object",
	"additionalProperties": false,
	"required": ["missing"],
	"minProperties": 100,
	"maxProperties": 1,
	"dependencies": {"type": ["depends"]},
	"patternProperties": {"^pattern/.~": {"type": "null"}},
	"properties": {
		"type": {"type": ["string", "null", "integer"]},
		"enum": {"enum": ["a", "b", 1, 2, 3, null, true, "c", "d", "e"]},
		"const": {"enum": [{"a": [1.5, "x"]}]},
		"minLength": {"minLength": 3},
		"maxLength": {"maxLength": 1},
		"pattern": {"pattern": "^a+$"},
		"format": {"format": "email"},
		"minimum": {"minimum": 1.25},
		"maximum": {"maximum": 1e400},
		"exclusiveMinimum": {"minimum": 5, "exclusiveMinimum": true},
		"exclusiveMaximum": {"maximum": 5, "exclusiveMaximum": true},
		"multipleOf": {"multipleOf": 12345678901234567890.12345678901234567891},
		"minItems": {"minItems": 2},
		"maxItems": {"maxItems": 1, "items": {"type": "string"}},
		"additionalItems": {"items": [{}], "additionalItems": false},
		"uniqueItems": {"uniqueItems": true},
		"anyOf": {"anyOf": [{"type": "string"}, {"required": ["x"]}]},
		"oneOf": {"oneOf": [{"type": "integer"}, {"minimum": 0}]},
		"not": {"not": {"type": "integer"}}
	}
}`

const breaks = `{
	"type": {}, "enum": "z", "const": {"a": [2.5, "x"]}, "minLength": "ab", "maxLength": "ab", "pattern": "b", "format": "none",
	"minimum": 1, "maximum": 1e401, "exclusiveMinimum": 5, "exclusiveMaximum": 5, "multipleOf": 98765432109876543210.5,
	"minItems": [], "maxItems": [1, 2], "additionalItems": [1, 2],
	"uniqueItems": [{"a":1,"b":[2]},1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,{"b":[2.0],"a":1e0}],
	"anyOf": {}, "oneOf": 5, "not": 5, "pattern/a~": "not null", "\u0061dditional/~": 1, "type": 1
}`

// What is said of any keyword that an event breaks goes with the request.
func TestViolationsAllocateNothing(t *testing.T) {
	bundle, err := compile.Bundle([]compile.Source{{JSON: []byte(broken)}}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, Config{Instances: 1, Bundle: bundle})
	heap := findHeap(t, r)
	for _, c := range []struct{ keywords, data string }{
		{"type enum minLength maxLength pattern format minimum maximum multipleOf required minProperties maxProperties dependencies " +
			"minItems maxItems additionalItems uniqueItems anyOf oneOf not additionalProperties duplicateKey", breaks},
		{"depth", strings.Repeat("[", 300) + strings.Repeat("]", 300)},
		{"additionalProperties", `{"a":` + strings.TrimSuffix(strings.Repeat(`1,"a":`, 50), `,"a":`) + `}`}, // more than are kept
	} {
		in := &collector.Input{Request: protocol.Request{
			Method: "POST", Path: "/com.snowplowanalytics.snowplow/tp2",
			Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}},
		}}
		event := strconv.Quote(`{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.acme/broken/jsonschema/1-0-0","data":` + c.data + `}}`)
		in.Request.Body = []byte(`{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"ue","p":"web","tv":"x","ue_pr":` + event + `}]}`)
		for range 20 {
			collect(t, r, in)
		}
		before := heap.end(r)
		var batch string
		for range 10 {
			_, batch = collect(t, r, in)
		}
		if grown := heap.end(r) - before; grown != 0 {
			t.Errorf("%s: 10 requests left %d bytes behind", c.keywords, grown)
		}
		for _, keyword := range strings.Fields(c.keywords) {
			if !strings.Contains(batch, `"keyword":"`+keyword+`"`) {
				t.Errorf("%s is not broken:\n%s", keyword, batch)
			}
		}
	}
}

// Nor does one that nobody thought of: a case of the suite with text put in,
// taken out or cut off somewhere.
func TestMutantsAllocateNothing(t *testing.T) {
	mutants := 20
	if os.Getenv("WEIR_TORTURE") != "" {
		mutants = 2_000
	}
	r := open(t, Config{Settings: collectortest.Settings(), Instances: 1})
	heap := findHeap(t, r)
	random := rand.New(rand.NewPCG(1, 2))
	inputs := collectortest.Inputs(t)
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		for range mutants {
			in := mutate(random, inputs[name])
			grown := uint32(1)
			for rounds := 0; grown != 0 && rounds < 4; rounds++ { // until buffers have found their size
				for range 4 {
					collect(t, r, in)
				}
				before := heap.end(r)
				for range 2 {
					collect(t, r, in)
				}
				grown = heap.end(r) - before
			}
			if grown != 0 {
				t.Errorf("%s: 2 requests left %d bytes behind: %+q", name, grown, fmt.Sprint(in.Request))
			}
		}
	}
	if got := r.Stats(); got != (Stats{}) {
		t.Errorf("stats = %+v: an instance was replaced", got)
	}
}

// mutate returns in with one to four changes in its text.
func mutate(random *rand.Rand, in *collector.Input) *collector.Input {
	with := *in
	q := &with.Request
	q.Headers = slices.Clone(q.Headers)
	texts := []*string{&q.Path, &q.Query}
	for i := range q.Headers {
		texts = append(texts, &q.Headers[i].Value)
	}
	for range 1 + random.IntN(4) {
		if len(q.Body) > 0 && random.IntN(2) == 0 {
			q.Body = []byte(mutateText(random, string(q.Body)))
			continue
		}
		text := texts[random.IntN(len(texts))]
		*text = mutateText(random, *text)
	}
	return &with
}

func mutateText(random *rand.Rand, s string) string {
	from := random.IntN(len(s) + 1)
	to := from + random.IntN(min(len(s)-from, 12)+1)
	puts := []string{"", "é", "%C3%A9", "€ü", "\"", "\\u00e9", "\\ud83d", "-1", "1e400", "null", "[", "}", "&", "=é&", "2026-11-20", s[from:to] + s[from:to]}
	return s[:from] + puts[random.IntN(len(puts))] + s[to:]
}
