package sinktest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"weir/edge/envelope"
	"weir/sinks"
)

// epoch is when the first event of every series was collected.
var epoch = time.Date(2026, 11, 20, 23, 3, 24, 123e6, time.UTC)

// Events returns n events as trackers send them: page views, and self-describing
// events that carry two entities of one schema. A seed and a number always give
// the same event, and no two give the same id.
func Events(seed uint64, n int) []sinks.Event {
	return span(seed, 0, n)
}

// span returns the events from, up to and without to.
func span(seed uint64, from, to int) []sinks.Event {
	events := make([]sinks.Event, to-from)
	for i := range events {
		events[i] = typical(seed, from+i)
	}
	return events
}

// typical is written as text rather than encoded, because suites and
// benchmarks make tens of thousands.
func typical(seed uint64, n int) sinks.Event {
	event, vendor, name, version, payload := "page_view", "com.snowplowanalytics.snowplow", "page_view", "1-0-0", ""
	entities := fmt.Sprintf(`{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{"id":%q}}`, id(seed, n))
	if n%2 == 1 {
		event, vendor, name, version = "unstruct", "com.example", "add_to_cart", "1-0-2"
		payload = fmt.Sprintf(`"unstruct_event":{"schema":"iglu:com.example/add_to_cart/jsonschema/1-0-2","data":{"sku":"A-%d","quantity":%d}},`, n%977, n%5+1)
		entities = `{"schema":"iglu:com.example/product/jsonschema/1-0-0","data":{"sku":"A-1","price":19.90}},` +
			`{"schema":"iglu:com.example/product/jsonschema/1-0-0","data":{"sku":"A-2","price":0.05}}`
	}
	line := fmt.Appendf(nil, `{"app_id":"shop","platform":"web","collector_tstamp":%q,"dvce_created_tstamp":%q,"event":%q,"event_id":%q,`+
		`"name_tracker":"sp","v_tracker":"js-4.6.8","v_collector":"weir","v_etl":"weir","user_ipaddress":"203.0.113.0",`+
		`"domain_userid":%q,"domain_sessionidx":%d,"geo_country":"DE","page_url":"https://shop.example.com/p/%[8]d?q=%[9]d",`+
		`"page_title":"Product %[8]d","page_urlscheme":"https","page_urlhost":"shop.example.com","page_urlport":443,"page_urlpath":"/p/%[8]d",`+
		`"contexts":[%[10]s],%[11]s"useragent":"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0","br_lang":"de-DE","br_cookies":true,`+
		`"br_colordepth":"24","br_viewwidth":1280,"br_viewheight":720,"os_timezone":"Europe/Berlin","dvce_screenwidth":2560,"dvce_screenheight":1440,`+
		`"doc_charset":"UTF-8","doc_width":1265,"doc_height":4096,"dvce_sent_tstamp":%[12]q,"domain_sessionid":%[5]q,"derived_tstamp":%[13]q,`+
		`"event_vendor":%[14]q,"event_name":%[15]q,"event_format":"jsonschema","event_version":%[16]q,"event_fingerprint":"%[17]x",`+
		`"weir":{"version":1,"protocol":"snowplow","verdict":"good","batch":%[18]q,"index":%[19]d,"bundle":"9f86d081884c7d65",`+
		`"receipts":[{"rule":"default.ip","field":"user_ipaddress","action":"truncate"}],"edge":{"country":"DE"}}}`,
		stamp(n), stamp(n-250), event, id(seed, n), id(seed, -2-n/10), n%7+1, "", n%977, n, entities, payload,
		stamp(n-20), stamp(n-230), vendor, name, version, digest(seed, n)[16:], id(seed, -1), n)
	e, err := sinks.ParseEvent(line)
	if err != nil {
		panic(fmt.Sprintf("sinktest: %v", err))
	}
	return e
}

// Full returns an event with a value in every canonical column.
func Full(seed uint64, n int) sinks.Event {
	m := base(seed, n)
	for f := range envelope.Field(envelope.NumFields) {
		if _, ok := m[f.Name()]; ok {
			continue
		}
		switch f.Kind() {
		case envelope.Text:
			m.set(f.Name(), fmt.Sprintf("%s %d", f.Name(), n))
		case envelope.Timestamp:
			m.set(f.Name(), stamp(int(f)*3_600_000+n))
		case envelope.Integer:
			m.set(f.Name(), int(f)-64) // some negative
		case envelope.Boolean:
			m.set(f.Name(), f%2 == 0)
		case envelope.Decimal:
			m.set(f.Name(), json.Number(fmt.Sprintf("-%d.%02d", n, f)))
		case envelope.Object:
			m.set(f.Name(), selfDescribing("iglu:com.example/a/jsonschema/1-0-0", map[string]any{"n": n}))
		case envelope.Array:
			m.set(f.Name(), []any{selfDescribing("iglu:com.example/b/jsonschema/1-0-0", []any{1, "two", nil, true, 0.5})})
		}
	}
	return m.event()
}

// failed returns a failed event of which nothing could be read but its body.
func failed(seed uint64, n int) sinks.Event {
	m := base(seed, n)
	delete(m, "event_fingerprint")
	m.set("weir", map[string]any{
		"version": 1, "protocol": "snowplow", "verdict": "failed", "batch": id(seed, -1), "index": n,
		"violations": []any{map[string]any{"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
			"path": "/data/0/e", "keyword": "type", "message": "the value is not a string"}},
		"payload": `{"schema":"iglu:…","data":[{"e":1}]}`,
	})
	return m.event()
}

// With returns an event whose members are replaced: pairs of a name and a value
// that encoding/json can write, nil to leave the member out. The pairs may break
// the format, to make an event that a sink has to refuse.
func With(e sinks.Event, pairs ...any) sinks.Event {
	m, err := decode(e.Envelope)
	if err != nil {
		panic(fmt.Sprintf("sinktest: %v", err))
	}
	m.set(pairs...)
	e.Envelope = m.line()
	return e
}

type members map[string]any

func base(seed uint64, n int) members {
	return members{
		"collector_tstamp": stamp(n), "event_id": id(seed, n),
		"event_fingerprint": hex.EncodeToString(digest(seed, n)[16:]),
		"weir": map[string]any{
			"version": 1, "protocol": "snowplow", "verdict": "good", "batch": id(seed, -1), "index": n, "bundle": "9f86d081884c7d65",
			"receipts": []any{map[string]any{"rule": "default.ip", "field": "user_ipaddress", "action": "truncate"}},
			"edge":     map[string]any{"country": "DE"},
		},
	}
}

func (m members) set(pairs ...any) {
	for ; len(pairs) > 0; pairs = pairs[2:] {
		if pairs[1] == nil {
			delete(m, pairs[0].(string))
		} else {
			m[pairs[0].(string)] = pairs[1]
		}
	}
}

// line writes the members in canonical order, "weir" last.
func (m members) line() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	separator := byte('{')
	write := func(name string) {
		v, ok := m[name]
		if !ok {
			return
		}
		fmt.Fprintf(&b, "%c%q:", separator, name)
		separator = ','
		if raw, ok := v.(json.RawMessage); ok {
			b.Write(raw) // as it stands, escapes included
			return
		}
		if err := enc.Encode(v); err != nil {
			panic(fmt.Sprintf("sinktest: %v", err))
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
	}
	for f := range envelope.Field(envelope.NumFields) {
		write(f.Name())
	}
	write("weir")
	b.WriteByte('}')
	return b.Bytes()
}

func (m members) event() sinks.Event {
	e, err := sinks.ParseEvent(m.line())
	if err != nil {
		panic(fmt.Sprintf("sinktest: %v", err))
	}
	return e
}

func selfDescribing(schema string, data any) map[string]any {
	return map[string]any{"schema": schema, "data": data}
}

func stamp(millis int) string {
	return string(envelope.AppendTime(nil, epoch.UnixMilli()+int64(millis)))
}

func digest(seed uint64, n int) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], seed)
	binary.BigEndian.PutUint64(b[8:], uint64(n))
	sum := sha256.Sum256(b[:])
	return sum[:]
}

func id(seed uint64, n int) string {
	return string(envelope.AppendUUIDv4(nil, [16]byte(digest(seed, n))))
}
