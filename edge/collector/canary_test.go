package collector_test

import (
	"encoding/base64"
	"maps"
	"net/url"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
)

// canary stands in every field that something must happen to. Nothing of it may
// get out, whatever the wire format, and whether the event is good or not.
const canary = "canary.Hidden-Name"

// policy has each action on some column; the annotations of the shop have the
// others. Columns keep nothing of a canary but the stars of its letters.
const policy = `{"documents":[{"path":"/acme/events","schema":"self.schema","data":"payload.data","contexts":"meta"}],"redirects":{"hosts":["shop.example"]},"privacy":{%s"rules":[
	{"name":"hash","fields":["user_id","domain_userid","name_tracker"],"do":{"action":"hash"}},
	{"name":"mask","fields":["page_title"],"do":{"action":"mask"}},
	{"name":"drop","fields":["se_label","se_category","se_action","se_property","br_lang","v_tracker"],"do":{"action":"drop"}},
	{"name":"replace","fields":["doc_charset"],"do":{"action":"replace","with":"removed"}},
	{"name":"truncate","fields":["os_timezone"],"do":{"action":"truncate","length":3}},
	{"name":"family","fields":["useragent"],"do":{"action":"generalise","to":"family"}},
	{"name":"origin","fields":["page_referrer"],"do":{"action":"generalise","to":"origin"}},
	{"name":"scrub","fields":["page_url"],"do":{"action":"scrub","parameters":["email"]}},
	{"name":"data","schemas":["iglu:com.example/product_view/*"],"fields":["sku","name"],"do":{"action":"mask"}},
	{"name":"traits","schemas":["iglu:com.segment/*"],"fields":["traits","properties.note","previousId","name","category"],"do":{"action":"drop"}},
	{"name":"ga4","schemas":["iglu:com.google.analytics/*"],"fields":["params.note","user_properties","up.name"],"do":{"action":"drop"}},
	{"name":"plausible","schemas":["iglu:io.plausible/*"],"fields":["name","props.note"],"do":{"action":"drop"}},
	{"name":"matomo","schemas":["iglu:org.matomo/*"],"fields":["search","c_n","link","ec_id","ec_items.*.*","dimension1"],"do":{"action":"drop"}},
	{"name":"otlp","schemas":["iglu:io.opentelemetry/*"],"fields":["body","attributes.note","severityText"],"do":{"action":"drop"}},
	{"name":"links","schemas":["iglu:com.snowplowanalytics.snowplow/uri_redirect/*"],"fields":["uri"],"do":{"action":"scrub","parameters":["q"]}},
	{"name":"sessions","fields":["domain_sessionid"],"do":{"action":"hash"}},
	{"name":"subject","schemas":["iglu:io.cloudevents/*"],"fields":["subject","canary","data","data_base64"],"do":{"action":"drop"}}
]}}`

// canaryRequests are requests of every wire format with a canary wherever it has
// room for one.
func canaryRequests(canary string) map[string]protocol.Request {
	var (
		mail     = canary + "@mail.example"
		person   = `{"user_id":"` + canary + `","email":"` + mail + `","name":"` + canary + `"}`
		checkout = `{"order_id":"O-2","total":20.7,"currency":"EUR","items":[],"email":"` + mail + `","phone":"` + canary +
			`","delivery":{"country":"CH","postcode":"80` + canary + `","street":"` + canary + `"},"note":"write to ` + mail + ` soon"}`
		user    = "iglu:com.example/user/jsonschema/1-0-0"
		order   = "iglu:com.example/checkout/jsonschema/1-0-1"
		view    = "iglu:com.example/product_view/jsonschema/1-0-0"
		product = `{"sku":"` + canary + `"}`
	)
	event := `{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"` + order + `","data":` + checkout + `}}`
	contexts := `{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{"schema":"` + user + `","data":` + person + `},{"schema":"` + view + `","data":` + product + `}]}`
	parameters := url.Values{
		"e": {"ue"}, "p": {"web"}, "aid": {"shop"}, "eid": {"c6ef3124-b53a-4b13-a233-0088f79dcbcb"}, "tv": {canary}, "tna": {canary},
		"uid": {canary}, "duid": {canary}, "page": {canary}, "se_la": {canary}, "se_ca": {canary}, "se_ac": {canary}, "se_pr": {canary}, "lang": {canary},
		"cs": {canary}, "tz": {canary}, "ua": {"Product/1 " + canary}, "refr": {"https://mail.example/" + canary}, "url": {"https://shop.example/?email=" + mail},
		"res": {canary}, canary: {canary},
	}
	plain := func(v url.Values) string {
		var b strings.Builder
		for name, value := range v {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + name + `":"` + strings.ReplaceAll(value[0], `"`, `\"`) + `"`)
		}
		return `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{` + b.String() + `}]}`
	}
	with := func(name, value, other, second string) url.Values {
		v := url.Values{name: {value}, other: {second}}
		for name, value := range parameters {
			v[name] = value
		}
		return v
	}
	encode := base64.URLEncoding.EncodeToString
	json := []protocol.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "User-Agent", Value: "Agent/2 " + canary}}
	cloud := func(schema, data string) string {
		return `{"specversion":"1.0","id":"1","source":"/s","type":"t","subject":"` + canary + `","canary":"` + canary + `","dataschema":"` + schema + `","data":` + data + `}`
	}
	post := func(path string, headers []protocol.Header, body string) protocol.Request {
		path, query, _ := strings.Cut(path, "?")
		return protocol.Request{Method: "POST", Path: path, Query: query, Headers: headers, Body: []byte(body)}
	}
	structured := []protocol.Header{{Name: "Content-Type", Value: "application/cloudevents+json"}}
	binary := append([]protocol.Header{
		{Name: "ce-id", Value: "1"}, {Name: "ce-source", Value: "/s"}, {Name: "ce-type", Value: "t"}, {Name: "ce-specversion", Value: "1.0"},
		{Name: "ce-subject", Value: canary}, {Name: "ce-dataschema", Value: order},
	}, json...)
	message := func(kind, data string) string {
		return `{"type":"` + kind + `","userId":"` + canary + `","anonymousId":"` + canary + `","writeKey":"` + canary + `",` + data + `,"context":{"userAgent":"Product/1 ` + canary +
			`","locale":"` + canary + `","timezone":"` + canary + `","page":{"title":"` + canary + `","url":"https://shop.example/?email=` + mail + `","search":"?email=` + mail +
			`","referrer":"https://mail.example/` + canary + `"},"traits":{"name":"` + canary + `"},"device":{"id":"` + canary + `","name":"` + canary + `"},"location":{"city":"` + canary + `"}}}`
	}
	messages := message("track", `"event":"`+order+`","properties":`+checkout) + "," + message("identify", `"traits":{"email":"`+mail+`"}`) + "," +
		message("page", `"name":"`+canary+`","category":"`+canary+`","properties":{"title":"`+canary+`","url":"https://shop.example/?email=`+mail+`","note":"`+canary+`"}`) + "," +
		message("alias", `"previousId":"`+canary+`"`)
	visit := url.Values{"idsite": {"1"}, "action_name": {canary}, "url": {"https://shop.example/?email=" + mail}, "urlref": {"https://mail.example/" + canary}, "_id": {canary}, "uid": {canary}, "lang": {canary}, "cs": {canary},
		"ua": {"Product/1 " + canary}, "res": {canary}, "e_a": {canary}, "e_n": {canary}, "e_v": {canary}, "token_auth": {canary}, "city": {canary}, "dimension1": {canary}}
	record := func(name, body, attributes string) string {
		return `{"timeUnixNano":"1795215804123000000","severityText":"` + canary + `","eventName":"` + name + `","body":` + body + `,"attributes":[{"key":"user.id","value":{"stringValue":"` + canary +
			`"}},{"key":"url.full","value":{"stringValue":"https://shop.example/?email=` + mail + `"}},{"key":"user_agent.original","value":{"stringValue":"Product/1 ` + canary + `"}}` + attributes + `]}`
	}
	hidden := `{"stringValue":"` + canary + `"}`
	records := record("login", hidden, `,{"key":"session.id","value":`+hidden+`},{"key":"browser.language","value":`+hidden+`},{"key":"note","value":{"arrayValue":{"values":[`+hidden+`]}}},{"key":"user.email","value":`+hidden+
		`},{"key":"user.full_name","value":`+hidden+`},{"key":"network.peer.address","value":`+hidden+`}`) + "," +
		record(user, `{"kvlistValue":{"values":[{"key":"user_id","value":`+hidden+`},{"key":"email","value":{"stringValue":"`+mail+`"}},{"key":"name","value":`+hidden+`}]}}`, `,{"key":"note","value":`+hidden+`}`) + `,{"attributes":"` + canary + `"}`
	requests := map[string]protocol.Request{
		"snowplow":            post("/com.snowplowanalytics.snowplow/tp2", json, plain(with("ue_pr", event, "co", contexts))),
		"snowplow base64":     post("/com.snowplowanalytics.snowplow/tp2", json, plain(with("ue_px", encode([]byte(event)), "cx", encode([]byte(contexts))))),
		"snowplow get":        {Method: "GET", Path: "/i", Query: with("ue_pr", event, "co", contexts).Encode()},
		"selfdescribing":      post("/com.snowplowanalytics.iglu/v1", json, `{"schema":"`+order+`","data":`+checkout+`,"contexts":[{"schema":"`+user+`","data":`+person+`}]}`),
		"cloudevents":         post("/cloudevents", structured, cloud(order, checkout)),
		"cloudevents unknown": post("/cloudevents", structured, cloud("https://schemas.example/x", checkout)),
		"cloudevents binary":  post("/cloudevents", binary, checkout),
		"webhook":             post("/webhook/com.example/checkout/jsonschema/1-0-1", json, "["+checkout+",{\"email\":[\""+mail+"\"]}]"),
		"segment":             post("/v1/batch", json, `{"batch":[`+messages+`],"context":{"ip":"192.0.2.1","traits":{"x":"`+canary+`"}},"writeKey":"`+canary+`"}`),
		"ga4": post("/mp/collect?measurement_id=G-1&api_secret="+canary, json, `{"client_id":"`+canary+`","user_id":"`+canary+`","user_agent":"Product/1 `+canary+`","user_properties":{"name":{"value":"`+canary+
			`"}},"user_data":{"sha256_email_address":["`+canary+`"]},"user_location":{"city":"`+canary+`"},"device":{"language":"`+canary+`"},"events":[{"name":"login","params":{"page_location":"https://shop.example/?email=`+mail+
			`","page_title":"`+canary+`","note":"`+canary+`"}}]}`),
		"ga4 empty": post("/mp/collect?measurement_id=G-1&api_secret="+canary, json, "   "),
		"ga4 gtag": {Method: "GET", Path: "/g/collect", Query: url.Values{"tid": {"G-1"}, "cid": {canary}, "uid": {canary}, "en": {"login"}, "dl": {"https://shop.example/?email=" + mail}, "dt": {canary}, "ul": {canary},
			"dr": {"https://mail.example/" + canary}, "sr": {canary}, "ep.note": {canary}, "up.name": {canary}}.Encode()},
		"plausible": post("/api/event", json, `[{"n":"pageview","u":"https://shop.example/?email=`+mail+`","d":"shop","r":"https://mail.example/`+canary+`","p":"{\"note\":\"`+canary+`\"}"},{"name":"`+canary+
			`","url":"https://shop.example/?email=`+mail+`","domain":"shop","props":{"note":"`+canary+`"}},{"name":"`+order+`","url":"https://shop.example/","domain":"shop","props":`+checkout+`},{"n":"a","p":"{`+canary+`"}]`),
		"matomo": {Method: "GET", Path: "/matomo.php", Query: visit.Encode()},
		"matomo bulk": post("/piwik.php", json, `{"requests":["?`+visit.Encode()+`","?`+visit.Encode()+`&search=`+canary+`","?`+visit.Encode()+`&c_n=`+canary+`","?`+visit.Encode()+`&link=`+canary+`","?`+visit.Encode()+
			`&idgoal=0&ec_id=`+canary+`&ec_items=%5B%5B%22`+canary+`%22%5D%5D","`+canary+`=%FF",{"idsite":1,"uid":"`+canary+`"}],"token_auth":"`+canary+`"}`),
		"matomo cart": {Method: "GET", Path: "/matomo.php", Query: "idsite=1&idgoal=0&ec_items=%5B%22" + canary},
		"otlp":        post("/v1/logs", json, `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"process.owner","value":`+hidden+`}]},"scopeLogs":[{"logRecords":[`+records+`]}]}]}`),
		"ndjson": post("/bulk", json, `{"schema":"`+order+`","data":`+checkout+`,"contexts":[{"schema":"`+user+`","data":`+person+`},{"schema":"`+view+`","data":`+product+`}],"user_id":"`+canary+`","page_title":"`+canary+
			`","name_tracker":"`+canary+`","v_tracker":"`+canary+`","doc_charset":"`+canary+`","os_timezone":"`+canary+`","useragent":"Product/1 `+canary+`","page_referrer":"https://mail.example/`+canary+`","page_url":"https://shop.example/?email=`+mail+
			`","page_urlquery":"email=`+mail+`","page_urlpath":"/`+canary+`","refr_urlpath":"/`+canary+`","se_label":"`+canary+`","br_lang":"`+canary+`","geo_city":"`+canary+`","geo_zipcode":"`+canary+`"}`+"\n"+
			`{"event":"unstruct","unstruct_event":{"schema":"`+order+`","data":`+checkout+`},"domain_userid":"`+canary+`","`+canary+`":1,"res":"`+canary+`","weir":{"rejected":{"res":"`+canary+`"},"payload":"`+canary+`"}}`+"\n"),
		"ndjson column": post("/bulk", json, `{"event":"page_view","dvce_screenwidth":"`+canary+`","contexts":["`+canary+`"]}`+"\n"),
		"documents":     post("/acme/events", json, `{"self":{"schema":"`+order+`"},"beside":"`+canary+`","payload":{"data":`+checkout+`},"meta":[{"schema":"`+user+`","data":`+person+`}]}`),
		"redirect":      {Method: "GET", Path: "/r/tp2", Query: with("ue_pr", event, "u", "https://shop.example/?q="+canary).Encode()},
		"pixel":         {Method: "GET", Path: "/pixel/com.example/user/jsonschema/1-0-0", Query: url.Values{"user_id": {canary}, "email": {mail}, "name": {canary}}.Encode()},
		"pixel base64":  {Method: "GET", Path: "/pixel/com.example/checkout/jsonschema/1-0-1", Query: "hbp=" + encode([]byte(checkout))},
	}
	for name, r := range maps.Clone(requests) {
		// Cut off, a request cannot be read, and what it held has no name.
		if r.Method == "POST" {
			r.Body = r.Body[:len(r.Body)-2]
			requests[name+", cut off"] = r
		}
	}
	return requests
}

func TestCanaries(t *testing.T) {
	requests := canaryRequests(canary)
	const mail = canary + "@mail.example"
	encode := base64.URLEncoding.EncodeToString
	bundle := collectortest.Bundle(t)
	for _, key := range []string{`"key":{"id":"k1","secret":"dGhlIGtleSBvZiB0aGUgZ29sZGVuIHN1aXRl"},`, ""} {
		c, err := collector.New([]byte(strings.Replace(policy, "%s", key, 1)), bundle, all.Adapters()...)
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range requests {
			out := c.Collect(&collector.Input{Request: r, NowMillis: 1_795_215_804_123})
			batch := string(out.Batch)
			if !strings.Contains(batch, `"receipts":[`) || !strings.Contains(batch, `"weir"`) {
				t.Errorf("%s: nothing was collected: %s", name, batch)
			}
			for _, hidden := range []string{canary, "Hidden", "anary.", encode([]byte(canary))[:16], url.QueryEscape(mail)} {
				if i := strings.Index(batch, hidden); i >= 0 {
					t.Errorf("%s: %q got out: …%s…", name, hidden, batch[max(0, i-120):min(len(batch), i+60)])
					break
				}
			}
		}
	}
}

// What is kept of events that take too much room, and of what cannot be read,
// is what was sent: nothing of it is kept where something would have been taken out.
func TestCanariesInWhatIsKept(t *testing.T) {
	const checkout = `{"order_id":"O-2","email":"` + canary + `@mail.example","phone":"` + canary + `"}`
	order := protocol.Request{Method: "POST", Path: "/webhook/com.example/checkout/jsonschema/1-0-1", Body: []byte("[" + strings.Repeat(checkout+",", 99) + checkout + "]")}
	broken := protocol.Request{Method: "POST", Path: "/com.snowplowanalytics.snowplow/tp2", Body: []byte(`{"uid":"` + canary), Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}}}
	for name, c := range map[string]struct {
		settings string
		request  protocol.Request
		keyword  string
	}{
		"an annotated schema":  {`{"limits":{"batch":16384}}`, order, "size_violation"},
		"a policy for one app": {`{"privacy":{"rules":[{"name":"r","apps":["shop"],"fields":["user_id"],"do":{"action":"drop"}}]}}`, broken, "syntax"},
		"too large a body":     {`{"limits":{"body":8},"privacy":{"rules":[{"name":"r","fields":["user_id"],"do":{"action":"drop"}}]}}`, broken, "size_violation"},
	} {
		collect, err := collector.New([]byte(c.settings), collectortest.Bundle(t), all.Adapters()...)
		if err != nil {
			t.Fatal(err)
		}
		batch := string(collect.Collect(&collector.Input{Request: c.request, NowMillis: 1_795_215_804_123}).Batch)
		if !strings.Contains(batch, `"keyword":"`+c.keyword+`"`) {
			t.Errorf("%s: no %s in %s", name, c.keyword, batch)
		}
		if i := strings.Index(batch, "anary."); i >= 0 {
			t.Errorf("%s: got out: …%s…", name, batch[max(0, i-120):min(len(batch), i+60)])
		}
	}
}
