package format_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/snowplow/snowplow-golang-analytics-sdk/analytics"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/format"
	"weir/sinks/sinktest"
)

// The oracle is Snowplow's own SDK: what it makes of our TSV has to be our
// analytics JSON. Where it differs on purpose stands in expected.

// TestOracle compares typical events, one with every column, and failed ones.
func TestOracle(t *testing.T) {
	events := sinktest.Events(1, 40)
	for n := range 3 {
		events = append(events, sinktest.Full(1, n))
	}
	for _, e := range events {
		compare(t, e)
	}
}

// TestOracleGolden compares the envelopes that the edge makes in its golden cases.
func TestOracleGolden(t *testing.T) {
	cases, err := filepath.Glob("../../edge/collector/collectortest/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, path := range cases {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			e, err := sinks.ParseEvent(bytes.Clone(lines.Bytes()))
			if err != nil {
				continue // it is another part of the case
			}
			if compare(t, e) {
				compared++
			}
		}
		if err := lines.Err(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if compared < 200 {
		t.Errorf("%d events were compared: too few to mean something", compared)
	}
}

// TestOracleGenerated compares events made of awkward pieces.
func TestOracleGenerated(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	texts := []string{"", " ", "a", "\t", "a\tb\n\r\x01c\x7f", "\u0085\u009f\u00a0", `"\`, "<&>\u2028😀", `\t`, "null", strings.Repeat("x\t", 300)}
	schemas := []string{"iglu:com.acme/sale/jsonschema/1-0-0", "iglu:com.acme/sale/jsonschema/1-2-3", "iglu:com.acme/sale/jsonschema/2-0-0",
		"iglu:Com.Acme/addToCart/jsonschema/1-0-0", "iglu:com.acme/Snake_Case/jsonschema/10-0-0", "iglu:a_b/c/avro/1-0-0", "iglu:a.b/c/jsonschema/1-0-0"}
	data := []string{`{}`, `{"a":1}`, "{ \"a\" :\t[1, 2.5,null,true],\r\"b\":{\"c\":\"\\t\\u0041\\ud83d\\ude00\"} }", `{"n":1e20,"z":-0.5}`}
	decimals := []string{"0", "-1", "19.90", "1E2", "1e-300", "123456789012345678901234567890.5", "0.30000000000000004"}
	selfDescribing := func() json.RawMessage {
		return fmt.Appendf(nil, `{"schema":%q,"data":%s}`, pick(schemas), pick(data))
	}
	compared := 0
	for n := range 500 {
		e := sinktest.Events(2, n%10+1)[n%10]
		for range random.IntN(30) {
			f := envelope.Field(random.IntN(envelope.NumFields))
			var value any
			switch f.Kind() {
			case envelope.Text:
				if value = pick(texts); f == envelope.EventID {
					continue
				}
			case envelope.Timestamp:
				value = string(envelope.AppendTime(nil, random.Int64N(envelope.MaxTime-envelope.MinTime)+envelope.MinTime))
			case envelope.Integer:
				value = int32(random.Uint32())
			case envelope.Boolean:
				value = random.IntN(2) == 0
			case envelope.Decimal:
				value = json.Number(pick(decimals))
			case envelope.Object:
				value = selfDescribing()
			case envelope.Array:
				list := make([]string, random.IntN(5))
				for i := range list {
					list[i] = string(selfDescribing())
				}
				value = json.RawMessage("[" + strings.Join(list, ",\t") + " ]")
			}
			e = sinktest.With(e, f.Name(), value)
		}
		if compare(t, e) {
			compared++
		}
	}
	if compared < 480 {
		t.Errorf("%d events were compared: too few to mean something", compared)
	}
}

// otherNames are schema keys of which the SDK in Go makes other names than its
// siblings, which the formats follow: see TestNames.
var otherNames = regexp.MustCompile(`[A-Z][A-Z]|-[A-Z]`)

func FuzzOracle(f *testing.F) {
	f.Add("a\tb", "iglu:com.acme/addToCart/jsonschema/1-0-0", `{"a":[1.5,null]}`, "19.90", int64(1_795_215_804_123))
	f.Add("\u0085é\x00", "iglu:a-b/c-D/jsonschema/1-0-0", `{"\u0000":"\ud800"}`, "1e400", int64(-1))
	f.Add("", "iglu:com.acme/sale/jsonschema/1-0", "[ 1,\t2 ]", "-0", int64(0))
	f.Fuzz(func(t *testing.T, text, schema, data, decimal string, millis int64) {
		if !json.Valid([]byte(data)) || !json.Valid([]byte(decimal)) || otherNames.MatchString(schema) {
			t.Skip()
		}
		quoted, err := json.Marshal(schema)
		if err != nil {
			t.Skip()
		}
		var entity bytes.Buffer
		if err := json.Compact(&entity, fmt.Appendf(nil, `{"schema":%s,"data":%s}`, quoted, data)); err != nil {
			t.Skip()
		}
		raw := json.RawMessage(entity.Bytes())
		if sinks.CheckLine(raw) != nil {
			t.Skip()
		}
		line := sinktest.With(sinktest.Events(1, 1)[0], "page_title", text, "unstruct_event", raw, "contexts", []any{raw, raw}, "derived_contexts", []any{raw},
			"geo_latitude", json.RawMessage(decimal), "se_value", json.RawMessage(decimal), "true_tstamp", string(envelope.AppendTime(nil, millis))).Envelope
		e, err := sinks.ParseEvent(line)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, e)
	})
}

// compare holds the two formats to each other by way of the SDK. It reports
// whether there was something to compare: what the SDK refuses has to be well-formed only.
func compare(t *testing.T, e sinks.Event) bool {
	t.Helper()
	line, err := (format.TSV{}).Append(nil, e)
	object, err2 := (format.Analytics{}).Append(nil, e)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("event %s: one format refuses it and the other does not: %v, %v", e.ID, err, err2)
	}
	if err != nil {
		return false
	}
	if bytes.ContainsAny(line, "\n\r\x00") || bytes.Contains(object, []byte("\n")) {
		t.Errorf("event %s is more than one line: %q", e.ID, line)
	}
	var got map[string]any
	if !json.Valid(object) {
		t.Fatalf("event %s: not JSON: %s", e.ID, object)
	}
	if json.Unmarshal(object, &got) != nil {
		return false // a number beyond float64
	}
	if got["weir"] == nil {
		t.Errorf("event %s lost its weir member", e.ID)
	}
	delete(got, "weir")
	parsed, err := analytics.ParseEvent(string(line))
	if err != nil {
		t.Fatalf("event %s: %v", e.ID, err)
	}
	want, err := expected(parsed)
	if err != nil {
		return false
	}
	if !reflect.DeepEqual(got, want) {
		for name := range got {
			if !reflect.DeepEqual(got[name], want[name]) {
				t.Errorf("event %s: %s is %#v, the SDK has %#v", e.ID, name, got[name], want[name])
			}
		}
		for name := range want {
			if _, ok := got[name]; !ok {
				t.Errorf("event %s lacks %s, which the SDK has as %#v", e.ID, name, want[name])
			}
		}
	}
	return true
}

// expected is what the SDK makes of an event, in four points as its siblings in
// other languages have it, or as nothing is lost.
func expected(parsed analytics.ParsedEvent) (map[string]any, error) {
	text, err := parsed.ToJsonWithGeo()
	if err != nil {
		return nil, err
	}
	var want map[string]any
	if err := json.Unmarshal(text, &want); err != nil {
		return nil, err
	}
	// It trims the zeros off fractions of a second, and names one column otherwise.
	for f := range envelope.Field(envelope.NumFields) {
		name := f.Name()
		if f == envelope.RefrDvceTstamp {
			if v, ok := want["refr_device_tstamp"]; ok {
				delete(want, "refr_device_tstamp")
				want[name] = v
			}
		}
		if v, ok := want[name].(string); ok && f.Kind() == envelope.Timestamp {
			at, err := time.Parse(time.RFC3339, v)
			if err != nil {
				return nil, err
			}
			want[name] = string(envelope.AppendTime(nil, at.UnixMilli()))
		}
	}
	// It alone leaves se_value a string.
	if v, ok := want["se_value"].(string); ok {
		var n float64
		if err := json.Unmarshal([]byte(v), &n); err != nil {
			return nil, err
		}
		want["se_value"] = n
	}
	// Of entities of one name it keeps the derived ones only.
	var lists [2][]byte
	for i, column := range []string{"contexts", "derived_contexts"} {
		if lists[i], err = parsed.GetSubsetJson(column); err != nil {
			return nil, err
		}
	}
	var sent, derived map[string][]any
	if err := json.Unmarshal(lists[0], &sent); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(lists[1], &derived); err != nil {
		return nil, err
	}
	for name, list := range sent {
		want[name] = slices.Concat(list, derived[name])
	}
	return renamed(want), nil
}

// renamed spells names as the SDKs in Scala and Python do, to which dashes are
// underscores. Of capitals in a row see TestNames.
func renamed(members map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range members {
		out[strings.ReplaceAll(name, "-", "_")] = v
	}
	return out
}
