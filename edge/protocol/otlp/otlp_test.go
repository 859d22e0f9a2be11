package otlp

import (
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/protocoltest"
	"weir/schemas/scan"
)

var jsonType = []protocol.Header{{Name: "Content-Type", Value: "application/json"}}

func post(body string) *protocol.Request {
	return &protocol.Request{Method: "POST", Path: logs, Headers: jsonType, Body: []byte(body)}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}],"droppedAttributesCount":1},"scopeLogs":[{"scope":{"name":"s","version":"1"},"logRecords":[{"timeUnixNano":"1795215804123456789","observedTimeUnixNano":1795215804123456789,"severityNumber":9,"severityText":"INFO","traceId":"5b8efff798038103d269b633813fc60c","spanId":"","body":{"stringValue":"a\u0020b"},"attributes":[{"value":{"intValue":"-7"},"key":"n"},{"key":"user.id","value":{"intValue":7}},{"key":"a","value":{"arrayValue":{"values":[{"boolValue":true},{"doubleValue":"NaN"},{},{"kvlistValue":{"values":[{"key":"k"}]}}]}}},{"key":"b","value":{"bytesValue":"AA=="}}],"flags":1}],"schemaUrl":"https://a.example/1"}],"schemaUrl":""}]}`)
	f.Add(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"iglu:com.acme/a/jsonschema/1-0-0","body":{"kvlistValue":{}}},{"attributes":[{"key":"event.schema","value":{"stringValue":"iglu:com.acme/a/jsonschema/1-0-0"}},{"key":"event.name","value":{"stringValue":"a"}}]},7,{"attributes":{},"body":7}]},8]},9,{"scopeLogs":{}}]}`)
	f.Add(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"a":1,"stringValue":"b"},"attributes":[7],"timeUnixNano":"x"},{"body":{"intValue":"007"},"body":{"intValue":""},"bod\u0079":null}]}],"resource":7}]}`)
	f.Add(`{"resourceLogs":[{"resource":`)
	f.Add(`[]`)
	a := New()
	a.NameApps([]protocol.App{{Key: "shop", ID: "the shop"}})
	f.Fuzz(func(t *testing.T, body string) { protocoltest.Check(t, a, post(body)) })
}

func TestMatch(t *testing.T) {
	a := New()
	for request, want := range map[[2]string]bool{
		{"POST", "/v1/logs"}: true, {"POST", "/v1/traces"}: true, {"POST", "/v1/metrics"}: true,
		{"GET", "/v1/logs"}: false, {"POST", "/v1/log"}: false, {"POST", "/v1/track"}: false,
	} {
		if got := a.Match(&protocol.Request{Method: request[0], Path: request[1]}); got != want {
			t.Errorf("%s: %t", request, got)
		}
	}
}

// What cannot be read as logs in JSON is refused before anything is made of it.
func TestRefuses(t *testing.T) {
	a := New()
	body := []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}`)
	for _, c := range []struct {
		path, media   string
		status, event int
	}{
		{"/v1/logs", "application/json; charset=utf-8", 0, 1},
		{"/v1/logs", "application/x-protobuf", 415, 0},
		{"/v1/logs", "", 415, 0},
		{"/v1/traces", "application/json", 404, 0},
		{"/v1/metrics", "application/x-protobuf", 404, 0},
	} {
		r := &protocol.Request{Method: "POST", Path: c.path, Headers: []protocol.Header{{Name: "Content-Type", Value: c.media}}, Body: body}
		answer := a.Answer(r)
		events := protocoltest.Check(t, a, r)
		if answer.Status != c.status || answer.Dry != (c.event == 0) || len(events) != c.event {
			t.Errorf("%s %q: %d, dry %t, %d events", c.path, c.media, answer.Status, answer.Dry, len(events))
		}
	}
}

func TestValues(t *testing.T) {
	for value, want := range map[string]string{
		`{"stringValue":"a\u0062"}`:           `"a\u0062"`,
		`{"boolValue":false}`:                 `false`,
		`{"intValue":"-9223372036854775808"}`: `-9223372036854775808`,
		`{"intValue":7}`:                      `7`,
		`{"intValue":"007"}`:                  `"007"`,
		`{"intValue":""}`:                     `""`,
		`{"doubleValue":1.5e3}`:               `1.5e3`,
		`{"doubleValue":"Infinity"}`:          `"Infinity"`,
		`{"bytesValue":"AA=="}`:               `"AA=="`,
		`{}`:                                  `null`,
		`{"arrayValue":{}}`:                   `[]`,
		`{"arrayValue":{"values":[{"intValue":"1"},{}]}}`: `[1,null]`,
		`{"kvlistValue":{}}`:                              `{}`,
		`{"kvlistValue":{"values":[{"key":"a","value":{"kvlistValue":{"values":[{"key":"b"}]}}}]}}`: `{"a":{"b":null}}`,
		`{"otherValue":1}`:                   `{"otherValue":1}`,
		`{"intValue":"1","stringValue":"a"}`: `{"intValue":"1","stringValue":"a"}`,
		`"bare"`:                             `"bare"`,
	} {
		s := scan.New([]byte(value + " "))
		got, s := appendValue([]byte("x"), s)
		if string(got) != "x"+want || !s.End() {
			t.Errorf("%s is %s, want %s", value, got[1:], want)
		}
	}
}

func TestMillis(t *testing.T) {
	for text, want := range map[string]int64{"1795215804123456789": 1795215804123, "1000000": 1, "999999": 0} {
		if got, ok := millis(text); !ok || got != want {
			t.Errorf("%s: %d, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "0", "-1", "1e9", "999999999999999999999", "1795215804.5"} {
		if got, ok := millis(text); ok {
			t.Errorf("%s is taken for %d", text, got)
		}
	}
}

// A record with an id of its own has one event_id, in whatever it is sent.
func TestEventID(t *testing.T) {
	a := New()
	id := func(uid, other string) string {
		body := `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"` + other + `"},"attributes":[{"key":"log.record.uid","value":{"stringValue":"` + uid + `"}}]}]}]}]}`
		events := protocoltest.Check(t, a, post(body))
		return string([]byte(events[0].Get(envelope.EventID))) // valid until the next request only
	}
	const uuid = "c6ef3124-b53a-4b13-a233-0088f79dcbcb"
	if got := id(uuid, "a"); got != uuid {
		t.Errorf("of a UUID the id is %s", got)
	}
	first := id("01JD4Q2Z7R8X9YV3K5N6P7Q8R9", "a")
	if !envelope.IsUUID(first) || first != id("01JD4Q2Z7R8X9YV3K5N6P7Q8R9", "b") || first == id("01JD4Q2Z7R8X9YV3K5N6P7Q8RA", "a") {
		t.Errorf("of an ULID the id is %s", first)
	}
	if got := id("", "a"); got != "" {
		t.Errorf("of nothing the id is %s", got)
	}
}
