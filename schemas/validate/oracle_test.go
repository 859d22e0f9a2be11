package validate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"weir/schemas/bundle"
	"weir/schemas/validate"
)

// TestIgluOracle makes up documents for every schema of Iglu Central, some
// valid, most nearly so, and compares verdicts with santhosh-tekuri.
func TestIgluOracle(t *testing.T) {
	const perSchema = 80
	sources, b := igluCentral(t)
	opened, err := bundle.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	set := validate.NewSet(opened)
	agreed := map[bool]int{}
	for i, s := range sources {
		if strings.Contains(s.Key, "/com.snowplowanalytics.self-desc/") || bytes.Contains(s.JSON, []byte(`"$ref": "http`)) {
			continue // refers to other documents, which the oracle does not have
		}
		oracle := santhosh(t, s.JSON)
		p, _ := set.Lookup([]byte(s.Key))
		var schema map[string]any
		if err := json.Unmarshal(s.JSON, &schema); err != nil {
			t.Fatal(err)
		}
		g := generator{rand.New(rand.NewPCG(1, uint64(i))), schema}
		for range perSchema {
			doc, err := json.Marshal(g.value(schema, 0))
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
			if err != nil {
				t.Fatal(err)
			}
			fault := oracle.Validate(v)
			got := p.Validate(nil, doc)
			if (fault == nil) != (len(got) == 0) {
				t.Fatalf("%s\n%s\nweir: %s\nsanthosh-tekuri: %v", s.Key, doc, describe(got), fault)
			}
			agreed[fault == nil]++
		}
	}
	t.Logf("%d valid and %d invalid documents", agreed[true], agreed[false])
	if agreed[true] < 5000 || agreed[false] < 5000 {
		t.Error("the documents are too much alike")
	}
}

// generator makes up values for a schema of draft 4. It leaves out 1.0 and 1e3,
// which are integers to the oracle and, by the word of draft 4, not to weir.
type generator struct {
	*rand.Rand
	root map[string]any
}

// wrong says, once in a while, to break a rule.
func (g generator) wrong() bool { return g.IntN(60) == 0 }

func (g generator) pick(list []any) any { return list[g.IntN(len(list))] }

func (g generator) value(schema map[string]any, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		at := any(g.root)
		for _, token := range strings.Split(strings.TrimPrefix(ref, "#"), "/")[1:] {
			m, _ := at.(map[string]any)
			at = m[token]
		}
		schema, _ = at.(map[string]any)
	}
	for _, name := range [...]string{"oneOf", "anyOf", "allOf"} {
		if list, ok := schema[name].([]any); ok && g.IntN(8) > 0 {
			branch, _ := g.pick(list).(map[string]any)
			merged := map[string]any{}
			for k, v := range schema {
				merged[k] = v
			}
			delete(merged, name)
			for k, v := range branch {
				merged[k] = v
			}
			return g.value(merged, depth)
		}
	}
	if list, ok := schema["enum"].([]any); ok && !g.wrong() {
		return g.pick(list)
	}
	types, ok := schema["type"].([]any)
	if !ok {
		types = []any{schema["type"]}
	}
	kind, _ := g.pick(types).(string)
	if g.wrong() || kind == "" {
		kind = [...]string{"null", "boolean", "integer", "number", "string", "array", "object"}[g.IntN(7)]
	}
	switch kind {
	case "boolean":
		return g.IntN(2) == 0
	case "integer":
		return json.Number(g.number(schema, false))
	case "number":
		return json.Number(g.number(schema, true))
	case "string":
		return g.text(schema)
	case "array":
		return g.array(schema, depth)
	case "object":
		return g.object(schema, depth)
	}
	return nil
}

func (g generator) number(schema map[string]any, fraction bool) string {
	near, ok := schema[[...]string{"minimum", "maximum"}[g.IntN(2)]].(float64)
	switch {
	case ok && near < 1e15 && near > -1e15:
		n := fmt.Sprint(int64(near) + g.Int64N(3) - 1)
		if fraction {
			n += [...]string{"", ".25", ".5", ".001"}[g.IntN(4)]
		}
		return n
	case fraction:
		return [...]string{"0.01", "-12.345", "19.99", "7", "1.5E-7", "0.1"}[g.IntN(6)]
	}
	return [...]string{"0", "1", "-1", "255", "2147483648", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1700000000000"}[g.IntN(9)]
}

// texts are strings on which formats and patterns agree or disagree plainly.
var texts = []string{
	"", "a", "abc", "ABC-1234", "été", "😀😀", "2026-11-20T23:03:24.123Z", "2026-11-20T23:03:24+01:00", "2026-11-20", "2026-13-01T00:00:00Z",
	"8f14e45f-ceea-4e7a-9b1c-0123456789ab", "8f14e45fceea4e7a9b1c0123456789ab", "https://example.com/a?b=c#d", "not a uri", "ann@example.com", "ann",
	"203.0.113.7", "203.0.113.256", "2001:db8::1", "example.com", "-example", "iglu:com.acme/order/jsonschema/1-0-0", "1-0-0", "en-GB", "USD", "12.50", "0", "true",
	"line\nbreak", `quote"and\slash`,
}

func (g generator) text(schema map[string]any) string {
	format, _ := schema["format"].(string)
	for try := 0; try < 3 && !g.wrong(); try++ {
		switch format {
		case "date-time":
			return texts[6+g.IntN(2)]
		case "date":
			return texts[8]
		case "uuid":
			return texts[10]
		case "uri":
			return texts[12]
		case "email":
			return texts[14]
		case "ipv4":
			return texts[16]
		case "ipv6":
			return texts[18]
		case "hostname":
			return texts[19]
		}
	}
	if limit, ok := schema["maxLength"].(float64); ok && limit < 5000 && g.IntN(10) == 0 {
		return strings.Repeat([...]string{"x", "é", "\t"}[g.IntN(3)], int(limit)+g.IntN(2))
	}
	if limit, ok := schema["minLength"].(float64); ok && g.IntN(4) > 0 {
		return strings.Repeat("y", int(limit))
	}
	return texts[g.IntN(len(texts))]
}

func (g generator) array(schema map[string]any, depth int) []any {
	n := g.IntN(3)
	if least, ok := schema["minItems"].(float64); ok && !g.wrong() {
		n += int(least)
	}
	items, _ := schema["items"].(map[string]any)
	tuple, _ := schema["items"].([]any)
	list := []any{}
	for i := range n {
		item := items
		if i < len(tuple) {
			item, _ = tuple[i].(map[string]any)
		}
		if depth < 8 {
			list = append(list, g.value(item, depth+1))
		}
	}
	return list
}

func (g generator) object(schema map[string]any, depth int) map[string]any {
	m := map[string]any{}
	required := map[string]bool{}
	list, _ := schema["required"].([]any)
	for _, name := range list {
		required[fmt.Sprint(name)] = true
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		sub, _ := properties[name].(map[string]any)
		if depth < 8 && (required[name] && !g.wrong() || g.IntN(3) == 0) {
			m[name] = g.value(sub, depth+1)
		}
	}
	if patterns, ok := schema["patternProperties"].(map[string]any); ok {
		for _, p := range slices.Sorted(maps.Keys(patterns)) {
			sub, _ := patterns[p].(map[string]any)
			m[texts[g.IntN(len(texts))]] = g.value(sub, depth+1)
		}
	}
	if g.IntN(4) == 0 && schema["additionalProperties"] != false || g.wrong() {
		m[[...]string{"extra", "été", "a b", ""}[g.IntN(4)]] = g.number(schema, true)
	}
	return m
}
