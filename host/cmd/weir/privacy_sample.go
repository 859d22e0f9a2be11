package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// sampleRequest makes a request of what a person has at hand: an HTTP request as
// text, a tracker's payload, self-describing data, a CloudEvent, or an event
// with the names of columns.
func sampleRequest(text []byte) (protocol.Request, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return protocol.Request{}, errNoInput
	}
	if text[0] != '{' && text[0] != '[' {
		return parseRequest(string(text))
	}
	if !gjson.ValidBytes(text) {
		return protocol.Request{}, fmt.Errorf("reading the sample: it begins like JSON and is none")
	}
	r := protocol.Request{Method: "POST", Body: text, Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}}}
	schema := gjson.GetBytes(text, "schema").String()
	switch {
	case strings.Contains(schema, "/payload_data/"):
		r.Path = "/com.snowplowanalytics.snowplow/tp2"
	case schema != "":
		r.Path = "/com.snowplowanalytics.iglu/v1"
	case gjson.GetBytes(text, "specversion").Exists():
		r.Path, r.Headers[0].Value = "/cloudevents", "application/cloudevents+json"
	case text[0] == '{':
		r.Path = canonicalPath
	default:
		return r, fmt.Errorf("reading the sample: give one event, or the request as it is sent: POST /path, headers, an empty line and the body")
	}
	return r, nil
}

// parseRequest reads an HTTP request as text. Its body is all that stands behind
// the empty line, whatever its headers say.
func parseRequest(text string) (r protocol.Request, err error) {
	head, body, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	parts := strings.Fields(lines[0])
	if len(parts) < 2 || !strings.HasPrefix(parts[1], "/") || parts[0] != strings.ToUpper(parts[0]) {
		return r, fmt.Errorf("reading the sample: its first line must be that of a request, such as POST /com.snowplowanalytics.snowplow/tp2, or it must be JSON")
	}
	r.Method, r.Body = parts[0], []byte(body)
	r.Path, r.Query, _ = strings.Cut(parts[1], "?")
	for _, line := range lines[1:] {
		h, err := parseHeader(line)
		if err != nil {
			return r, fmt.Errorf("reading the sample: %w", err)
		}
		if strings.EqualFold(h.Name, "Host") {
			r.Host = h.Value
		}
		r.Headers = append(r.Headers, h)
	}
	return r, nil
}

func parseHeader(line string) (protocol.Header, error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return protocol.Header{}, fmt.Errorf("%q is no header: write Name: value", line)
	}
	return protocol.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}, nil
}

// canonicalPath is where [canonical] is, which no edge has.
const canonicalPath = "/canonical"

// canonical reads an event with the names of columns, as envelopes have them.
type canonical struct{}

func (canonical) Name() string { return "canonical" }

func (canonical) Match(r *protocol.Request) bool { return r.Path == canonicalPath }

func (canonical) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	events, e := envelope.Next(dst)
	e.Protocol = "canonical"
	doc := gjson.ParseBytes(r.Body)
	if name := doc.Get("weir.protocol").String(); name != "" {
		e.Protocol = name
	}
	var arena envelope.Arena
	doc.ForEach(func(key, value gjson.Result) bool {
		f, ok := envelope.FieldByName(key.String())
		switch {
		case !ok:
		case f == envelope.UnstructEvent:
			e.Unstruct = payloadOf(value)
		case f == envelope.Contexts:
			for _, entity := range value.Array() {
				e.Contexts = append(e.Contexts, payloadOf(entity))
			}
		case f.Kind() == envelope.Text:
			e.Fill(&arena, f, key.String(), value.String())
		case f.Kind() == envelope.Timestamp:
			if millis, ok := envelope.ParseRFC3339(value.String()); ok {
				e.SetInt(f, millis)
			}
		case f.Kind() == envelope.Integer:
			e.SetInt(f, value.Int())
		case f.Kind() == envelope.Boolean:
			e.SetBool(f, value.Bool())
		case f.Kind() == envelope.Decimal && value.Type == gjson.Number:
			e.Set(f, value.Raw)
		}
		return true
	})
	return events, nil
}

func payloadOf(v gjson.Result) envelope.SelfDescribing {
	data := v.Get("data").Raw
	if data == "" {
		data = "null"
	}
	return envelope.SelfDescribing{Schema: v.Get("schema").String(), Data: []byte(data)}
}

// ofApp is an adapter all of whose events are of one app.
type ofApp struct {
	protocol.Adapter
	app string
}

func (a ofApp) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	n := len(dst)
	events, err := a.Adapter.Decode(dst, r)
	for i := n; i < len(events); i++ {
		events[i].Set(envelope.AppID, a.app)
	}
	return events, err
}
