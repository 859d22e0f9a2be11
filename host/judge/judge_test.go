package judge

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/sinks"
)

const product = `{"self":{"vendor":"com.acme","name":"product","format":"jsonschema","version":"1-0-0"},
	"$schema":"http://json-schema.org/draft-07/schema#",
	"type":"object","properties":{"sku":{"type":"string","maxLength":5},"price":{"type":"number","minimum":0}},"required":["sku"],"additionalProperties":false}`

func folder(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	path := filepath.Join(root, "com.acme", "product", "jsonschema", "1-0-0")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(product), 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}

func ignore(error) {}

func parse(t *testing.T, line string) sinks.Event {
	t.Helper()
	e, err := sinks.ParseEvent([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const (
	head    = `{"app_id":"shop","collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":"01930000-0000-4000-8000-000000000001","user_id":"é\"\\",`
	before  = `"weir":{"version":1,"protocol":"snowplow","verdict":"unresolved","batch":"b","index":0`
	after   = `,"receipts":[{"rule":"r","field":"user_ipaddress","action":"truncate"}],"edge":{"country":"NO"}}}`
	known   = `{"schema":"iglu:com.acme/product/jsonschema/1-0-0","data":{"sku":"abc","price":1.50}}`
	broken  = `{"schema":"iglu:com.acme/product/jsonschema/1-0-0","data":{"sku":"abcdefg","price":-1}}`
	unknown = `{"schema":"iglu:com.acme/other/jsonschema/1-0-0","data":{"x":1}}`
)

func TestEvent(t *testing.T) {
	j, err := New([]string{folder(t)}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		payloads, violations string // the envelope's own
		verdict              string
		want                 []string // path and keyword of the violations afterwards
	}{
		"good":           {`"unstruct_event":` + known + `,"contexts":[` + known + `],`, "", "good", nil},
		"broken event":   {`"unstruct_event":` + broken + `,`, "", "failed", []string{"/unstruct_event/data/sku maxLength", "/unstruct_event/data/price minimum"}},
		"broken entity":  {`"contexts":[` + known + `,` + broken + `],`, "", "failed", []string{"/contexts/1/data/sku maxLength", "/contexts/1/data/price minimum"}},
		"unknown schema": {`"unstruct_event":` + unknown + `,`, "", "failed", []string{"/unstruct_event/schema unknownSchema"}},
		"edge's own kept": {`"unstruct_event":` + known + `,`, `,"violations":[{"schema":"s","path":"/p","keyword":"k","message":"m"}],"violations_more":2`,
			"failed", []string{"/p k"}},
		"both": {`"unstruct_event":` + unknown + `,`, `,"violations":[{"schema":"s","path":"/p","keyword":"k","message":"m"}]`,
			"failed", []string{"/p k", "/unstruct_event/schema unknownSchema"}},
	} {
		t.Run(name, func(t *testing.T) {
			line := head + c.payloads + before + c.violations + after
			e := j.Event(parse(t, line))
			if e.Verdict != c.verdict {
				t.Errorf("verdict is %s, want %s", e.Verdict, c.verdict)
			}
			again := parse(t, string(e.Envelope))
			if again.Verdict != c.verdict {
				t.Errorf("the envelope says %s", again.Verdict)
			}
			var got []string
			for _, v := range violations(t, e.Envelope) {
				got = append(got, v.Path+" "+v.Keyword)
				if v.Message == "" || v.Schema == "" {
					t.Errorf("violation is %+v", v)
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("violations are %q, want %q", got, c.want)
			}
			sameBesides(t, line, string(e.Envelope))
		})
	}
}

// sameBesides fails unless everything but verdict and violations is as it was.
func sameBesides(t *testing.T, before, after string) {
	t.Helper()
	strip := func(text string) map[string]any {
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		weir := m["weir"].(map[string]any)
		delete(weir, "verdict")
		delete(weir, "violations")
		return m
	}
	if a, b := strip(before), strip(after); !reflect.DeepEqual(a, b) {
		t.Errorf("rewriting changed\n%v to\n%v", a, b)
	}
	if !strings.HasPrefix(after, before[:strings.Index(before, `"verdict"`)]) {
		t.Errorf("bytes before the verdict changed: %s", after)
	}
}

func violations(t *testing.T, line []byte) []violation {
	t.Helper()
	var e struct {
		Weir struct{ Violations []violation }
	}
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	return e.Weir.Violations
}

func TestJudgedEventsStay(t *testing.T) {
	j, err := New(nil, ignore)
	if err != nil {
		t.Fatal(err)
	}
	line := head + `"unstruct_event":` + unknown + `,` + strings.Replace(before, "unresolved", "good", 1) + `}}`
	if e := j.Event(parse(t, line)); string(e.Envelope) != line || e.Verdict != "good" {
		t.Errorf("a judged event became %s", e.Envelope)
	}
}

func TestViolationsAreBounded(t *testing.T) {
	j, err := New(nil, ignore)
	if err != nil {
		t.Fatal(err)
	}
	entities := strings.TrimSuffix(strings.Repeat(unknown+",", 50), ",")
	e := j.Event(parse(t, head+`"contexts":[`+entities+`],`+before+`}}`))
	var got struct {
		Weir struct {
			Violations []violation
			More       int `json:"violations_more"`
		}
	}
	if err := json.Unmarshal(e.Envelope, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Weir.Violations) != envelope.MaxViolations || got.Weir.More != 50-envelope.MaxViolations {
		t.Errorf("%d violations and %d more", len(got.Weir.Violations), got.Weir.More)
	}
}

func TestBadFolders(t *testing.T) {
	if _, err := New([]string{"/nowhere/at/all"}, ignore); err == nil || !strings.Contains(err.Error(), "/nowhere/at/all") {
		t.Errorf("a missing folder: %v", err)
	}
	root := folder(t)
	path := filepath.Join(root, "com.acme", "product", "jsonschema", "1-0-0")
	if err := os.WriteFile(path, []byte(`{"type":"objekt"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := New([]string{root}, ignore); err == nil || !strings.Contains(err.Error(), "1-0-0") {
		t.Errorf("a schema that does not compile: %v", err)
	}
}

// Folders that change are read again, those at fault are reported, and until
// they are mended the last good schemas judge.
func TestFoldersChange(t *testing.T) {
	root := folder(t)
	path := filepath.Join(root, "com.acme", "other", "jsonschema", "1-0-0")
	write := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var reports []error
	j, err := New([]string{root}, func(err error) { reports = append(reports, err) })
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Now()
	j.schemas.now = func() time.Time { return clock }
	verdict := func() string {
		clock = clock.Add(lookEvery)
		return j.Event(parse(t, head+`"unstruct_event":`+unknown+`,`+before+`}}`)).Verdict
	}
	for _, step := range []struct {
		name, text string
		verdict    string
		reports    int // so far
		good       bool
	}{
		{"nothing changed", "", "failed", 0, false},
		{"added", strings.Replace(product, `"product"`, `"other"`, 1), "failed", 1, true}, // sku is missing
		{"edited", strings.NewReplacer(`"product"`, `"other"`, `["sku"]`, `[]`, `"additionalProperties":false`, `"title":"Other"`).Replace(product), "good", 2, true},
		{"broken", `{"type":"objekt"}`, "good", 3, false},
		{"still broken", "", "good", 3, false},
		{"mended", strings.Replace(product, `"product"`, `"other"`, 1), "failed", 4, true},
	} {
		if step.text != "" {
			write(step.text)
		}
		if got := verdict(); got != step.verdict || len(reports) != step.reports {
			t.Fatalf("%s: verdict %s after reports %v", step.name, got, reports)
		}
		if n := len(reports); n > 0 && step.text != "" && (reports[n-1] == nil) != step.good {
			t.Fatalf("%s: reported %v", step.name, reports[n-1])
		}
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := j.Refresh(); err == nil || !strings.Contains(err.Error(), root) || len(reports) != 5 {
		t.Errorf("refreshing without the folder: %v, reports %v", err, reports)
	}
	if got := j.Event(parse(t, head+`"unstruct_event":`+known+`,`+before+`}}`)).Verdict; got != "good" {
		t.Errorf("without its folder the last good schema says %s", got)
	}
}
