package ndjson

import (
	"encoding/json"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
)

const event = `{"schema":"iglu:com.example/product_view/jsonschema/1-0-0","data":{"sku":"P"},"contexts":[{"schema":"iglu:a/b/c/1-0-0","data":1}],"event_id":"c6ef3124-b53a-4b13-a233-0088f79dcbcb","true_tstamp":"2020-01-02T03:04:05Z","se_value":1.50,"br_cookies":true,"ti_quantity":2}`

// An envelope is read for what it was written from: what there is to it besides
// the facts of the request that brought it comes out as it went in.
func TestEnvelopeIsTakenAgain(t *testing.T) {
	var e envelope.Event
	e.Protocol = "snowplow"
	var arena envelope.Arena
	for f := range envelope.Field(envelope.NumFields) {
		if n := f.Name(); strings.HasPrefix(n, "page_url") && f != envelope.PageURL || strings.HasPrefix(n, "refr_url") {
			continue // the collector's to set
		}
		switch f {
		case envelope.EventType:
			e.Set(f, "unstruct")
			continue
		case envelope.EventID:
			e.Set(f, "c6ef3124-b53a-4b13-a233-0088f79dcbcb")
			continue
		case envelope.EventVendor:
			e.Set(f, "com.example")
			continue
		case envelope.EventName:
			e.Set(f, "product_view")
			continue
		case envelope.EventFormat:
			e.Set(f, "jsonschema")
			continue
		case envelope.EventVersion:
			e.Set(f, "1-0-0")
			continue
		}
		switch f.Kind() {
		case envelope.Text:
			e.Fill(&arena, f, "", "é\"\\"[:min(4, f.Limit())])
		case envelope.Timestamp:
			e.SetInt(f, 1_795_215_804_000+int64(f))
		case envelope.Integer:
			e.SetInt(f, -int64(f))
		case envelope.Boolean:
			e.SetBool(f, f%2 == 0)
		case envelope.Decimal:
			e.Set(f, "-1.50e-3")
		}
	}
	e.Unstruct = envelope.SelfDescribing{Schema: "iglu:com.example/product_view/jsonschema/1-0-0", Data: []byte(`{"sku":"P"}`)}
	e.Contexts = []envelope.SelfDescribing{{Schema: "iglu:a/b/c/1-0-0", Data: []byte("1")}, {Schema: "iglu:a/b/c/1-0-0", Data: []byte(`"two"`)}}
	e.Reject("res", "abc")
	e.Violate(envelope.Violation{Schema: envelope.AtomicSchema, Path: "/dvce_screenwidth", Keyword: "pattern", Message: "must be WIDTHxHEIGHT"})
	e.Receive(envelope.Receipt{Rule: "people", Field: "user_id", Action: "hash"})
	line := e.AppendJSON(nil, &envelope.Header{ID: "b"}, &envelope.Location{Country: "DE"}, 3)

	events := protocoltest.Check(t, New(), &protocol.Request{Method: "POST", Path: Path, Body: append(line, '\n')})
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	back := &events[0]
	for _, f := range [...]envelope.Field{envelope.CollectorTstamp, envelope.DerivedTstamp} {
		n, _ := e.GetInt(f)
		if back.Has(f) {
			t.Errorf("%s was taken over", f)
		}
		back.SetInt(f, n) // the collector's to set
	}
	back.Protocol = e.Protocol
	if got := back.AppendJSON(nil, &envelope.Header{ID: "b"}, &envelope.Location{Country: "DE"}, 3); string(got) != string(line) {
		t.Errorf("came back as\n%s\nwent in as\n%s", got, line)
	}
}

func TestTime(t *testing.T) {
	for members, want := range map[string]string{
		`"collector_tstamp":"2020-01-01T00:00:00.000Z"`:                                                                                       "2020-01-01T00:00:00.000Z",
		`"derived_tstamp":"2020-01-02T00:00:00.000Z","collector_tstamp":"2020-01-01T00:00:00.000Z"`:                                           "2020-01-02T00:00:00.000Z",
		`"collector_tstamp":"2020-01-01T00:00:00.000Z","derived_tstamp":"2020-01-02T00:00:00.000Z"`:                                           "2020-01-02T00:00:00.000Z",
		`"collector_tstamp":"2020-01-01T00:00:00.000Z","derived_tstamp":"2020-01-02T00:00:00.000Z","true_tstamp":"2020-01-03T01:00:00+01:00"`: "2020-01-03T00:00:00.000Z",
	} {
		events, err := New().Decode(nil, &protocol.Request{Method: "POST", Path: Path, Body: []byte(`{"event":"page_view",` + members + `}`)})
		if err != nil || len(events) != 1 || events[0].Verdict != envelope.Good {
			t.Fatalf("%s: %v, %+v", members, err, events)
		}
		ms, _ := events[0].GetInt(envelope.TrueTstamp)
		if got := string(envelope.AppendTime(nil, ms)); got != want {
			t.Errorf("%s: %s, want %s", members, got, want)
		}
	}
}

func TestBrokenLines(t *testing.T) {
	for line, want := range map[string]string{
		`{"schema":"iglu:a/b/c/1-0-0","data":1`:    "syntax",
		`{"schema":"iglu:a/b/c/1-0-0","data":1} x`: "syntax",
		`[1]`:                                  "type",
		`{}`:                                   "required",
		`{"app_id":"shop"}`:                    "required",
		`{"schema":"iglu:a/b/c/1-0-0"}`:        "required",
		`{"data":1}`:                           "required",
		`{"schema":null,"data":1}`:             "type",
		`{"schema":"nonsense","data":1}`:       "pattern",
		`{"event":"unstruct"}`:                 "required",
		`{"event":"nonsense"}`:                 "enum",
		`{"event":"page_view","event_id":"7"}`: "format",
		`{"event":"page_view","app_id":"a","app_id":"b"}`:                                                "duplicateKey",
		`{"event":"page_view","colour":"red"}`:                                                           "additionalProperties",
		`{"event":"page_view","derived_contexts":[]}`:                                                    "additionalProperties",
		`{"event":"page_view","ti_quantity":"80"}`:                                                       "type",
		`{"event":"page_view","br_cookies":1}`:                                                           "type",
		`{"event":"page_view","true_tstamp":1577836800000}`:                                              "type",
		`{"event":"page_view","collector_tstamp":"yesterday"}`:                                           "type",
		`{"event":"page_view","se_value":1e400}`:                                                         "type",
		`{"event":"page_view","tr_currency":"EURO"}`:                                                     "maxLength",
		`{"event":"page_view","contexts":{}}`:                                                            "type",
		`{"event":"page_view","contexts":[1]}`:                                                           "type",
		`{"event":"page_view","contexts":[{"schema":"x","data":1}]}`:                                     "type",
		`{"event":"page_view","contexts":[{"schema":"iglu:a/b/c/1-0-0","data":1,"x":1}]}`:                "type",
		`{"event":"page_view","contexts":[],"contexts":[]}`:                                              "duplicateKey",
		`{"event":"unstruct","unstruct_event":{"schema":"iglu:a/b/c/1-0-0"}}`:                            "type",
		`{"schema":"iglu:a/b/c/1-0-0","data":1,"unstruct_event":{"schema":"iglu:a/b/c/1-0-0","data":1}}`: "not",
		`{"event":"page_view","weir":7}`:                                                                 "type",
		`{"weir":{"payload":"x"}}`:                                                                       "required",
		`{"event":"page_view","weir":{"violations":[7,{"schema":"","path":"","keyword":"old"}]}}`:        "old",
		`{` + strings.Repeat(`"x":1,`, 32) + `"y":1}`:                                                    "maxProperties",
	} {
		events := protocoltest.Check(t, New(), &protocol.Request{Method: "POST", Path: Path, Body: []byte(event + "\n" + line + "\r\n\r\n" + event)})
		if len(events) != 3 || events[0].Verdict != envelope.Good || events[2].Verdict != envelope.Good {
			t.Errorf("%s: the lines beside are not good: %+v", line, events)
			continue
		}
		if e := &events[1]; e.Verdict != envelope.Failed || e.Violations[0].Keyword != want {
			t.Errorf("%s: %s, %v, want %s", line, e.Verdict, e.Violations, want)
		}
	}
}

// What a schema said of an envelope is judged anew.
func TestViolationsOfSchemasGo(t *testing.T) {
	const line = `{"event":"unstruct","unstruct_event":{"schema":"iglu:a/b/c/1-0-0","data":1},"contexts":[{"schema":"iglu:a/d/c/1-0-0","data":1}],"weir":{"violations":[` +
		`{"schema":"iglu:a/b/c/1-0-0","path":"/unstruct_event/data","keyword":"type","message":"m"},{"schema":"iglu:a/d/c/1-0-0","path":"/contexts/0/data/x","keyword":"type","message":"m"}]}}`
	events := protocoltest.Check(t, New(), &protocol.Request{Method: "POST", Path: Path, Body: []byte(line)})
	if len(events) != 1 || events[0].Verdict != envelope.Good {
		t.Errorf("%+v", events)
	}
}

func TestMatch(t *testing.T) {
	for request, want := range map[[2]string]bool{{"POST", "/bulk"}: true, {"POST", "/bulk/"}: true, {"GET", "/bulk"}: false, {"POST", "/bulk/x"}: false, {"POST", "/bulks"}: false} {
		if got := New().Match(&protocol.Request{Method: request[0], Path: request[1]}); got != want {
			t.Errorf("%s: %t", request, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("aid=shop", event+"\n\n7\r\n"+event[:20]+"\n"+event)
	f.Add("", `{"event":"unstruct","unstruct_event":{"schema":"iglu:a/b/c/1-0-0","data":{}},"weir":{"rejected":{"a":"b","c":7},"payload":"p","violations":[{"schema":"a","path":"/b","keyword":"c","message":"d"}],"receipts":[{"rule":"r","field":"user_ipaddress","action":"drop"}]}}`)
	f.Add("eid=c6ef3124-b53a-4b13-a233-0088f79dcbcb&p=web", `{"event":"page_view","\u0061pp_id":"a","se_value":1e309,"dvce_created_tstamp":"2020-01-01T00:00:60Z","geo_latitude":-1.5,"derived_tstamp":null}`)
	f.Add("", `{"data":null,"schema":"iglu:a/b/c/1-0-0","contexts":[{"data":1,"schema":"\ud800"}],"unstruct_event":null}`)
	a := New()
	f.Fuzz(func(t *testing.T, query, body string) {
		r := &protocol.Request{Method: "POST", Path: Path, Query: query, Body: []byte(body)}
		events := protocoltest.Check(t, a, r)
		answer := a.Answer(r)
		if _, err := a.Decode(nil, r); err != nil && len(events) == lines(r.Body) && len(events) > 0 && len(events) < a.doc.Limits.Events {
			t.Fatalf("every line is an event, and yet %v", err)
		}
		a.Report(&answer, r, events)
		var counts struct{ Accepted, Failed, Filtered int }
		if err := json.Unmarshal(answer.Body, &counts); err != nil || len(events) > 0 && counts.Accepted+counts.Failed != max(len(events), lines(r.Body)) {
			t.Fatalf("%s for %d lines (%v)", answer.Body, lines(r.Body), err)
		}
		for i := range events {
			if (events[i].Verdict == envelope.Failed) != (len(events[i].Violations) > 0) {
				t.Fatalf("verdict %s with %d violations", events[i].Verdict, len(events[i].Violations))
			}
		}
	})
}
