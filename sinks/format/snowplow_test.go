package format_test

import (
	"encoding/json"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/sinks/format"
	"weir/sinks/sinktest"
)

const rich = `{"app_id":"shop & co","platform":"web","collector_tstamp":"2026-11-20T23:03:24.120Z","event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10",` +
	`"v_collector":"weir-0.1.0","geo_latitude":52.50,"geo_longitude":-13.4,"page_url":"","page_title":"a\tb\nc\u0085d\u007fé","page_urlport":443,` +
	`"contexts":[{"schema":"iglu:com.acme-inc/addToCart/jsonschema/2-0-1","data":{"n": 1}},` + "\t" + `{"schema":"iglu:com.acme/b/jsonschema/1-0-0","data":[]},` +
	`{"schema":"no key","data":{}},{"schema":"iglu:com.acme-inc/addToCart/jsonschema/2-1-0","data":{"n":2}}, 7],` +
	`"se_value":19.90,"unstruct_event":{"schema":"iglu:com.acme/myURL/jsonschema/1-0-0","data":{"id":"a\"b\tc"}},"br_cookies":true,"dvce_ismobile":false,` +
	`"derived_contexts":[{"schema":"iglu:com.acme-inc/addToCart/jsonschema/2-0-0","data":{"n":3}}],` +
	`"weir":{"version":1,"verdict":"failed","violations":[{"schema":"iglu:com.acme/b/jsonschema/1-0-0","path":"/contexts/1/data","keyword":"type","message":"not an \"object\""}]}}`

const failure = `{"failureType":"ValidationError","errors":[{"message":"not an \"object\"","source":"contexts","path":"/contexts/1/data","keyword":"type"}],` +
	`"schema":"iglu:com.acme/b/jsonschema/1-0-0","timestamp":"2026-11-20T23:03:24.120Z","componentName":"weir","componentVersion":"0.1.0"}`

func TestTSV(t *testing.T) {
	got, err := (format.TSV{}).Append(nil, event(t, strings.ReplaceAll(rich, `b\tc"`, `bc"`)))
	if err != nil {
		t.Fatal(err)
	}
	columns := strings.Split(string(got), "\t")
	if len(columns) != envelope.NumFields {
		t.Fatalf("%d columns", len(columns))
	}
	want := map[envelope.Field]string{
		envelope.AppID: "shop & co", envelope.Platform: "web", envelope.CollectorTstamp: "2026-11-20 23:03:24.120",
		envelope.EventID: "0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10", envelope.VCollector: "weir-0.1.0", envelope.VEtl: "weir",
		envelope.GeoLatitude: "52.50", envelope.GeoLongitude: "-13.4", envelope.PageTitle: "a    bcdé", envelope.PageURLPort: "443",
		envelope.Contexts: `{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:com.acme-inc/addToCart/jsonschema/2-0-1","data":{"n": 1}}, ` +
			`{"schema":"iglu:com.acme/b/jsonschema/1-0-0","data":[]},{"schema":"no key","data":{}},{"schema":"iglu:com.acme-inc/addToCart/jsonschema/2-1-0","data":{"n":2}}, 7]}`,
		envelope.SeValue:       "19.90",
		envelope.UnstructEvent: `{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.acme/myURL/jsonschema/1-0-0","data":{"id":"a\"bc"}}}`,
		envelope.BrCookies:     "1", envelope.DvceIsMobile: "0",
		envelope.DerivedContexts: `{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:com.acme-inc/addToCart/jsonschema/2-0-0","data":{"n":3}},` +
			`{"schema":"iglu:com.snowplowanalytics.snowplow/failure/jsonschema/1-0-0","data":` + failure + `}]}`,
	}
	for i, text := range columns {
		if f := envelope.Field(i); text != want[f] {
			t.Errorf("%s is %q, want %q", f, text, want[f])
		}
	}
}

func TestAnalytics(t *testing.T) {
	got, err := (format.Analytics{}).Append(nil, event(t, rich))
	if err != nil {
		t.Fatal(err)
	}
	weir := rich[strings.Index(rich, `"weir"`) : len(rich)-1]
	want := `{"app_id":"shop & co","platform":"web","collector_tstamp":"2026-11-20T23:03:24.120Z","event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10",` +
		`"v_collector":"weir-0.1.0","v_etl":"weir","geo_latitude":52.50,"geo_longitude":-13.4,"page_title":"a    bcdé","page_urlport":443,"se_value":19.90,` +
		`"unstruct_event_com_acme_my_url_1":{"id":"a\"b\tc"},"br_cookies":true,"dvce_ismobile":false,` +
		`"contexts_com_acme_b_1":[[]],"contexts_com_acme_inc_add_to_cart_2":[{"n": 1},{"n":2},{"n":3}],` +
		`"contexts_com_snowplowanalytics_snowplow_failure_1":[` + failure + `],"contexts":[{"schema":"no key","data":{}},7],"geo_location":"52.50,-13.4",` + weir + `}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestFailureTypes: the pipeline tells schemas that cannot be had from data that breaks them.
func TestFailureTypes(t *testing.T) {
	for keyword, want := range map[string]string{"type": "ValidationError", "unknownSchema": "ResolutionError"} {
		e := event(t, strings.Replace(rich, `"keyword":"type"`, `"keyword":"`+keyword+`"`, 1))
		got, err := (format.TSV{}).Append(nil, e)
		if err != nil || !strings.Contains(string(got), `"data":{"failureType":"`+want+`","errors":[{`) {
			t.Errorf("%s does not give %s: %s, %v", keyword, want, got, err)
		}
	}
}

// TestNames: the SDKs in Scala, Python and Go agree on most names. On dashes,
// and on capitals in a row, the formats follow the first two.
func TestNames(t *testing.T) {
	for key, want := range map[string]string{
		"iglu:com.acme/sale/jsonschema/1-0-0":             "_com_acme_sale_1",
		"iglu:com.acme/addToCart/jsonschema/12-3-4":       "_com_acme_add_to_cart_12",
		"iglu:Com.Acme/Add_ToCart/jsonschema/1-0-0":       "_com_acme_add_to_cart_1",
		"iglu:com.acme-inc/add-to-cart/json-schema/1-0-0": "_com_acme_inc_add_to_cart_1",
		"iglu:com.acme/myURLParser/jsonschema/1-0-0":      "_com_acme_my_urlparser_1",
		"iglu:com.acme/ABTest/jsonschema/1-0-0":           "_com_acme_abtest_1",
		"iglu:com.acme/a-B1C/jsonschema/1-0-0":            "_com_acme_a_b1_c_1",
		"com.acme/sale/jsonschema/1-0-0":                  "",
		"iglu:com.acme/sale/jsonschema/0-0-1":             "",
		"iglu:com.acme/sale/jsonschema/01-0-0":            "",
		"iglu:com.acme/sale/jsonschema/1-0":               "",
		"iglu:com.acme/sale/jsonschema/1-0-0-0":           "",
		"iglu:com.acme/sale/jsonschema/1-0-x":             "",
		"iglu:com.acme/sa.le/jsonschema/1-0-0":            "",
		"iglu:/sale/jsonschema/1-0-0":                     "",
		"iglu:com.acme/sale/jsonschema":                   "",
		"iglu:com.acme/sa\"le/jsonschema/1-0-0":           "",
		"iglu:com.acmé/sale/jsonschema/1-0-0":             "",
		"":                                                "",
	} {
		e := sinktest.With(sinktest.Events(1, 1)[0], "unstruct_event", map[string]any{"schema": key, "data": map[string]any{}})
		line, err := (format.Analytics{}).Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(line, &members); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		if members["unstruct_event"+want] == nil {
			t.Errorf("%q is not named %q: %s", key, want, line)
		}
	}
}

func TestSnowplowRefuses(t *testing.T) {
	for _, members := range []string{`"contexts":{}`, `"derived_contexts":{"a":1}`, `"page_urlport":"443"`} {
		e := event(t, strings.Replace(line, `"se_value":19.90`, members, 1))
		e.Envelope = []byte(strings.Replace(string(e.Envelope), `"page_urlport":443,`, "", 1))
		for _, f := range []format.Format{format.TSV{}, format.Analytics{}} {
			name := strings.Split(members, `"`)[1]
			if got, err := f.Append([]byte("before"), e); err == nil || string(got) != "before" || !strings.Contains(err.Error(), name) {
				t.Errorf("%T: %s gives %q, %v", f, members, got, err)
			}
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	events := sinktest.Events(1, 100)
	size := 0
	for _, e := range events {
		size += len(e.Envelope)
	}
	for _, name := range format.Names {
		f, err := format.New(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			var buf []byte
			b.ReportAllocs()
			b.SetBytes(int64(size / len(events)))
			for n := 0; b.Loop(); n++ {
				if buf, err = f.Append(buf[:0], events[n%len(events)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
