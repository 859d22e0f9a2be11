package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
)

// sdkSettings name the app that a write key of Segment's stands for.
const sdkSettings = `{"apps": {"wk-segment": "segment"}}`

// TestSDKs points the SDKs of other formats at weir, as their users would, and
// reads what is stored.
func TestSDKs(t *testing.T) {
	s := startSDKSystem(t, sdkSettings)
	for _, sdk := range []struct {
		name string
		test func(*testing.T, *sdkSystem)
	}{
		{"CloudEvents", cloudEventsSDK},
		{"Segment", segmentSDK},
		{"Matomo", matomoSDK},
		{"OpenTelemetry", openTelemetrySDK},
		{"Plausible", plausibleSDK},
	} {
		t.Run(sdk.name, func(t *testing.T) {
			s.forget()
			sdk.test(t, s)
			need.Ran(t, sdk.name+" SDK", "wazero")
		})
	}
	s.host.stop(t)
}

func cloudEventsSDK(t *testing.T, s *sdkSystem) {
	const attributes = "iglu:io.cloudevents/attributes/jsonschema/1-0-0"
	startSDK(t, "cloudevents", []string{"cloudevents"}, s.url).ends(t, 7)
	s.answered(t, map[string]int{"POST /cloudevents 202": 6})
	rows := s.await(t, "cloudevents", "cloudevents", 6) // one was sent twice
	expectVerdicts(t, rows, "add_to_cart", "/quantity", "minimum")
	byID := map[string]row{}
	for _, r := range rows {
		a := r.entity(t, attributes)
		byID[fmt.Sprint(a["id"])] = r
		if a["source"] != "https://shop.example/web" || a["type"] != "com.example.viewed" || a["subject"] != "TEA-100" || a["specversion"] != "1.0" || a["traceparent"] != "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01" {
			t.Errorf("the attributes are %v", a)
		}
		r.expect(t, "true_tstamp", "2026-11-20T23:03:00.500Z", "user_ipaddress", "203.0.113.0", "network_userid", nil)
	}
	for _, id := range []string{"binary-1", "structured-1", "batch-1"} {
		byID[id].expect(t, "event_vendor", "com.example", "event_name", "product_view", "event_version", "1-0-0")
		same(t, id, byID[id].data(t), `{"sku":"TEA-100","name":"Sencha 茶"}`)
	}
	same(t, "text", byID["binary-2"].data(t), `{"data":"drei Kännchen"}`)
	same(t, "binary data", byID["structured-2"].data(t), `{"data_base64":"/wEC"}`)
	for _, id := range []string{"binary-2", "structured-2"} {
		byID[id].expect(t, "event_vendor", "io.cloudevents", "event_name", "data")
	}
}

const segmentMessage = "iglu:com.segment/message/jsonschema/1-0-0"

func segmentSDK(t *testing.T, s *sdkSystem) {
	const tracks = 40
	startSDK(t, "segment", []string{"@segment/analytics-node"}, s.url, "wk-segment", fmt.Sprint(tracks)).ends(t, 7+tracks)
	s.answered(t, map[string]int{"POST /v1/batch 200": 1 + 3}) // of fifteen messages at most
	rows := s.await(t, "segment", "segment", 7+tracks)
	expectVerdicts(t, rows, "add_to_cart", "/quantity", "minimum")
	byName := map[string]row{}
	seen := map[any]bool{}
	for _, r := range rows {
		if r["event_name"] != "track" {
			byName[fmt.Sprint(r["event_name"])] = r
		} else {
			d := r.data(t)
			if d["event"] != "Order Completed" {
				t.Errorf("a track is %v", d)
			}
			seen[d["properties"].(map[string]any)["n"]] = true
			r.expect(t, "page_url", "https://shop.example/tea?utm_source=mail", "page_title", "Tee & Kännchen", "page_referrer", "https://search.example/?q=tea",
				"br_lang", "de-CH", "user_ipaddress", "198.51.100.0")
			same(t, "the context", r.entity(t, "iglu:com.segment/context/jsonschema/1-0-0")["app"], `{"version":"1.2.0"}`)
		}
		r.expect(t, "v_tracker", "@segment/analytics-node-3.1.0", "platform", "srv", "network_userid", nil)
		if r["dvce_created_tstamp"] == nil || r["dvce_sent_tstamp"] == nil {
			t.Errorf("%v: created %v, sent %v", r["event_name"], r["dvce_created_tstamp"], r["dvce_sent_tstamp"])
		}
		if id, _ := r.entity(t, segmentMessage)["messageId"].(string); id == "" {
			t.Errorf("%v has no messageId", r["event_name"])
		}
	}
	if len(seen) != tracks || len(byName) != 7 {
		t.Fatalf("%d tracks of %d are there, and %d kinds of 7 besides", len(seen), tracks, len(byName))
	}
	byName["identify"].expect(t, "user_id", "ada", "domain_userid", "a-1", "user_ipaddress", "203.0.113.0")
	byName["screen"].expect(t, "user_id", nil, "domain_userid", "a-1")
	byName["page"].expect(t, "event_vendor", "com.segment", "user_id", "ada", "page_urlhost", "shop.example", "page_urlpath", "/tea", "page_title", "Tee & Kännchen")
	same(t, "identify", byName["identify"].data(t), `{"traits":{"plan":"pro","seats":3}}`)
	same(t, "page", byName["page"].data(t), `{"name":"Tea","category":"Shop","properties":{"category":"Shop"}}`)
	same(t, "screen", byName["screen"].data(t), `{"name":"Cart","properties":{"items":2}}`)
	same(t, "group", byName["group"].data(t), `{"groupId":"g-1","traits":{"name":"Leaf & Kettle"}}`)
	same(t, "alias", byName["alias"].data(t), `{"previousId":"a-1"}`)
	same(t, "product_view", byName["product_view"].data(t), `{"sku":"TEA-100","name":"Sencha 茶"}`)
}

func matomoSDK(t *testing.T, s *sdkSystem) {
	answers := startSDK(t, "matomo", []string{"matomo-tracker"}, s.url).ends(t, 4)
	same(t, "the answer to a bulk", answers.Bulk, `{"status":"success","tracked":3,"invalid":0}`)
	s.answered(t, map[string]int{"GET /matomo.php 200": 3, "POST /matomo.php 200": 1})
	rows := s.await(t, "matomo", "matomo", 6)
	byURL := map[string][]row{}
	for _, r := range rows {
		url := fmt.Sprint(r["page_url"])
		byURL[url] = append(byURL[url], r)
		r.expect(t, "platform", "web", "user_ipaddress", "203.0.113.0", "network_userid", nil)
		if url == "https://shop.example/plain" {
			r.expect(t, "event_name", "page_view", "user_id", nil)
			continue
		}
		r.expect(t, "user_id", "ada", "domain_userid", "0123456789abcdef", "useragent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0")
		if f := r.facts(t); f.Verdict != "good" && r["se_action"] != nil {
			t.Errorf("%v: weir says %+v", r["event_name"], f)
		}
	}
	one := func(url string) row {
		if len(byURL[url]) != 1 {
			t.Fatalf("%d rows are of %s", len(byURL[url]), url)
		}
		return byURL[url][0]
	}
	view := one("https://shop.example/tea?utm_source=mail")
	view.expect(t, "event_name", "page_view", "page_title", "Tee & Kännchen", "page_referrer", "https://search.example/?q=tea",
		"page_urlquery", "utm_source=mail", "dvce_screenwidth", 1280.0, "dvce_screenheight", 720.0)
	same(t, "the rest of a page view", view.entity(t, "iglu:org.matomo/hit/jsonschema/1-0-0"), `{"dimension1":"pro"}`)
	one("https://shop.example/search").expect(t, "event_vendor", "org.matomo", "event_name", "search")
	same(t, "a search", one("https://shop.example/search").data(t), `{"search":"Grüner Tee","search_count":3}`)
	same(t, "an order", one("https://shop.example/done").data(t), `{"ec_id":"O-1","revenue":39.95,"ec_items":[["TEA-100","Sencha 茶","tea",7.9,5]]}`)
	events := byURL["https://shop.example/tea"]
	if len(events) != 2 {
		t.Fatalf("%d rows are structured events", len(events))
	}
	for _, r := range events {
		r.expect(t, "event_name", "event", "se_category", "newsletter")
		if f := r.facts(t); r["se_action"] != nil {
			r.expect(t, "se_action", "subscribe", "se_label", "footer", "se_value", 9.95)
		} else if f.Verdict != "failed" || len(f.Violations) != 1 || f.Violations[0].Path != "/se_action" || f.Violations[0].Keyword != "required" {
			t.Errorf("of an event without e_a weir says %+v", f)
		}
	}
}

var openTelemetry = []string{"@opentelemetry/sdk-logs", "@opentelemetry/exporter-logs-otlp-http", "@opentelemetry/resources"}

func openTelemetrySDK(t *testing.T, s *sdkSystem) {
	const records = 1200
	startSDK(t, "opentelemetry", openTelemetry, s.url, "opentelemetry", fmt.Sprint(records)).ends(t, 3+records)
	s.answered(t, map[string]int{"POST /v1/logs 200": 3}) // of 512 records at most
	rows := s.await(t, "otlp", "opentelemetry", 3+records)
	expectVerdicts(t, rows, "add_to_cart", "/quantity", "minimum")
	bodies := map[any]bool{}
	for _, r := range rows {
		if e := r.entity(t, "iglu:io.opentelemetry/scope/jsonschema/1-0-0"); e["name"] != "checkout" || e["version"] != "1.2.0" {
			t.Fatalf("the scope is %v", e)
		}
		same(t, "the resource", r.entity(t, "iglu:io.opentelemetry/resource/jsonschema/1-0-0")["attributes"], `{"service.name":"opentelemetry"}`)
		if r["event_name"] != "log" {
			continue
		}
		d := r.data(t)
		bodies[d["body"]] = true
		if d["body"] != "drei Kännchen Sencha 茶" {
			continue
		}
		r.expect(t, "event_vendor", "io.opentelemetry", "true_tstamp", "2026-11-20T23:03:20.123Z", "user_id", "ada", "user_ipaddress", "198.51.100.0")
		attributes, _ := d["attributes"].(map[string]any)
		delete(attributes, "log.record.uid")
		same(t, "a log", d, `{"severityNumber":9,"severityText":"INFO","body":"drei Kännchen Sencha 茶","attributes":{"http.route":"/orders","items":["a","b"],"ratio":0.5,"count":7}}`)
	}
	if len(bodies) != 1+records {
		t.Errorf("%d different logs are stored, want %d", len(bodies), 1+records)
	}
	view := named(rows, "product_view")
	view.expect(t, "event_vendor", "com.example", "event_version", "1-0-0")
	same(t, "product_view", view.data(t), `{"sku":"TEA-100","name":"Sencha 茶"}`)
}

// TestSDKVersions wants the table in edge/README.md to name the versions that
// the tests are run with.
func TestSDKVersions(t *testing.T) {
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	read := func(path ...string) string {
		b, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var pinned struct{ DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read("edge", "package.json")), &pinned); err != nil {
		t.Fatal(err)
	}
	_, golang, _ := strings.Cut(read("go.mod"), "github.com/snowplow/snowplow-golang-tracker/v3 v")
	golang, _, _ = strings.Cut(golang, "\n")
	table := read("edge", "README.md")
	for name, version := range map[string]string{
		"Snowplow, browser (Chromium)":                         pinned.DevDependencies["@snowplow/browser-tracker"],
		"Snowplow, Node":                                       pinned.DevDependencies["@snowplow/node-tracker"],
		"Snowplow, Go":                                         golang,
		"CloudEvents, JavaScript":                              pinned.DevDependencies["cloudevents"],
		"Segment, Node (`@segment/analytics-node`)":            pinned.DevDependencies["@segment/analytics-node"],
		"Plausible (`@plausible-analytics/tracker`, Chromium)": pinned.DevDependencies["@plausible-analytics/tracker"],
		"Matomo, Node (`matomo-tracker`)":                      pinned.DevDependencies["matomo-tracker"],
		"OpenTelemetry logs (`exporter-logs-otlp-http`)":       pinned.DevDependencies["@opentelemetry/exporter-logs-otlp-http"],
	} {
		if want := "| " + name + " | " + version + " |"; !strings.Contains(table, want) {
			t.Errorf("edge/README.md has no row that begins with %q", want)
		}
	}
}
